# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in to many portals at a time, judged by what sysfs shows and bounded in time.

iscsid is told to log in and nobody waits: its exit status says little (15, session exists, can hide 24), and
comes after minutes. When nothing more comes up, a plain connection tells the portals that are not there,
and one that is there is asked again by an iscsiadm that waits and says why.

A record of several sessions is asked for once only, by an iscsiadm that waits: iscsid takes any number of logins for it, and those that it
still tries are not in sysfs, where iscsiadm counts (usr/initiator.c, __session_login_task and session_conn_poll).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import (
    PATIENCE_SECONDS,
    PROBE_SECONDS,
    SLOW,
    Failure,
    failure_of,
    unreached,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_reason_tool import Asking, check_login, told_failures
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import nr_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import status_name
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.watch_tool import late_warning
from ansible_collections.linuxsan.host.plugins.module_utils._wait import REST, timed

INTERVAL = 0.1
# What iscsid is given to take an order at the least, and with it the words of iscsiadm to come.
LEAST_SECONDS = 1
# So many times it looks while the logins that are left come up as fast as those until now, and after so long at the latest: what it looks for
# needs the processor, and a look at many sessions takes a login's time.
LOOKS = 10
LONGEST_REST = 0.5
# A session without a disk for so long, while nothing is scanned, has none.
QUIET_SECONDS = 1


@dataclass(frozen=True)
class Outcome:
    """failures: of the nodes that are not up. sessions: of the host, as it was left. warnings: in words."""

    failures: Tuple[Failure, ...]
    sessions: tuple
    warnings: Tuple[str, ...] = ()


class Login:
    """iscsiadm: its tool. read: gives the sessions of the host; watch: as in watch_tool. probe: as in discover_tool.

    scanning: tells whether iscsid scans a session for LUNs.
    """

    def __init__(self, iscsiadm, read, watch, probe, scanning, interval=INTERVAL):
        self._iscsiadm = iscsiadm
        self._read = read
        self._watch = watch
        self._probe = probe
        self._interval = interval
        self._scanning = scanning

    def login(self, nodes, records, deadline, wait_for_devices=True, waiting_for=(), counts=None):
        """Log in to nodes -> Outcome.

        records: all of the host. deadline: of time.monotonic(). waiting_for: further nodes whose session comes back by itself.
        counts: key of a node -> sessions that it is to have, 1 when it is not in it.
        """
        wanted = {node.key: node for node in (*nodes, *waiting_for)}
        counts = counts or {}
        several = {key for key, count in counts.items() if count > 1} | {record.key for record in records if nr_sessions(record.values) > 1}
        asking = Asking(self._iscsiadm, records, several)
        try:
            said, hung = self._begin(nodes, records, asking, deadline)
            outcome = self._settle(wanted, counts, said, asking, deadline, wait_for_devices)
        finally:
            asking.end()
        return replace(outcome, warnings=(*hung, *outcome.warnings))

    def _begin(self, nodes, records, asking, deadline):
        """Have iscsid begin with all of them -> (what iscsiadm has said, tuple of warnings)"""
        said = []
        try:
            for target, record in login_calls(nodes, records):
                said.append(self._start(target, record, asking, nodes, deadline))
        except CommandTimeout as error:
            # The time is over for the others too; sysfs shows what came of it.
            return said, (f"{error.told}. Look at iscsid: it may hang",)
        return said, ()

    def _start(self, target, record, asking, nodes, deadline):
        """One call -> what iscsiadm has said."""
        mine = [record] if record else [node for node in nodes if target in (None, node.target)]
        if any(node.key in asking.several for node in mine):
            asking.begin((target, record))
            return ""
        result = self._iscsiadm.login(target, record, max(LEAST_SECONDS, deadline - time.monotonic()))
        if status_name(result.rc) == "ISCSI_ERR_INVAL":
            # One of before 2.1 knows no -W.
            asking.begin((target, record))
        else:
            check_login(target, result)
        return result.stderr

    def unreached(self, nodes, bound=PROBE_SECONDS):
        """As in discover_tool."""
        return unreached(nodes, self._probe, bound)

    def _settle(self, nodes, counts, said, asking, deadline, wait_for_devices):
        failed = {}
        pause, quiet, longest_rest = PATIENCE_SECONDS, _Quiet(), 0
        began = time.monotonic()
        while True:
            late = time.monotonic() >= deadline
            sessions, seconds = timed(self._watch)
            up = _up(sessions, nodes, counts)
            failed.update(told_failures([*said, *asking.said()], nodes, up))
            left = [node for key, node in nodes.items() if key not in up and key not in failed]
            still = quiet.since((len(up), len(failed), sum(len(session.devices) for session in sessions)))
            if left and (late or still > max(pause, SLOW * max(quiet.longest, longest_rest))):
                failed.update(self.unreached(left, max(0.5, min(PROBE_SECONDS, deadline - time.monotonic()))))
                # When it is late nobody would wait for the answer.
                asking.ask(() if late else [node for node in left if node.key not in failed])
                # Refused once more later is as final as refused now; a portal that answers is given its time.
                pause *= 2
            scan = nodes if wait_for_devices else {}
            # iscsid scans a session in a process of its own (session_scan_host).
            if late or not left and _complete(sessions, scan, still) and not (scan and self._scanning()):
                sessions, more = timed(self._read)
                seconds += more
                up = _up(sessions, nodes, counts)
                if late or nodes.keys() == up | failed.keys() and _complete(sessions, scan, still):
                    break
            rest = max(self._interval, REST * seconds)
            longest_rest = max(longest_rest, rest)
            rest = max(rest, _rest_for(sum(node.key not in failed for node in left), len(up), time.monotonic() - began))
            time.sleep(min(rest, max(0, deadline - time.monotonic())))
        for key in nodes.keys() - up - failed.keys():
            reason = "nothing refused the connection, but the login was not completed in time"
            failed[key] = failure_of(nodes[key], reason)
        warnings = self._late_disks(sessions, scan, still) if late else ()
        return Outcome(tuple(failure for key, failure in failed.items() if key not in up), sessions, warnings)

    def _late_disks(self, sessions, nodes, still):
        """-> tuple of a warning, or none when no disk is to come any more."""
        mine = _logged_in(sessions, nodes)
        return (late_warning(mine),) if mine and (self._scanning() or not _complete(sessions, nodes, still)) else ()


def _rest_for(left, up, seconds):
    """How long to rest for logins that are left when so many came up in so many seconds. 0 when none did."""
    return min(LONGEST_REST, seconds * left / up / LOOKS) if up else 0


def _complete(sessions, nodes, still):
    """True when every disk of the nodes has its block device."""
    mine = _logged_in(sessions, nodes)
    if any(device.name is None for session in mine for device in session.devices):
        return False
    # Some targets have no LUN.
    return all(session.devices for session in mine) or still > QUIET_SECONDS


def _logged_in(sessions, nodes):
    return [session for session in sessions if session.key in nodes and session.logged_in]


class _Quiet:
    """Tells how long something has been the same. longest: the longest such time that is over, in seconds."""

    def __init__(self):
        self._state, self._since = None, time.monotonic()
        self.longest = 0

    def since(self, state):
        """Seconds."""
        now = time.monotonic()
        if state != self._state:
            self.longest = max(self.longest, now - self._since)
            self._state, self._since = state, now
        return now - self._since


def _up(sessions, nodes, counts):
    """Keys of the nodes that have all their sessions."""
    found = Counter(session.key for session in sessions if session.logged_in)
    return {key for key in nodes if found[key] >= counts.get(key, 1)}


def login_calls(nodes, records):
    """As few calls as possible -> list of (target, record), None for all targets and for all records of the target.

    Each call counts the sessions there are for every record it logs in, so a second one does in seconds what the first does in none.
    """
    wanted = {}
    for node in nodes:
        wanted.setdefault(node.target, {})[node.key] = node
    known = {}
    for record in records:
        known.setdefault(record.target, set()).add(record.key)
    if nodes and known == {target: set(by_key) for target, by_key in wanted.items()}:
        return [(None, None)]
    calls = []
    for target, by_key in wanted.items():
        calls.extend([(target, None)] if known.get(target) == set(by_key) else [(target, node) for node in by_key.values()])
    return calls
