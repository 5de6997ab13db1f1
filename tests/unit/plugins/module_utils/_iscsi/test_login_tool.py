# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at many portals, with processes and sessions that are told."""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import login_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import NodeRecord
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_tool import Login, Outcome, login_calls
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import LOGGED_IN, Device, Session

NODES = tuple(Node("iqn.a", Portal(f"10.0.0.{last}"), "default", f"10.0.0.{last}", 1) for last in (1, 2))
RECORDS = tuple(NodeRecord(node.target, node.portal, node.iface, node.address, node.tpgt, "/") for node in NODES)


class FakeProcess:
    def __init__(self, argv, said="", running=False, rc=0):
        self.argv, self.said, self.running, self.rc, self.killed = argv, said, running, rc, False

    def stderr_so_far(self):
        return self.said

    def finish(self, timeout):
        return Result(tuple(self.argv), self.rc, "", self.said)

    def kill(self):
        self.killed = True


def session(node, state=LOGGED_IN, name="sdb"):
    return Session(1, node.target, node.portal, node.portal, 1, node.iface, state, 5, devices=(Device(name, "0:0:0:0", 0, None, None, "running"),))


def failure(node, status):
    return (
        f"iscsiadm: Could not login to [iface: {node.iface}, target: {node.target}, portal: {node.address},{node.portal.port}].\n"
        f"iscsiadm: initiator reported error ({status} - words)\n"
    )


def login(sessions, said="", at_once="", status="ISCSI_SUCCESS", running=False, reached=None, wait=True, timeout=60, scans=(), counts=None, rc=0):
    """sessions: what each reading of sysfs gives, the last for ever. at_once: what the iscsiadm says that does not wait, said: one that does.

    scans: whether iscsid scans, at each question, at last not. rc: of the one that waits. Returns the failures and the calls of both kinds.
    """
    calls, started = [], []

    def run(argv, seconds):
        calls.append(argv)
        return Result(tuple(argv), STATUSES[status][0], "", at_once)

    def start(argv):
        started.append(FakeProcess(argv, said, running, rc))
        return started[-1]

    readings, answers = itertools.chain(sessions, itertools.repeat(sessions[-1])), itertools.chain(scans, itertools.repeat(False))

    def probe(places, bound):
        return {place: (reached or {}).get(place[0]) for place in places}

    def read():
        return next(readings)

    tool = Login(Iscsiadm(run, start), read, read, probe, lambda: next(answers), interval=0)
    return tool.login(NODES, RECORDS, time.monotonic() + timeout, wait, counts=counts).failures, calls, started


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(login_tool, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(login_tool, "SLOW", 0)


def test_one_call_when_every_record_is_meant():
    assert login_calls(NODES, NODES) == [(None, None)]
    assert login_calls((), ()) == login_calls((), NODES) == []


def test_one_call_per_target_when_others_are_not_meant():
    other = dataclasses.replace(NODES[0], target="iqn.a1")
    assert login_calls(NODES, (*NODES, other)) == [("iqn.a", None)]
    assert login_calls((*NODES, other), (*NODES, other)) == [(None, None)]


def test_one_call_per_record_when_others_of_the_target_are_not_meant():
    assert login_calls(NODES[:1], NODES) == [("iqn.a", NODES[0])]


def test_waits_until_the_sessions_and_the_disks_are_there():
    both = [session(node) for node in NODES]
    failures, calls, started = login([[], [session(NODES[0], "FREE")], [session(node, name=None) for node in NODES], both])
    assert failures == () and started == []
    assert calls == [["iscsiadm", "-m", "node", "-l", "-W"]]


def test_a_session_that_was_seen_and_is_gone_again_is_not_up():
    both = [session(node) for node in NODES]
    reads = iter([both[:1], both])
    tool = Login(Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), lambda: next(reads), lambda: both, dict, lambda: False, interval=0)
    assert tool.login(NODES, RECORDS, time.monotonic() + 60) == Outcome((), both)
    assert list(reads) == []


def test_waits_until_the_scan_is_over():
    both = [session(node) for node in NODES]
    questions = iter([True, True, False])
    assert login([both], scans=questions)[0] == ()
    assert list(questions) == []


def test_a_target_without_a_disk_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(login_tool, "QUIET_SECONDS", 0)
    bare = [dataclasses.replace(session(node), devices=()) for node in NODES]
    assert login([bare])[0] == ()


BOTH = [session(node) for node in NODES]
UNNAMED = [BOTH[0], session(NODES[1], name=None)]
BARE = [BOTH[0], dataclasses.replace(BOTH[1], devices=())]


