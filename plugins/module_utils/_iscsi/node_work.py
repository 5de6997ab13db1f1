# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of iscsi_node: read the host, ask the portals, plan, do, report."""

from __future__ import annotations

import functools
import itertools
import time

from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes as read_block_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import Database, find_root, read_discoveries, read_ifaces, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import discover
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import failure_facts, session_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.guard_plan import why_not
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_tool import Login
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_apply import Apply
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import Wanted, plan_discovery, plan_nodes, plan_session
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.outcome_plan import check_outcome, check_selection
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import probe
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import (
    DEFAULT_IFACE,
    Choice,
    describe,
    known_keys,
    nodes_of_found,
    nodes_of_records,
    targets_behind,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import daemon_listens, read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, report, state_diff
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# Interfaces that open-iscsi has without a record.
BUILT_IN_IFACES = (DEFAULT_IFACE, "iser")
# How long a relogin waits for the other paths of a map at least, whatever timeout says: it is safe to wait.
SETTLE_SECONDS = 15
SETTLE_INTERVAL = 0.5


class NodeWork:
    """asked: of asked_text. started: time.monotonic() of the start. live: False to predict only."""

    def __init__(self, asked, started, live):
        self.warnings = list(asked.warnings)
        self._asked = asked
        self._deadline = started + asked.timeout
        self._live = live
        self._root = find_root()
        self._iscsiadm = Iscsiadm()
        self._nodes = ()
        self._keys = frozenset()
        self._failures = ()

    def plan(self):
        """-> tuple of Step. Discovery is done here; a record that it needs for its CHAP is made here too, when live."""
        asked = self._asked
        sessions, records = read_sessions(), read_nodes(self._root)
        first = ()
        if asked.session_id is not None:
            self._keys = frozenset(session.key for session in sessions if session.sid == asked.session_id)
            steps = plan_session(asked.session_id, sessions)
        elif asked.takes_away:
            self._keys = frozenset(known_keys(records, sessions, self._known_choice(records, sessions)))
            steps = plan_nodes(Wanted(asked.state, keys=self._keys), records, sessions)
        else:
            first, predicted = self._find(records, sessions)
            if predicted:
                return (*first, *predicted)
            steps = plan_nodes(self._wanted(), records, sessions)
        self._guard(steps, sessions)
        self._warn_of_broken(records)
        return (*first, *steps)

    def apply(self, steps):
        """Do the steps -> tuple of Failure."""
        # Those were done before the discovery.
        left = [step for step in steps if not step.subject.startswith("discovery record")]
        waiting = {session.key for session in read_sessions(disks=False) if not session.logged_in}
        waiting_for = tuple(node for node in self._nodes if self._asked.state == "connected" and node.key in waiting)
        return self._apply().nodes(left, self._deadline, self._asked.wait_for_devices, waiting_for, self._check_one)

    def report(self, steps, failures):
        """The result. Raises SanError when too few sessions are up."""
        everything = (*self._failures, *failures)
        sessions = [session for session in read_sessions() if session.key in self._keys]
        targets = sorted({target for target, portal, iface in self._keys})
        facts = {
            "sessions": [session_facts(session) for session in sessions],
            "failed_portals": [failure_facts(failure) for failure in everything],
            "targets": targets,
        }
        if self._live and self._asked.state == "connected":
            check_outcome(self._nodes, sessions, everything, self._asked.min_portals, facts)
        self.warnings.extend(f"{failure.target or 'discovery'} at {failure.portal}: {failure.reason}" for failure in everything)
        return dict(report(steps, [state_diff(steps, "iSCSI records and sessions")]), **facts)

    def _wanted(self):
        asked = self._asked
        exclusive = asked.exclusive and not self._failures
        if asked.exclusive and self._failures:
            self.warnings.append("exclusive: nothing is taken away, because not every portal answered the discovery")
        return Wanted(asked.state, self._nodes, self._keys, asked.values, exclusive, asked.rescan)

    def _find(self, records, sessions):
        """Find the nodes that are meant -> (steps before the discovery, steps that are foretold without one)."""
        asked = self._asked
        discoveries = () if asked.kind == "static" else read_discoveries(self._root)
        self._check_ifaces()
        if not asked.portals:
            self._choose(nodes_of_records(records, asked.choice))
            check_selection(asked, self._nodes, (), ())
            return (), ()
        if asked.kind == "static":
            found = [Found(target, portal, portal.host, None) for target, portal in itertools.product(asked.choice.patterns, asked.portals)]
            # An existing record knows the portal group.
            self._choose(nodes_of_found(found, records, sessions, asked.choice))
            return (), ()
        first = self._discovery_steps(discoveries)
        blind = None if self._live else self._why_blind(first)
        if blind:
            self.warnings.append(f"the portals were not asked for their targets, because {blind}; that the host is not connected yet is a guess")
            foretold = Step("connect", f"targets at {', '.join(map(str, asked.portals))}", None, asked.state)
            return first, (foretold,)
        if self._live:
            self._apply().discoveries(first)
        found = self._ask({record.name for record in (*discoveries, *read_discoveries(self._root)) if record.kind == asked.kind})
        nodes = nodes_of_found(found, records, sessions, asked.choice)
        if self._failures and asked.choice.patterns is not None:
            # A target that only a dead portal shows is known from earlier.
            seen = {node.target for node in nodes}
            nodes += tuple(node for node in nodes_of_records(records, asked.choice) if node.target not in seen)
        self._choose(nodes)
        check_selection(asked, nodes, found, self._failures)
        return first, ()

    def _ask(self, stored):
        asked = self._asked
        timeout = max(1.0, self._deadline - time.monotonic())
        by_portal, self._failures = discover(self._iscsiadm, asked.kind, asked.portals, asked.choice.ifaces or (DEFAULT_IFACE,), stored, timeout, self._probe())
        return tuple(found for answers in by_portal.values() for found in answers)

    def _discovery_steps(self, discoveries):
        by_name = {(record.name, record.kind): record for record in discoveries}
        kind = self._asked.kind
        plans = (plan_discovery(str(portal), kind, self._asked.discovery_values, by_name.get((str(portal), kind))) for portal in self._asked.portals)
        return tuple(step for steps in plans for step in steps)

    def _why_blind(self, first):
        """Why check mode cannot ask the portals without changing the host, or None."""
        if not self._iscsiadm.installed():
            return "open-iscsi is not installed"
        if not daemon_listens():
            return "iscsid is not running"
        return "the CHAP of the discovery is not stored yet" if first else None

    def _known_choice(self, records, sessions):
        """What goes away is chosen among what the host knows. The portals are asked when the targets are not named."""
        choice = self._asked.choice
        if choice.patterns is not None or not (records or sessions):
            return choice
        targets = targets_behind(self._asked.portals, records, sessions)
        if self._asked.kind != "static" and self._iscsiadm.installed() and daemon_listens():
            stored = {record.name for record in read_discoveries(self._root) if record.kind == self._asked.kind}
            targets |= {found.target for found in self._ask(stored)}
        return Choice(tuple(sorted(targets)), choice.filters, choice.ifaces)

    def _choose(self, nodes):
        self._nodes = nodes
        self._keys = frozenset(node.key for node in nodes)

    def _check_ifaces(self):
        known = {record.name for record in read_ifaces(self._root)} | set(BUILT_IN_IFACES)
        unknown = [name for name in self._asked.choice.ifaces or () if name not in known]
        if unknown:
            raise SanError(f"iface {unknown[0]}: open-iscsi has no such interface. Make it (iscsiadm -m iface -I {unknown[0]} -o new) and run again.")

    def _probe(self):
        chosen = self._asked.choice.ifaces or ()
        bound = {record.name: record.values.get("iface.net_ifacename") for record in read_ifaces(self._root)}
        return functools.partial(probe, devices=tuple(filter(None, map(bound.get, chosen))))

    def _apply(self):
        read = functools.partial(read_sessions, disks=False)
        return Apply(self._iscsiadm, Database(self._root), Login(self._iscsiadm, read, self._probe()), read)

    def _guard(self, steps, sessions):
        """Refuse what would take a disk from its user. Logouts go together, relogins one after the other."""
        leaving = {step.args.sid for step in steps if step.verb == "logout"}
        self._refuse(leaving, sessions)
        for step in steps:
            if step.verb == "relogin":
                self._refuse({step.args[1].sid} | leaving, sessions)

    def _check_one(self, session):
        """Right before a relogin. multipathd takes a moment to put the path of the last one back into its map."""
        leaving = {session.sid}
        bound = max(SETTLE_SECONDS, self._deadline - time.monotonic())
        wait_until(lambda: not self._reasons(leaving, read_sessions()), bound, SETTLE_INTERVAL)
        self._refuse(leaving, read_sessions())

    def _reasons(self, leaving, sessions):
        if not leaving or self._asked.force:
            return ()
        nodes = read_block_nodes()
        return why_not(leaving, sessions, nodes, read_users(nodes))

    def _refuse(self, leaving, sessions):
        reasons = self._reasons(leaving, sessions)
        if reasons:
            names = ", ".join(describe(session) for session in sessions if session.sid in leaving)
            raise SanError(f"{names}: logout refused: {'; '.join(reasons)}. Unmount it or free it first; force=true logs out all the same and may lose data.")

    def _warn_of_broken(self, records):
        self.warnings.extend(
            f"{record.path}: not a node record: {record.broken}. Remove the file: iscsiadm stumbles over it"
            for record in records
            if record.broken and record.key not in self._keys
        )
