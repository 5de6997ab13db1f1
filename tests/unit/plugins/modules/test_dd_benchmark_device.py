# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dd_benchmark on a map of a host in a directory, whose data the real dd reads and writes."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark import target_tool
from ansible_collections.linuxsan.host.plugins.modules import dd_benchmark

BYTES = 4 << 16
DATA = b"precious"


@pytest.fixture
def measure(device, run_main, monkeypatch):
    """Runs the module."""
    monkeypatch.setattr(dd_benchmark, "run", device.run)
    monkeypatch.setattr(dd_benchmark, "Process", device.start)

    def run(check=False, **params):
        small = {"bs": "64k", "count": "4", "runs": 2, "direct": False, "sample_interval": 0}
        return run_main(dd_benchmark, dd_benchmark.work, {"device": device.path, **small, **params}, check)

    return run


@pytest.fixture
def refused(measure, device):
    """Runs a write that is refused with and without check mode, while nothing is written. Returns what is said."""

    def run(**params):
        before = device.file.read_bytes()
        messages = set()
        for check in (True, False):
            failed = measure(check, mode="write", **params)
            assert failed["failed"] and (device.started, device.file.read_bytes()) == ([], before)
            messages.add(failed["msg"])
        (message,) = messages
        return message

    return run


def test_a_read_changes_nothing_and_may_be_of_a_mounted_device(measure, device):
    device.mount()
    device.write(DATA, 0)
    predicted, told = measure(check=True), measure()
    for result in (predicted, told):
        assert (result["changed"], result["actions"]) == (False, [])
    assert (predicted["runs"], [run["bytes"] for run in told["runs"]]) == ([], [BYTES] * 2)
    assert [path["name"] for path in told["paths"]] == ["sdb", "sdc"]
    assert device.file.read_bytes()[: len(DATA)] == DATA


def test_a_write_to_a_blank_device(measure, device):
    predicted = measure(check=True, mode="write")
    assert (predicted["changed"], predicted["runs"], device.started) == (True, [], [])
    told = measure(mode="write")
    assert (told["changed"], told["actions"], told["diff"]) == (True, predicted["actions"], predicted["diff"])
    assert told["actions"] == [f"overwrite {device.file}"] and [run["bytes"] for run in told["runs"]] == [BYTES] * 2
    assert device.file.stat().st_size == device.SIZE


def test_a_device_with_data_is_overwritten_only_where_that_is_allowed(measure, refused, device):
    device.write(DATA, 0)
    assert "its first 2 MiB hold data. If what is on it may be lost, run again with allow_overwrite=true" in refused()
    assert measure(check=True, mode="write", allow_overwrite=True)["changed"]
    assert device.file.read_bytes()[: len(DATA)] == DATA
    assert measure(mode="write", allow_overwrite=True)["changed"]
    assert device.file.read_bytes()[: len(DATA)] == bytes(len(DATA))


@pytest.mark.parametrize("allow_overwrite", [True, False])
def test_a_device_in_use_is_never_written_to(refused, use, allow_overwrite):
    message = refused(allow_overwrite=allow_overwrite)
    assert use[1] in message and "A device in use is never overwritten" in message


def test_a_device_that_the_kernel_does_not_write_to(refused, device):
    (device.sysfs / "ro").write_text("1")
    assert "the kernel has it read-only" in refused(allow_overwrite=True)


@pytest.mark.parametrize("mode", ["read", "write"])
@pytest.mark.parametrize("check", [True, False])
def test_a_run_past_the_end_of_a_device(measure, device, mode, check):
    assert f"and it has {device.SIZE}. Choose a smaller bs or count" in measure(check, mode=mode, count="257")["msg"]
    assert device.started == []


def test_a_device_that_is_replaced_meanwhile_is_not_written_to(measure, device):
    """After it was judged, before dd."""
    device.before = lambda argv: device.replace() if argv[0] == "wipefs" else None
    failed = measure(mode="write")
    assert failed["failed"] and f"{device.path}: changed while it was examined: dm_uuid was mpath-{device.WWID}" in failed["msg"]
    assert device.started == []


@pytest.fixture
def claims(device, monkeypatch):
    """The exclusive opens of the device. taken: somebody else has it already, which a plain file does not tell."""
    claims = SimpleNamespace(taken=False, handles=[])

    def open_device(path, flags, *mode):
        exclusive = path == str(device.file) and flags & os.O_EXCL
        if exclusive and claims.taken:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        handle = os.open(path, flags, *mode)
        if exclusive:
            claims.handles.append(handle)
        return handle

    monkeypatch.setattr(target_tool, "os", SimpleNamespace(**{**vars(os), "open": open_device}))
    return claims


def test_a_device_that_is_claimed_meanwhile_is_not_written_to(measure, device, claims):
    claims.taken = True
    failed = measure(mode="write", allow_overwrite=True)
    assert failed["failed"] and f"{device.file}: refused to write: it cannot be claimed: Device or resource busy" in failed["msg"]
    assert device.started == []


def test_a_device_is_claimed_while_it_is_written_to(measure, device, claims):
    held = []

    def look(argv):
        if argv[0] == "timeout":
            held.extend(os.readlink(f"/proc/self/fd/{handle}") for handle in claims.handles)

    device.before = look
    assert measure(mode="write")["changed"]
    assert held == [str(device.file)] * 2


def test_the_claim_is_in_the_hands_of_dd_which_outlives_a_killed_module(measure, device):
    assert [measure(mode=mode)["changed"] for mode in ("write", "read")] == [True, False]
    assert device.kept == [(str(device.file),)] * 2 + [()] * 2
