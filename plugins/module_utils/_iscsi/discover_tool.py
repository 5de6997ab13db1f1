# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery at several portals at a time, each bounded: a dead one costs seconds and not the minutes that iscsiadm tries."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import parse_discovery
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import next_step
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import NOT_ANSWERED
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import DEFAULT_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, status_meaning, status_name

# A portal that has answered nothing for so long is looked at with a plain TCP connection, which takes at most PROBE_SECONDS.
PATIENCE_SECONDS = 2
PROBE_SECONDS = 4
# One that listens and answers nothing has so long when others have answered, as long as open-iscsi gives it for the login
# (discovery.sendtargets.timeo.login_timeout), and a third of the whole time at most: the rest is for the logins.
SILENT_SECONDS = 15
# What takes so many times as long as any answer until now may take for ever.
SLOW = 3
INTERVAL = 0.02
# What iscsiadm says of an interface whose kernel module it cannot load (iface_setup_host_bindings); it then asks nobody and finds nothing.
DROPPED = "Dropping interface"
NO_DRIVER = STATUSES["ISCSI_ERR_TRANS_NOT_FOUND"][0]
# What a discovery can meet while the first of several starts iscsid by its socket: worth a second try.
PASSING = ("ISCSI_ERR_PDU_TIMEOUT", "ISCSI_ERR_ISCSID_COMM_ERR", "ISCSI_ERR_INTERNAL", "ISCSI_ERR_AGAIN", "ISCSI_ERR_REQ_TIMEDOUT")
# Not a failure of one portal: nothing works until it is mended.
HOST_FAILURES = ("ISCSI_ERR_ISCSID_NOTCONN", "ISCSI_ERR_TRANS_NOT_FOUND", "ISCSI_ERR_ACCESS", "ISCSI_ERR_ISNS_UNAVAILABLE", "ISCSI_ERR_ISCSID_COMM_ERR")


@dataclass(frozen=True)
class Failure:
    """A portal that did not work. target, iface: None for a discovery. status: iscsiadm's, by name; None without an answer that can be read."""

    portal: str
    target: Optional[str]
    reason: str
    status: Optional[str]
    iface: Optional[str] = None

    @property
    def place(self):
        """Of a node or session: its target, portal and interface."""
        return self.target, self.portal, self.iface


def failure_of(each, reason, status=None):
    """The Failure of a node or a session."""
    return Failure(str(each.portal), each.target, reason, status, each.iface)


def discover(iscsiadm, kind, portals, ifaces, stored, timeout, probe):
    """Ask every portal -> (dict of portal and tuple of Found, tuple of Failure).

    It is asked through each interface by a process of its own: one iscsiadm tells nothing before the last interface has answered.
    stored: portals that have a record of their own -> its spelling.
    probe: pairs of portal and interface, seconds -> dict of pair and why it is not reached.
    """
    began = time.monotonic()

    def start(place):
        portal, iface = place
        spelling = stored.get(str(portal))
        return iscsiadm.start_discovery(kind, spelling or portal, iface, spelling is not None)

    running = {(portal, iface): start((portal, iface)) for portal in portals for iface in ifaces}
    found, failures, again = {}, {}, set()
    probed, bound = False, timeout
    try:
        while running and time.monotonic() < began + bound:
            for place in [place for place, process in running.items() if not process.running]:
                result = running.pop(place).finish(PROBE_SECONDS)
                if status_name(result.rc) in PASSING and place not in again:
                    again.add(place)
                    running[place] = start(place)
                else:
                    _take(place, result, found, failures)
                    if found:
                        bound = min(timeout, max(min(SILENT_SECONDS, timeout / 3), SLOW * (time.monotonic() - began)))
            if running and not probed and time.monotonic() > began + min(PATIENCE_SECONDS, timeout / 3):
                probed = True
                _give_up(running, probe(list(running), min(PROBE_SECONDS, timeout / 3)), failures)
            time.sleep(INTERVAL if running else 0)
        for place in running:
            failures[place] = _failure(place, f"no answer to discovery within {bound:.3g} s", None)
    finally:
        for process in running.values():
            process.kill()
    return {portal: tuple(answers) for portal, answers in found.items()}, tuple(failures.values())


def status_of_reason(reason):
    """The status that iscsiadm gives when it tries long enough at a portal that TCP does not reach."""
    return "ISCSI_ERR_TRANS_TIMEOUT" if reason == NOT_ANSWERED else "ISCSI_ERR_TRANS"


def unreached(nodes, probe, bound=PROBE_SECONDS):
    """The nodes at whose portals nothing answers through their interface -> dict of key and Failure. probe: as in discover; bound: seconds."""
    reasons = probe(sorted({(node.portal, node.iface) for node in nodes}), bound) if nodes else {}
    told = ((node, reasons[node.portal, node.iface]) for node in nodes)
    return {node.key: failure_of(node, reason, status_of_reason(reason)) for node, reason in told if reason}


def raise_for_host(status, what):
    """Raise SanError for a failure that is the host's and not a portal's."""
    name = status_name(status)
    if name in HOST_FAILURES:
        raise SanError(f"{what}: {status_meaning(status)} (iscsiadm {status}). {next_step(status)}")


def _take(place, result, found, failures):
    portal, iface = place
    raise_for_host(result.rc, f"portal {portal}: discovery")
    nothing = result.rc == STATUSES["ISCSI_ERR_NO_OBJS_FOUND"][0]
    if nothing and DROPPED in result.stderr:
        if iface == DEFAULT_IFACE:
            raise SanError(f"portal {portal}: discovery: {result.words} (iscsiadm {result.rc}). {next_step(NO_DRIVER)}")
        failures[place] = _failure(place, status_meaning(NO_DRIVER), status_name(NO_DRIVER))
    # A portal that shows this initiator no target has answered.
    elif nothing or result.rc == STATUSES["ISCSI_SUCCESS"][0]:
        _hear(place, result.stdout, found, failures)
    else:
        failures[place] = _failure(place, status_meaning(result.rc), status_name(result.rc))


def _hear(place, text, found, failures):
    try:
        shown = parse_discovery(text)
    except ParseError as error:
        failures[place] = _failure(place, str(error).rstrip("."), None)
        return
    known = found.setdefault(place[0], [])
    known.extend(each for each in shown if each not in known)


def _give_up(running, reasons, failures):
    for place, reason in reasons.items():
        if reason:
            failures[place] = _failure(place, reason, status_of_reason(reason))
            running.pop(place).kill()


def _failure(place, reason, status):
    portal, iface = place
    return Failure(str(portal), None, reason if iface == DEFAULT_IFACE else f"{reason}, through interface {iface}", status)
