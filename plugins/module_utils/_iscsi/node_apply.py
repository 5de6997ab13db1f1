# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of node_plan -> calls of the tools, in the order of the plan; each can be killed and run again."""

from __future__ import annotations

import functools
import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import failure_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import DATABASE_SECONDS, LOGOUT_SECONDS, raise_for, side_by_side
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_tool import Outcome
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_rescan import rescan
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.surplus_plan import check_comes_back
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.watch_tool import is_there, late_warning
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# How long, and how often, a target without any LUN is asked again.
LATE_SECONDS = 10
LATE_INTERVAL = 1
SCAN = "node.session.scan"


class Apply:
    """iscsiadm, records, login: the tools. read: gives the sessions of the host; disks=False: without size and WWID of their devices."""

    def __init__(self, iscsiadm, records, login, read):
        self._iscsiadm = iscsiadm
        self._records = records
        self._login = login
        self._read = read

    def nodes(self, steps, deadline, wait_for_devices, waiting_for, counts, check, records):
        """Do all steps -> Outcome of the logins.

        waiting_for: nodes whose session comes back by itself. counts: sessions that each node is to have.
        check: called with a session right before it is logged out for a relogin. records: of the host, before the steps.
        """
        by_verb = {}
        for step in steps:
            by_verb.setdefault(step.verb, []).append(step.args)
        self._logout(by_verb.get("logout", ()))
        self._records.delete(by_verb.get("delete", ()))
        self._records.forget(by_verb.get("forget", ()))
        self._records.create(by_verb.get("create", ()))
        self._records.delete(by_verb.get("retire", ()))
        self._records.update(by_verb.get("update", ()))
        failures, warnings = self._relogin(by_verb.get("relogin", ()), deadline, check, counts)
        untried = self._untried(by_verb.get("login", ()), counts)
        nodes = tuple(node for node in by_verb.get("login", ()) if node.key not in untried)
        waiting_for = tuple(node for node in waiting_for if node.key not in untried)
        failures += tuple(untried.values())
        if nodes and by_verb.keys() & {"delete", "create", "retire", "update", "relogin"}:
            records = self._records.read()
        sessions = None
        if nodes or waiting_for:
            outcome = self._login.login(nodes, records if nodes else (), deadline, wait_for_devices, waiting_for, counts)
            failures, sessions, warnings = failures + outcome.failures, outcome.sessions, warnings + outcome.warnings
        if nodes and wait_for_devices:
            # Those of the others appear on request only.
            scanned = {node.key for node in nodes} - {record.key for record in records if record.values.get(SCAN) == "manual"}
            sessions = self._await_disks(scanned, sessions, deadline)
        rescanned = by_verb.get("rescan", ())
        if rescanned:
            known = {failure.place for failure in failures}
            down, errors = rescan(self._iscsiadm, rescanned, self._read(disks=False), deadline)
            if errors:
                everything = (*failures, *down, *errors)
                raise SanError(" ".join(error.reason for error in errors), failed_portals=[failure_facts(failure) for failure in everything])
            failures += tuple(failure for failure in down if failure.place not in known)
            if wait_for_devices:
                # The kernel answers a rescan before the disks that it found have their block devices.
                sids = {session.sid for session in rescanned}
                if not wait_until(functools.partial(self._all_named, sids), max(0, deadline - time.monotonic())):
                    warnings += (late_warning([session for session in self._read(disks=False) if session.sid in sids and session.devices]),)
        return Outcome(failures, self._read() if sessions is None or rescanned else sessions, tuple(dict.fromkeys(warnings)))

    def _untried(self, nodes, counts):
        """Nodes of several sessions at whose portals nothing answers -> dict of key and Failure.

        iscsid goes on trying there for minutes. Each run would add to its logins, which would all come up with the portal.
        """
        return self._login.unreached([node for node in nodes if counts[node.key] > 1])

    def _await_disks(self, keys, sessions, deadline):
        """A target can take the login before it has its LUNs. One that shows none at all is asked again, for a moment -> the sessions then."""
        bound = min(deadline, time.monotonic() + LATE_SECONDS)
        bare = _bare(sessions, keys)
        while bare and time.monotonic() < bound:
            time.sleep(LATE_INTERVAL)
            # One that could not be asked still shows no disk.
            rescan(self._iscsiadm, bare, sessions, bound)
            sessions = self._read()
            bare = _bare(sessions, keys)
        return sessions

    def _all_named(self, sids):
        return all(device.name for session in self._read(disks=False) if session.sid in sids for device in session.devices)

    def _logout(self, sessions):
        started = side_by_side(sessions, lambda session: self._iscsiadm.start_logout(session.sid))
        results = [(session, process.finish(LOGOUT_SECONDS)) for session, process in started]
        left = {session.sid for session in self._read(disks=False)} if results else ()
        for session, result in results:
            # The answer can be an error although the session is gone: another run was faster.
            if session.sid in left:
                raise_for(f"session {session.sid} ({describe(session)}): logout", result)

    def _relogin(self, pairs, deadline, check, counts):
        """One after the other, so that the other paths of a map carry its I/O; the next only when the disks of the last are back.

        -> (tuple of Failure, tuple of warnings): a session whose portal does not answer now is left as it is, for it would not come back.
        """
        warnings = ()
        unreached = self._login.unreached([node for node, session in pairs])
        for node, session in pairs:
            if node.key in unreached:
                continue
            check(session)
            maps_needed = bool(session.devices)
            present = self._read(disks=False)
            # Another tool may have made one since the plan.
            check_comes_back((node,), counts, present)
            # A second session at the same portal is no sign that this one is back.
            count = 1 + sum(each.key == node.key and each.sid != session.sid and each.logged_in for each in present)
            self._logout((session,))
            # What was logged out is worth more than the timeout.
            bound = max(deadline, time.monotonic() + DATABASE_SECONDS)
            outcome = self._login.login((node,), self._records.read(), bound, counts={node.key: count})
            failures, warnings = outcome.failures, warnings + outcome.warnings
            if failures:
                raise SanError(
                    f"{node}: logged out to use its new CHAP values, and the login failed: {failures[0].reason}. "
                    "Sessions after it were left as they are. Check the names and secrets on the target and run again.",
                    failed_portals=[failure_facts(failure) for failure in failures],
                )
            if maps_needed:
                wait_until(functools.partial(self._have_disks, node, count), max(0, deadline - time.monotonic()))
        return tuple(unreached.values()), warnings

    def _have_disks(self, node, count):
        return sum(is_there(session) for session in self._read(disks=False) if session.key == node.key) >= count


def _bare(sessions, keys):
    """The sessions, of those with the keys, of targets that show no disk."""
    showing = {session.target for session in sessions if session.devices}
    return [session for session in sessions if session.key in keys and session.logged_in and session.target not in showing]
