"""What the tests of the lab read of `iscsiadm -m session`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

PATH = Path(__file__).parents[3] / "molecule/iscsi/tests/conftest.py"
TARGET = "iqn.2004-08.com.example:ctr1"


@pytest.fixture
def initiator():
    """Gives what Initiator tells of a listing. up: sids of the sessions that are logged in."""
    spec = importlib.util.spec_from_file_location("molecule_iscsi_conftest", PATH)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)

    def sessions(listing, up=()):
        def run(command):
            states = "".join(f"/sys/class/iscsi_session/session{sid}/state\n" for sid in up)
            return SimpleNamespace(stdout=listing if command == "iscsiadm -m session" else states)

        return loaded.Initiator(SimpleNamespace(run=run, check_output=lambda command: "/etc/iscsi/nodes")).sessions()

    return sessions


@pytest.mark.parametrize(
    "line, portal",
    [
        (f"tcp: [1] 10.0.0.1:3260,1 {TARGET} (non-flash)", "10.0.0.1:3260"),
        (f"tcp: [1] [fd10::1]:3260,-1 {TARGET}", "[fd10::1]:3260"),
        (f"iser: [1] 10.0.0.1:3260,1 {TARGET} (non-flash)", "10.0.0.1:3260"),
    ],
)
def test_a_session_of_every_transport(initiator, line, portal):
    assert initiator(f"{line}\n", up=[1]) == [(TARGET, portal)]


def test_a_session_that_is_down_is_left_out(initiator):
    listing = f"tcp: [1] 10.0.0.1:3260,1 {TARGET}\ntcp: [11] 10.0.0.2:3260,1 {TARGET}\n"
    assert initiator(listing, up=[11]) == [(TARGET, "10.0.0.2:3260")]


@pytest.mark.parametrize("line", [f"tcp: [1] 10.0.0.1:3260,1 {TARGET} (flash)", f"tcp: [x] 10.0.0.1:3260,1 {TARGET}", "iscsiadm: No active sessions."])
def test_a_line_that_is_no_session_is_not_passed_over(initiator, line):
    with pytest.raises(AssertionError):
        initiator(f"{line}\n", up=[1])
