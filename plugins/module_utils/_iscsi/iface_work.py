# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of iscsi_iface: read the host, plan, do, report."""

from __future__ import annotations

import os

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import PACKAGE, find_root
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_ifaces, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_write_tool import Database
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import iface_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import turn
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_plan import outcome_iface, plan_iface, untaken
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_plan import binding_warnings
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_tool import read_devices
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import render_new
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._plan import report, state_diff


class IfaceWork:
    """values: of asked_iface. places: of the host. live: False to predict only."""

    def __init__(self, name, state, values, places, live):
        self._name = name
        self._state = state
        self._values = values
        self._places = places
        self._live = live
        self._root = places.root or find_root()
        self._warnings = ()

    def turn(self):
        """Work while no other run does."""
        return turn(self._places.turn if self._live else None)

    def plan(self):
        """-> tuple of Step."""
        nodes = [node for node in read_nodes(self._root) if node.iface == self._name]
        sessions = [session for session in read_sessions(self._places.sysfs, self._places.udev, disks=False) if session.iface == self._name]
        record = self._record()
        steps = plan_iface(self._state, self._name, self._values, record, nodes, sessions)
        self._warnings = (*self._missing(steps), *untaken(steps, sessions), *self._binding(outcome_iface(steps, record)))
        return steps

    def apply(self, steps):
        """Do the steps, all of them at a time."""
        if not steps:
            return
        missing = self._missing(steps)
        if missing:
            raise SanError(*missing)
        database = Database(self._root, self._places.lock, self._places.proc)
        texts = {}
        with database.locked():
            for step in steps:
                if step.verb == "create":
                    texts[os.path.join(self._root, "ifaces", self._name)] = render_new(step.args)
                elif step.verb == "update":
                    record, changes = step.args
                    texts[record.path] = database.changed(record.path, changes)
                else:
                    database.remove_file(step.args.path)
            database.write(texts)

    def warnings(self):
        """What a user should know."""
        return self._warnings

    def report(self, steps):
        """The result."""
        record = self._record()
        return dict(report(steps, [state_diff(steps, "iSCSI interfaces")]), iface=record and iface_facts(record))

    def _missing(self, steps):
        """What to say of a host without open-iscsi on which there is something to do."""
        if not steps or os.path.isdir(self._root):
            return ()
        return (f"{self._root}: no such directory for the records of open-iscsi. Install {PACKAGE} and run again.",)

    def _binding(self, values):
        return () if values is None else binding_warnings(self._name, values, read_devices(self._places.sysfs, self._places.proc))

    def _record(self):
        return next((record for record in read_ifaces(self._root) if record.name == self._name), None)