@pytest.mark.parametrize(
    "up, scanning, words",
    [
        (UNNAMED, False, "iqn.a 10.0.0.2:3260: LUN 0 (0:0:0:0) has no block device. Raise timeout"),
        (BARE, False, "iqn.a 10.0.0.2:3260: no disk. Raise timeout"),
        (BOTH, True, "LUNs were still looked for. Raise timeout"),
    ],
    ids=["no block device", "no disk", "scan"],
)
def test_the_time_that_ends_without_all_disks_is_told(up, scanning, words):
    tool = Login(Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), lambda: up, lambda: up, dict, lambda: scanning, interval=0)
    (warning,) = tool.login(NODES, RECORDS, time.monotonic()).warnings
    assert warning.startswith("the timeout ended before all disks were there: ") and words in warning
    assert tool.login(NODES, RECORDS, time.monotonic(), wait_for_devices=False).warnings == ()


def test_a_late_login_that_failed_says_nothing_of_disks():
    tool = Login(
        Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), list, list, lambda places, bound: dict.fromkeys(places), lambda: True, interval=0
    )
    outcome = tool.login(NODES, RECORDS, time.monotonic())
    assert len(outcome.failures) == 2 and outcome.warnings == ()


def test_each_portal_has_its_own_reason(hasty):
    failures, calls, started = login([[session(NODES[0])]], failure(NODES[1], 24) + failure(NODES[0], 15))
    (failed,) = failures
    assert (failed.portal, failed.status) == (str(NODES[1].portal), "ISCSI_ERR_LOGIN_AUTH_FAILED")
    assert [process.argv[-1] for process in started] == ["-l"] and all(process.killed for process in started)


def test_a_slow_host_is_given_its_own_pace(monkeypatch):
    monkeypatch.setattr(login_tool, "PATIENCE_SECONDS", 0)
    both = [session(node) for node in NODES]
    readings = iter([both[:1], both[:1], both[:1], both, both])

    def read():
        if next(pace, None):
            time.sleep(0.05)
        return next(readings)

    pace = iter([True])
    tool = Login(Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", ""), pytest.fail), read, read, pytest.fail, lambda: False, interval=0)
    assert tool.login(NODES, RECORDS, time.monotonic() + 60).failures == ()


def test_one_that_is_still_tried_is_asked_again(hasty, monkeypatch):
    both = [session(node) for node in NODES]
    failures, calls, started = login([both[:1], both[:1], both[:1], both], failure(NODES[1], 15))
    assert failures == () and len(started) > 1


def test_a_portal_that_refuses_connections_is_not_waited_for(hasty):
    failures, calls, started = login([[session(NODES[0])]], running=True, reached={NODES[1].portal: "Connection refused"})
    assert [(failed.reason, failed.status) for failed in failures] == [("Connection refused", "ISCSI_ERR_TRANS")]
    assert started == []


def test_a_login_that_does_not_end_is_bounded(hasty):
    failures, calls, started = login([[]], running=True, timeout=0)
    assert {failed.portal for failed in failures} == {str(node.portal) for node in NODES}
    assert {failed.status for failed in failures} == {None}


def test_an_iscsid_that_takes_no_order_has_the_time_that_is_left_and_no_more():
    asked = []

    def run(argv, seconds):
        asked.append(seconds)
        raise CommandTimeout(argv, seconds, "words of it")

    elsewhere = dataclasses.replace(RECORDS[0], target="iqn.b")
    tool = Login(Iscsiadm(run), list, list, lambda places, bound: dict.fromkeys(places), lambda: False, interval=0)
    nodes = (*NODES, dataclasses.replace(NODES[0], target="iqn.c"))
    outcome = tool.login(nodes, (*RECORDS, elsewhere), time.monotonic() + 0.5)
    assert asked == [login_tool.LEAST_SECONDS]
    assert sorted(failure.target for failure in outcome.failures) == ["iqn.a", "iqn.a", "iqn.c"]
    assert "words of it" in outcome.warnings[0] and "Look at iscsid" in outcome.warnings[0]


def test_nobody_is_asked_when_it_is_late():
    failures, calls, started = login([[]], running=True, timeout=0)
    assert (len(failures), len(calls), started) == (2, 1, [])


def test_what_comes_up_in_spite_of_a_failure_is_up(hasty):
    failures, calls, started = login([[session(NODES[0])], [session(NODES[0])], [session(node) for node in NODES]], failure(NODES[1], 8))
    assert failures == ()


def test_a_host_without_iscsid_is_told_so():
    with pytest.raises(SanError, match="iscsid is not running"):
        login([[]], at_once=failure(NODES[0], 20), status="ISCSI_ERR_ISCSID_NOTCONN")


def test_a_call_that_fails_as_a_whole_is_told():
    with pytest.raises(SanError, match="database"):
        login([[]], at_once="iscsiadm: Timeout on acquiring lock on DB", status="ISCSI_ERR_IDBM")


def test_an_iscsiadm_without_no_wait_waits():
    failures, calls, started = login([[session(node) for node in NODES]], at_once="iscsiadm: invalid option -- 'W'", status="ISCSI_ERR_INVAL")
    assert failures == () and [process.argv for process in started] == [["iscsiadm", "-m", "node", "-l"]]


def test_several_sessions_are_asked_for_once(hasty):
    both = [session(node) for node in NODES]
    failures, calls, started = login([both[:1]] * 5 + [[*both, *both]], running=True, counts={NODES[1].key: 2})
    assert (failures, calls, [process.argv for process in started]) == ((), [], [["iscsiadm", "-m", "node", "-l"]])


def test_the_record_says_that_it_is_one_of_several_sessions(hasty, monkeypatch):
    several = [dataclasses.replace(record, values={"node.session.nr_sessions": "2"}) for record in RECORDS]
    monkeypatch.setitem(globals(), "RECORDS", several)
    failures, calls, started = login([[]] * 5 + [[session(node) for node in NODES]], running=True)
    assert (failures, calls, len(started)) == ((), [], 1)


def test_of_several_sessions_too_the_reason_is_told(hasty):
    failures, calls, started = login([[session(NODES[0])]], failure(NODES[1], 24), counts={NODES[1].key: 2}, rc=24)
    assert [(failed.portal, failed.status) for failed in failures] == [(str(NODES[1].portal), "ISCSI_ERR_LOGIN_AUTH_FAILED")]
    assert (calls, len(started)) == ([], 1)


def test_a_login_of_several_sessions_that_fails_as_a_whole_is_told():
    with pytest.raises(SanError, match="database"):
        login([[]], "iscsiadm: Timeout on acquiring lock on DB", counts={NODES[0].key: 2}, rc=STATUSES["ISCSI_ERR_IDBM"][0])


def test_a_portal_is_probed_through_the_interface_of_each_node():
    asked = []

    def probe(places, bound):
        asked.extend(places)
        return {place: "No route to host" if place[1] == "eth2" else None for place in places}

    nodes = [dataclasses.replace(NODES[0], iface=name) for name in ("eth1", "eth2")]
    (failure,) = Login(Iscsiadm(), None, None, probe, None).unreached(nodes).items()
    assert asked == [(NODES[0].portal, "eth1"), (NODES[0].portal, "eth2")]
    assert failure[0] == nodes[1].key and (failure[1].reason, failure[1].status) == ("No route to host", "ISCSI_ERR_TRANS")


def test_a_processor_that_others_have_is_no_reason_to_rest():
    both, readings = [session(node) for node in NODES], iter([[], [session(NODES[0])]])

    def read():
        time.sleep(0.3)
        return next(readings, both)

    tool = Login(Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), read, read, dict, lambda: False, interval=0)
    started = time.monotonic()
    assert tool.login(NODES, RECORDS, started + 60).failures == ()
    assert time.monotonic() - started < 3


