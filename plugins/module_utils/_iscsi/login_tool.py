# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in to many portals at a time, judged by what sysfs shows and bounded in time.

One waiting iscsiadm per target says why a portal fails; its exit status is that of the first failure only
(15, session exists, can hide 24), so the status that counts is the one of its message about that portal.
"""

from __future__ import annotations

import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import (
    PATIENCE_SECONDS,
    PROBE_SECONDS,
    Failure,
    raise_for_host,
    status_of_reason,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import probe as probe_portals
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, parse_login_failures, status_meaning, status_name

INTERVAL = 0.2
# What another process has begun already: sysfs will show whether it works.
UNDER_WAY = STATUSES["session_exists"][0]


class Login:
    """iscsiadm: its tool. read: gives the sessions of the host. probe: as in probe_tool."""

    def __init__(self, iscsiadm, read, probe=probe_portals, interval=INTERVAL):
        self._iscsiadm = iscsiadm
        self._read = read
        self._probe = probe
        self._interval = interval

    def login(self, nodes, records, deadline, wait_for_devices=True, waiting_for=()):
        """Log in to nodes -> tuple of Failure.

        records: all of the host. deadline: of time.monotonic(). waiting_for: further nodes whose session comes back by itself.
        """
        processes = [self._iscsiadm.start_login(target, record) for target, record in login_calls(nodes, records)]
        try:
            return self._settle({node.key: node for node in (*nodes, *waiting_for)}, processes, deadline, wait_for_devices)
        finally:
            for process in processes:
                process.kill()

    def _settle(self, nodes, processes, deadline, wait_for_devices):
        failed = {}
        patience = min(time.monotonic() + PATIENCE_SECONDS, deadline)
        last_look = False
        while True:
            late = time.monotonic() >= deadline
            sessions = self._read()
            up = {session.key for session in sessions if session.logged_in}
            failed.update(self._told(nodes, processes, up))
            left = [node for key, node in nodes.items() if key not in up and key not in failed]
            if left and time.monotonic() > patience and not last_look:
                last_look = late
                failed.update(self._unreached(left, deadline))
                # Refused once more later is as final as refused now; a portal that answers is given its time.
                patience = time.monotonic() + PATIENCE_SECONDS
                continue
            if late or not left and (not wait_for_devices or self._complete(sessions, processes, nodes, failed)):
                break
            time.sleep(self._interval)
        up = {session.key for session in self._read() if session.logged_in}
        for node in left:
            failed.setdefault(node.key, Failure(str(node.portal), node.target, "the portal accepts connections, but did not complete the login in time", None))
        return tuple(failure for key, failure in failed.items() if key not in up)

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

    def _unreached(self, left, deadline):
        bound = max(0.5, min(PROBE_SECONDS, deadline - time.monotonic()))
        reasons = self._probe(sorted({node.portal for node in left}), bound)
        return {
            node.key: Failure(str(node.portal), node.target, reasons[node.portal], status_of_reason(reasons[node.portal]))
            for node in left
            if reasons[node.portal]
        }

    @staticmethod
    def _complete(sessions, processes, nodes, failed):
        """True when every disk has its block device. iscsid answers a login after the scan of its LUNs (session_scan_host)."""
        if any(device.name is None for session in sessions if session.key in nodes for device in session.devices):
            return False
        # A portal that fails keeps its iscsiadm waiting for minutes: then the disks of the others decide.
        if failed:
            return all(session.devices for session in sessions if session.key in nodes and session.logged_in)
        return not any(process.running for process in processes)


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
