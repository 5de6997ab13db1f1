# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery at several portals, with processes that answer as told."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import discover_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import discover
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
ONE, TWO = Portal("10.0.0.1"), Portal("10.0.0.2")
SHOWN = "10.0.0.1:3260,1 iqn.2004-08.com.example:a\n"


class Process:
    """status: None for one that does not end."""

    def __init__(self, argv, status, stdout, stderr=""):
        self.argv, self.status, self.stdout, self.stderr = argv, status, stdout, stderr
        self.running = status is None
        self.killed = False

    def finish(self, timeout):
        return Result(tuple(self.argv), STATUSES[self.status][0], self.stdout, self.stderr)

    def kill(self):
        self.killed = True


def ask(answers, reasons=None, stored=None, timeout=5, portals=(ONE, TWO), kind="sendtargets", ifaces=("default",)):
    """answers: portal, or portal and interface -> list of (status, stdout, stderr), one for each try. Returns the outcome and the processes."""
    started = []

    def start(argv):
        portal, iface = argv[argv.index("-p") + 1], argv[argv.index("-I") + 1]
        turn = sum(portal in process.argv and iface in process.argv for process in started)
        started.append(Process(argv, *answers.get((portal, iface), answers.get(portal))[turn]))
        return started[-1]

    return discover(Iscsiadm(start=start), kind, portals, ifaces, stored or {}, timeout, lambda asked, bound: dict.fromkeys(asked, reasons)), started


def test_every_portal_is_judged_on_its_own():
    (found, failures), started = ask({str(ONE): [("ISCSI_SUCCESS", SHOWN)], str(TWO): [("ISCSI_ERR_LOGIN_AUTH_FAILED", "")]}, stored={str(TWO): str(TWO)})
    assert [each.target for each in found[ONE]] == ["iqn.2004-08.com.example:a"] and TWO not in found
    assert [(failure.portal, failure.target, failure.status) for failure in failures] == [(str(TWO), None, "ISCSI_ERR_LOGIN_AUTH_FAILED")]
    assert started[0].argv == ["iscsiadm", "-m", "discovery", "-t", "st", "-p", str(ONE), "-o", "nonpersistent", "-I", "default"]
    assert started[1].argv[1:8] == ["-m", "discoverydb", "-t", "st", "-p", str(TWO), "-D"]


def test_a_record_is_asked_by_its_own_spelling():
    """iscsiadm finds it by the name of its directory alone."""
    portal, own = Portal("2001:db8::1"), "[2001:0DB8:0:0::1]:3260"
    (found, failures), started = ask({own: [("ISCSI_SUCCESS", SHOWN)]}, stored={str(portal): own}, portals=(portal,))
    assert started[0].argv[1:8] == ["-m", "discoverydb", "-t", "st", "-p", own, "-D"]
    assert list(found) == [portal] and failures == ()


def test_a_portal_that_shows_nothing_has_answered():
    (found, failures), started = ask({str(ONE): [("ISCSI_ERR_NO_OBJS_FOUND", "")], str(TWO): [("ISCSI_SUCCESS", SHOWN)]})
    assert found[ONE] == () and failures == ()


def test_an_answer_that_cannot_be_read_costs_no_other_portal():
    (found, failures), started = ask({str(ONE): [("ISCSI_SUCCESS", "something else\n")], str(TWO): [("ISCSI_SUCCESS", SHOWN)]})
    assert list(found) == [TWO]
    assert [(failure.portal, failure.status) for failure in failures] == [(str(ONE), None)] and "something else" in failures[0].reason


def test_a_passing_trouble_is_tried_twice():
    (found, failures), started = ask({str(ONE): [("ISCSI_ERR_PDU_TIMEOUT", ""), ("ISCSI_SUCCESS", SHOWN)]}, portals=(ONE,))
    assert ONE in found and failures == () and len(started) == 2


@pytest.mark.parametrize("status", ["ISCSI_ERR_ISCSID_NOTCONN", "ISCSI_ERR_TRANS_NOT_FOUND", "ISCSI_ERR_ACCESS", "ISCSI_ERR_ISNS_UNAVAILABLE"])
def test_what_is_wrong_with_the_host_ends_it(status):
    with pytest.raises(SanError, match=STATUSES[status][1]):
        ask({str(ONE): [(status, "")], str(TWO): [(None, "")]})