class Clock:
    """time, as far as login_tool uses it, in which nothing but sleep takes any."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize("coming, ends", [(40, 40.1), (20, 24)])
def test_many_logins_are_looked_at_seldom_and_the_last_one_soon(monkeypatch, coming, ends):
    """One comes up each second, of those that come. Portals that are dead are given up hardly later than when it looks all the time."""
    clock, looks = Clock(), []
    nodes = [dataclasses.replace(NODES[0], target=f"iqn.{number}") for number in range(40)]
    records = [dataclasses.replace(RECORDS[0], target=node.target) for node in nodes]
    monkeypatch.setattr(login_tool, "time", clock)
    monkeypatch.setattr(login_tool, "timed", lambda work: (work(), 0))

    def read():
        looks.append(clock.now)
        return [session(node) for node in nodes[: min(coming, int(clock.now))]]

    tool = Login(
        Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), read, read, lambda places, bound: dict.fromkeys(places, "timed out"), lambda: False
    )
    assert len(tool.login(nodes, records, 300).failures) == 40 - coming
    assert clock.now < ends and len(looks) < 3 * coming


def test_a_slow_probe_is_no_reason_to_rest(hasty):
    def probe(places, bound):
        time.sleep(0.3)
        return dict.fromkeys(places, "timed out")

    def read():
        return [session(NODES[0])]

    tool = Login(Iscsiadm(lambda argv, seconds: Result(tuple(argv), 0, "", "")), read, read, probe, lambda: False, interval=0)
    started = time.monotonic()
    assert len(tool.login(NODES, RECORDS, started + 60).failures) == 1
    assert time.monotonic() - started < 2
