# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in to many portals at a time, judged by what sysfs shows and bounded in time.

One waiting iscsiadm per target says why a portal fails; its exit status is that of the first failure only
(15, session exists, can hide 24), so the status that counts is the one of its message about that portal.
"""

from __future__ import annotations

import time
from collections import Counter

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import (
    PATIENCE_SECONDS,
    PROBE_SECONDS,
    Failure,
    raise_for_host,
    status_of_reason,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import probe as probe_portals
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, parse_login_failures, status_meaning, status_name

INTERVAL = 0.1
# Of so many parts of the time that passes, one is spent on reading.
REST = 9
# A scan that finds nothing new for so long is taken to be over.
QUIET_SECONDS = 4
# What another process has begun already: sysfs will show whether it works.
UNDER_WAY = STATUSES["session_exists"][0]


class Login:
    """iscsiadm: its tool. read: gives the sessions of the host. probe: as in probe_tool."""

    def __init__(self, iscsiadm, read, probe=probe_portals, interval=INTERVAL):
        self._iscsiadm = iscsiadm
        self._read = read
        self._probe = probe
        self._interval = interval

    def login(self, nodes, records, deadline, wait_for_devices=True, waiting_for=(), counts=None):
        """Log in to nodes -> tuple of Failure.

        records: all of the host. deadline: of time.monotonic(). waiting_for: further nodes whose session comes back by itself.
        counts: key of a node -> sessions that it is to have, 1 when it is not in it.
        """
        processes = [self._iscsiadm.start_login(target, record) for target, record in login_calls(nodes, records)]
        wanted = {node.key: node for node in (*nodes, *waiting_for)}
        try:
            return self._settle(wanted, counts or {}, processes, deadline, wait_for_devices)
        finally:
            for process in processes:
                process.kill()

    def unreached(self, nodes, bound=PROBE_SECONDS):
        """The nodes at whose portals nothing answers -> dict of key and Failure. bound: seconds."""
        reasons = self._probe(sorted({node.portal for node in nodes}), bound) if nodes else {}
        return {
            node.key: Failure(str(node.portal), node.target, reasons[node.portal], status_of_reason(reasons[node.portal]))
            for node in nodes
            if reasons[node.portal]
        }

    def _settle(self, nodes, counts, processes, deadline, wait_for_devices):
        failed = {}
        pause = PATIENCE_SECONDS
        patience = min(time.monotonic() + pause, deadline)
        quiet = _Quiet()
        last_look = False
        while True:
            began = time.monotonic()
            late = began >= deadline
            sessions = self._read()
            cost = time.monotonic() - began
            up = _up(sessions, nodes, counts)
            failed.update(self._told(nodes, processes, up))
            left = [node for key, node in nodes.items() if key not in up and key not in failed]
            if left and time.monotonic() > patience and not last_look:
                last_look = late
                failed.update(self.unreached(left, max(0.5, min(PROBE_SECONDS, deadline - time.monotonic()))))
                # Refused once more later is as final as refused now; a portal that answers is given its time.
                pause *= 2
                patience = time.monotonic() + pause
                continue
            if late or not left and (not wait_for_devices or self._complete(sessions, processes, nodes, failed, quiet)):
                break
            self._rest(processes, max(self._interval, REST * cost))
        up = _up(self._read(), nodes, counts)
        for node in left:
            failed.setdefault(node.key, Failure(str(node.portal), node.target, "the portal accepts connections, but did not complete the login in time", None))
        return tuple(failure for key, failure in failed.items() if key not in up)

    @staticmethod
    def _rest(processes, seconds):
        """Leave the machine to the logins: reading many sessions is work. The end of the last process is the news that is waited for."""
        until = time.monotonic() + seconds
        waiting = any(process.running for process in processes)
        while time.monotonic() < until and (not waiting or any(process.running for process in processes)):
            time.sleep(min(INTERVAL, seconds))

    @staticmethod
    def _told(nodes, processes, up):
        """What the iscsiadm processes have said about portals."""
        told = {}
        for process in processes:
            for failure in parse_login_failures(process.stderr_so_far()):
                raise_for_host(failure.status, f"portal {failure.portal} of {failure.target}: login")
                key = (failure.target, failure.portal, failure.iface)
                if failure.status != UNDER_WAY and key in nodes and key not in up:
                    told[key] = Failure(str(failure.portal), failure.target, status_meaning(failure.status), status_name(failure.status))
        return told

    @staticmethod
    def _complete(sessions, processes, nodes, failed, quiet):
        """True when every disk has its block device. iscsid answers a login after the scan of its LUNs (session_scan_host)."""
        mine = [session for session in sessions if session.key in nodes]
        devices = [device for session in mine for device in session.devices]
        if any(device.name is None for device in devices):
            return False
        if not any(process.running for process in processes):
            return True
        # A portal that fails keeps its iscsiadm waiting for minutes: then the disks of the others decide. Some have none.
        return bool(failed) and (all(session.devices for session in mine if session.logged_in) or quiet.since(len(devices), QUIET_SECONDS))


class _Quiet:
    """Tells how long a number has been the same."""

    def __init__(self):
        self._number, self._since = None, 0

    def since(self, number, seconds):
        """True when the number was this one for so many seconds."""
        if number != self._number:
            self._number, self._since = number, time.monotonic()
        return time.monotonic() - self._since >= seconds


def _up(sessions, nodes, counts):
    """Keys of the nodes that have all their sessions."""
    found = Counter(session.key for session in sessions if session.logged_in)
    return {key for key in nodes if found[key] >= counts.get(key, 1)}


def login_calls(nodes, records):
    """As few calls as possible -> list of (target, record or None for all records of the target)."""
    wanted = {}
    for node in nodes:
        wanted.setdefault(node.target, {})[node.key] = node
    calls = []
    for target, by_key in wanted.items():
        keys = {record.key for record in records if record.target == target}
        calls.extend([(target, None)] if keys == set(by_key) else [(target, node) for node in by_key.values()])
    return calls
