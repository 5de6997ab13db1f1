# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of iscsi_node: read the host, find what is meant, plan, do, report."""

from __future__ import annotations

import contextlib
import functools
import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import check_known, find_root, foreign_keys
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import is_locked, read_discoveries, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import unreached
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import failure_facts, session_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import Places, turn
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_ask import Ask
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_find import Find, Finding
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_network import Network
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH, Wanted, plan_forget, plan_nodes, plan_session, session_counts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_warnings import of_bare, of_daemon, of_records, of_unused
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.outcome_plan import check_outcome, done_of, foretold, logged_in, without_session
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import probe as probe_portals
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import unmatched, unused_ifaces
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._plan import report, state_diff


class NodeWork:
    """asked: of asked_text. live: False to predict only. places, iscsiadm, probe, paths, trial: the host, or a test's."""

    def __init__(self, asked, live, places=None, iscsiadm=None, probe=probe_portals, paths=None, trial=None):
        self.warnings = list(asked.warnings)
        self._asked = asked
        self._live = live
        self._places = places or Places()
        self._root = self._places.root or find_root()
        self._iscsiadm = iscsiadm or Iscsiadm(lock=self._places.lock)
        self._network = Network(self._root, self._places, probe)
        self._paths = paths
        self._trial = trial
        self._deadline = time.monotonic() + asked.timeout
        self._found = Finding()
        self._wanted = Wanted(asked.state)
        self._before = self._sessions = self._records = ()
        self._counts = {}

    @contextlib.contextmanager
    def turn(self):
        """Work while no other run does. The time that the task has begins then."""
        with turn(self._places.turn if self._live else None):
            if self._live and is_locked(self._places.lock):
                self._database().await_lock()
            self._deadline = time.monotonic() + self._asked.timeout
            yield

    def plan(self):
        """-> tuple of Step. Targets are asked here; a record that a discovery needs for its CHAP is made here too, when live."""
        asked = self._asked
        foreign = foreign_keys()
        for values in (asked.values, asked.discovery_values):
            check_known(values, foreign)
        records, sessions = read_nodes(self._root, foreign), self._read(chap=any(AUTH in key for key in asked.values))
        self._before = self._sessions = sessions
        self._records = records
        if asked.session_id is not None:
            self._found = Finding(keys=frozenset(session.key for session in sessions if session.sid == asked.session_id))
            steps = plan_session(asked.session_id, sessions)
        else:
            self._found = self._find().find(records, sessions)
            self._wanted = self._wish()
            self._counts = session_counts(self._wanted, records)
            steps = (*(self._found.guess or plan_nodes(self._wanted, records, sessions)), *self._forget(records))
        if any(step.verb in ("logout", "relogin") for step in steps):
            self._guard().check(steps, sessions)
        if any(step.verb == "relogin" for step in steps):
            self._check_chap(steps, records, sessions)
        self._warn(records)
        if self._asked.state == "connected" and not any(step.verb in ("login", "relogin") for step in steps):
            self.warnings.extend(of_daemon([session for session in sessions if session.key in self._found.keys], self._places.proc))
        return (*self._found.first, *steps)

    def apply(self, steps):
        """Do the steps -> tuple of Failure."""
        # Those were done before the discovery.
        left = [step for step in steps if step not in self._found.first]
        down = {session.key for session in self._sessions if not session.logged_in}
        waiting_for = tuple(node for node in self._found.nodes if self._asked.state == "connected" and node.key in down)
        if not left and not waiting_for:
            return ()
        wait = self._asked.wait_for_devices
        outcome = self._apply().nodes(left, self._deadline, wait, waiting_for, self._counts, self._check_one, self._records)
        self._sessions = outcome.sessions
        self.warnings.extend(outcome.warnings)
        return outcome.failures

    def foretell(self, steps):
        """What apply would find out about the portals of the steps -> tuple of Failure: that nothing answers there, or a session is down."""
        nodes = [step.args if step.verb == "login" else step.args[0] for step in steps if step.verb in ("login", "relogin")]
        # Nobody knows what an interface that is not there yet reaches.
        failures = tuple(unreached([node for node in nodes if node.iface not in self._found.unmade], self._network.probe).values())
        rescanned = [step.args for step in steps if step.verb == "rescan"]
        if all(session.logged_in for session in rescanned):
            return failures
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_rescan import left_out

        known = {failure.place for failure in failures}
        return failures + tuple(failure for failure in left_out(rescanned, self._sessions) if failure.place not in known)

    def report(self, steps, failures):
        """The result. Raises SanError when too few sessions are up."""
        everything = (*self._found.failures, *failures)
        sessions = [session for session in self._sessions if session.key in self._found.keys]
        facts = {
            "sessions": [session_facts(session) for session in sessions],
            "failed_portals": [failure_facts(failure) for failure in everything],
            "targets": sorted({target for target, portal, iface in self._found.keys}),
        }
        done = done_of(steps, failures, self._before, self._sessions)
        # What an interface that is not there yet reaches is as unknown as what nobody could be asked for.
        if not (self._asked.takes_away or self._found.blind or self._found.unmade):
            missing = unmatched(self._asked.choice.patterns, {node.target for node in self._found.nodes})
            counts = self._counts if self._asked.state == "connected" else {}
            up = logged_in(sessions) if self._live else foretold(counts, done, sessions)
            # Their names are looked up only where they count.
            silent = self._found.silent if counts and self._asked.min_portals is None else ()
            dead = without_session(silent, self._found.nodes, up, self._sessions, addresses_of) if silent else ()
            check_outcome(counts, missing, dead, up, everything, self._asked.min_portals, facts)
        self.warnings.extend(f"{failure.target or 'discovery'} at {failure.portal}: {failure.reason}" for failure in everything)
        self._warn_of_surplus(sessions)
        return dict(report(done, [state_diff(done, "iSCSI records and sessions")]), **facts)

    def _wish(self):
        asked, found = self._asked, self._found
        exclusive = asked.exclusive
        if exclusive and (found.failures or found.guess):
            self.warnings.append("exclusive: nothing is taken away, because not every portal answered the discovery")
            exclusive = False
        elif exclusive and found.bare:
            # An array that restores its targets answers so for a while.
            self.warnings.append(f"exclusive: nothing is taken away, because {', '.join(map(str, found.bare))} shows this host no target at all")
            exclusive = False
        return Wanted(asked.state, found.nodes, found.keys, asked.values, exclusive, asked.rescan, partial=bool(found.failures))

    def _forget(self, records):
        """Steps for the secrets of the discovery that nothing needs any more."""
        asked, choice = self._asked, self._asked.choice
        if asked.state != "absent" or not asked.portals:
            return ()
        left = [record for record in records if record.key not in self._found.keys]
        partly = any(part is not None for part in (choice.patterns, choice.filters, choice.ifaces))
        # While nothing is known of a portal, each of those that stay may have been found there.
        portals = [portal for portal in asked.portals if not (left and portal in self._found.lost)]
        return plan_forget(portals, read_discoveries(self._root), left, partly)

    def _find(self):
        ask = Ask(self._asked, self._root, self._places.proc, self._deadline, self._iscsiadm, self._network.probe, self._live)
        return Find(self._asked, ask, self._root, self._make_records if self._live else None)

    # A host compiles our code at every run, and most runs find nothing to do: what only a change needs is loaded for a change.

    def _apply(self):
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_tool import Login
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_apply import Apply
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import Helpers
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.watch_tool import Watch

        read = functools.partial(self._read, chap=False)
        login = Login(self._iscsiadm, read, Watch(self._places.sysfs).read, self._network.probe, Helpers("iscsid", self._places.proc).running)
        return Apply(self._iscsiadm, self._make_records(), login, read)

    def _make_records(self):
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_apply import Records

        return Records(self._iscsiadm, self._database())

    def _database(self):
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_write_tool import Database

        return Database(self._root, self._places.lock, self._places.proc)

    def _guard(self):
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_guard import Guard

        return Guard(self._places, self._asked.force, self._paths)

    def _check_one(self, session):
        self._guard().check_one(session)

    def _check_chap(self, steps, records, sessions):
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_tool import read_devices
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_trial import check_chap
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.surplus_plan import check_comes_back

        check_comes_back([step.args[0] for step in steps if step.verb == "relogin"], self._counts, sessions)
        self.warnings += check_chap(steps, records, self._asked.values, read_devices(self._places.sysfs, self._places.proc), self._trial)

    def _read(self, disks=True, chap=True):
        return read_sessions(self._places.sysfs, self._places.udev, disks, chap)

    def _warn_of_surplus(self, sessions):
        if self._asked.state == "connected" and len({session.key for session in sessions}) < len(sessions):
            from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.surplus_plan import MEND, surplus

            self.warnings.extend(f"{words}. {MEND}" for words in surplus(self._counts, sessions).values())

    def _warn(self, records):
        asked, found = self._asked, self._found
        unused = () if asked.choice.ifaces or self._wanted.exclusive else unused_ifaces(found.nodes, records)
        self.warnings.extend((*found.warnings, *of_bare(found.bare), *of_unused(unused), *self._network.warnings(asked.choice.ifaces or ())))
        self.warnings.extend(of_records(records, found.keys, self._root, asked.takes_away))