@pytest.mark.parametrize("reason, status", [("Connection refused", "ISCSI_ERR_TRANS"), ("timed out", "ISCSI_ERR_TRANS_TIMEOUT")])
def test_a_dead_portal_is_given_up_and_its_process_ended(reason, status, monkeypatch):
    monkeypatch.setattr(discover_tool, "PATIENCE_SECONDS", 0)
    (found, failures), started = ask({str(ONE): [(None, "")], str(TWO): [("ISCSI_SUCCESS", SHOWN)]}, reason)
    assert [(failure.portal, failure.reason, failure.status) for failure in failures] == [(str(ONE), reason, status)]
    assert started[0].killed and TWO in found


def test_one_that_listens_and_does_not_answer_is_bounded(monkeypatch):
    monkeypatch.setattr(discover_tool, "PATIENCE_SECONDS", 0)
    (found, failures), started = ask({str(ONE): [(None, "")]}, portals=(ONE,), timeout=0.2)
    assert [failure.status for failure in failures] == [None] and "within 0.2 s" in failures[0].reason
    assert started[0].killed


def test_one_that_does_not_answer_leaves_time_for_those_that_do(monkeypatch):
    monkeypatch.setattr(discover_tool, "SILENT_SECONDS", 0.3)
    (found, failures), started = ask({str(ONE): [(None, "")], str(TWO): [("ISCSI_SUCCESS", SHOWN)]}, timeout=60)
    assert TWO in found and [(failure.portal, failure.reason) for failure in failures] == [(str(ONE), "no answer to discovery within 0.3 s")]
    assert started[0].killed


def test_without_its_kernel_module_nobody_is_asked():
    """iscsiadm 2.1.8 ends with the status of a portal that shows nothing."""
    said = ("ISCSI_ERR_NO_OBJS_FOUND", "", (FIXTURES / "iscsiadm-2.1.8-discovery-no-module.txt").read_text(encoding="utf-8"))
    with pytest.raises(SanError, match="Could not load transport tcp.*modprobe"):
        ask({str(ONE): [said]}, portals=(ONE,))
    (found, failures), started = ask({(str(ONE), "default"): [("ISCSI_SUCCESS", SHOWN)], (str(ONE), "bnx"): [said]}, portals=(ONE,), ifaces=("default", "bnx"))
    assert [each.target for each in found[ONE]] == ["iqn.2004-08.com.example:a"]
    assert [(failure.reason, failure.status) for failure in failures] == [
        ("the kernel module of the transport is not loaded, through interface bnx", "ISCSI_ERR_TRANS_NOT_FOUND")
    ]


def test_an_interface_that_does_not_reach_the_portal_keeps_nothing_from_the_others(monkeypatch):
    monkeypatch.setattr(discover_tool, "PATIENCE_SECONDS", 0)
    answers = {(str(ONE), "eth1"): [("ISCSI_SUCCESS", SHOWN)], (str(ONE), "eth2"): [(None, "")]}
    (found, failures), started = ask(answers, "No route to host", portals=(ONE,), ifaces=("eth1", "eth2"))
    assert [each.target for each in found[ONE]] == ["iqn.2004-08.com.example:a"]
    # Not to be passed over: a target could be shown through that one alone.
    assert [(failure.portal, failure.reason) for failure in failures] == [(str(ONE), "No route to host, through interface eth2")]
    assert [process.argv.count("-I") for process in started] == [1, 1]


def test_what_several_interfaces_show_is_one_list():
    both = SHOWN + "10.0.0.2:3260,1 iqn.2004-08.com.example:b\n"
    answers = {(str(ONE), "eth1"): [("ISCSI_SUCCESS", SHOWN)], (str(ONE), "eth2"): [("ISCSI_SUCCESS", both)]}
    (found, failures), started = ask(answers, portals=(ONE,), ifaces=("eth1", "eth2"))
    assert [each.target[-1] for each in found[ONE]] == ["a", "b"] and failures == ()


def test_isns_is_another_type():
    outcome, started = ask({str(ONE): [("ISCSI_SUCCESS", SHOWN)]}, portals=(ONE,), kind="isns")
    assert started[0].argv[1:5] == ["-m", "discovery", "-t", "isns"]
