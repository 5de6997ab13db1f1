# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rescans, with real processes in the place of iscsiadm. Whole tasks: tests/unit/plugins/modules/test_iscsi_node.py."""

from __future__ import annotations

import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import Process
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import iscsiadm_tool, node_rescan
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_rescan import rescan
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Session


def session(sid, state="LOGGED_IN"):
    return Session(sid, "iqn.a", Portal(f"10.0.0.{sid}"), None, 1, "default", state, 5)


def rescanned(commands, wanted, sessions=None, seconds=60):
    """commands: sid -> what runs in the place of iscsiadm."""
    tool = Iscsiadm(None, lambda argv: Process(["sh", "-c", commands[int(argv[4])]]))
    return rescan(tool, wanted, wanted if sessions is None else sessions, time.monotonic() + seconds)


@pytest.mark.parametrize("at_a_time", [1, 16])
def test_each_for_itself(monkeypatch, at_a_time):
    monkeypatch.setattr(iscsiadm_tool, "AT_A_TIME", at_a_time)
    failures, (error,) = rescanned({1: "true", 2: "echo no device >&2; exit 21", 3: "true"}, [session(sid) for sid in (1, 2, 3)])
    assert failures == () and (error.portal, error.target) == ("10.0.0.2:3260", "iqn.a")
    assert error.reason.startswith("session 2 (iqn.a 10.0.0.2:3260): rescan: ") and "no device" in error.reason


def test_one_that_does_not_end_is_bounded(monkeypatch):
    monkeypatch.setattr(node_rescan, "LEAST_SECONDS", 0.3)
    began = time.monotonic()
    failures, errors = rescanned({1: "exec sleep 50", 2: "exec sleep 50", 3: "true"}, [session(sid) for sid in (1, 2, 3)], seconds=0)
    assert failures == () and [error.reason.split(" (")[0] for error in errors] == ["session 1", "session 2"]
    assert all("did not end within the timeout" in error.reason for error in errors) and time.monotonic() - began < 20


def test_those_that_are_down_or_gone_are_not_asked():
    failures, errors = rescanned({1: "true"}, [session(1), session(2), session(3)], [session(1), session(2, "FAILED")])
    assert errors == () and [(failure.portal, failure.reason.rsplit(" ", 1)[1]) for failure in failures] == [
        ("10.0.0.2:3260", "FAILED"),
        ("10.0.0.3:3260", "gone"),
    ]
