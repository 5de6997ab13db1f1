# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at many portals, with processes and sessions that are told."""

from __future__ import annotations

import itertools
import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import login_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_tool import Login, login_calls
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import LOGGED_IN, Device, Session

NODES = tuple(Node("iqn.a", Portal(f"10.0.0.{last}"), "default", f"10.0.0.{last}", 1) for last in (1, 2))


class FakeProcess:
    def __init__(self, argv, said="", running=False):
        self.argv, self.said, self.running, self.killed = argv, said, running, False

    def stderr_so_far(self):
        return self.said

    def kill(self):
        self.killed = True


def session(node, state=LOGGED_IN, name="sdb"):
    return Session(1, node.target, node.portal, node.portal, 1, node.iface, state, 5, devices=(Device(name, "0:0:0:0", 0, None, None, "running"),))


def failure(node, status):
    return (
        f"iscsiadm: Could not login to [iface: {node.iface}, target: {node.target}, portal: {node.address},{node.portal.port}].\n"
        f"iscsiadm: initiator reported error ({status} - words)\n"
    )


def login(sessions, said="", running=False, reached=None, wait=True, timeout=60):
    """sessions: what each reading of sysfs gives, the last for ever."""
    started = []

    def start(argv):
        started.append(FakeProcess(argv, said, running))
        return started[-1]

    readings = itertools.chain(sessions, itertools.repeat(sessions[-1]))
    tool = Login(Iscsiadm(start=start), lambda: next(readings), lambda portals, bound: {portal: (reached or {}).get(portal) for portal in portals}, interval=0)
    return tool.login(NODES, NODES, time.monotonic() + timeout, wait), started


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(login_tool, "PATIENCE_SECONDS", 0)


def test_one_process_for_all_records_of_a_target():
    assert login_calls(NODES, NODES) == [("iqn.a", None)]


def test_one_process_per_record_when_others_are_not_meant():
    assert login_calls(NODES[:1], NODES) == [("iqn.a", NODES[0])]


def test_waits_until_the_sessions_and_the_disks_are_there():
    both = [session(node) for node in NODES]
    failures, started = login([[], [session(NODES[0], "FREE")], [session(node, name=None) for node in NODES], both])
    assert failures == ()
    assert [process.argv for process in started] == [["iscsiadm", "-m", "node", "-T", "iqn.a", "-l"]]
    assert all(process.killed for process in started)


def test_each_portal_has_its_own_reason():
    failures, started = login([[session(NODES[0])]], failure(NODES[1], 24) + failure(NODES[0], 15))
    (failed,) = failures
    assert (failed.portal, failed.status) == (str(NODES[1].portal), "authorization_failed")


def test_a_portal_that_refuses_connections_is_not_waited_for(hasty):
    failures, started = login([[session(NODES[0])]], running=True, reached={NODES[1].portal: "Connection refused"})
    assert [(failed.reason, failed.status) for failed in failures] == [("Connection refused", "transport_error")]


def test_a_login_that_does_not_end_is_bounded(hasty):
    failures, started = login([[]], running=True, timeout=0)
    assert {failed.portal for failed in failures} == {str(node.portal) for node in NODES}
    assert {failed.status for failed in failures} == {None}


def test_what_comes_up_in_spite_of_a_failure_is_up():
    failures, started = login([[session(NODES[0])], [session(node) for node in NODES]], failure(NODES[1], 8))
    assert failures == ()


def test_a_host_without_iscsid_is_told_so():
    with pytest.raises(SanError, match="iscsid is not running"):
        login([[]], failure(NODES[0], 20))
