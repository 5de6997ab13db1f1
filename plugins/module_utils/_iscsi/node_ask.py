# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portals that an iscsi_node task asks for their targets: through which interfaces, with what, and why that cannot be."""

from __future__ import annotations

import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import PACKAGE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_discoveries, read_ifaces
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import discover
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, DEFAULT_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import daemon_listens


class Ask:
    """asked: of asked_text. iscsiadm: its tool. probe: as in discover_tool. live: False to take an interface that is not there yet for one to come."""

    def __init__(self, asked, root, proc, deadline, iscsiadm, probe, live):
        self._asked = asked
        self._root = root
        self._proc = proc
        self._deadline = deadline
        self._iscsiadm = iscsiadm
        self._probe = probe
        self._live = live
        self._mute = ()
        self.unmade = ()

    def check_ifaces(self):
        """Keep the names of the interfaces that are not there in `unmade`; none when live. Raises SanError.

        What is taken away needs no interface: records and sessions may be left of one that is gone.
        """
        known = {record.name: record.broken for record in read_ifaces(self._root)}
        wrong = {name: known.get(name) for name in self._asked.choice.ifaces or () if known.get(name, name not in BUILT_IN_IFACES)}
        self._mute = tuple(wrong)
        if self._asked.takes_away:
            return
        for name, broken in wrong.items() if self._live else ():
            if name not in known:
                raise SanError(f"iface {name}: open-iscsi has no such interface. Make it with iscsi_iface and run again.")
            raise SanError(f"iface {name}: its record cannot be read: {broken}. Make it anew with iscsi_iface and run again.")
        self.unmade = self._mute

    def portals(self, kind, portals):
        """-> (tuple of Found, tuple of Failure, the portals that answered and show this host nothing)"""
        stored = {record.name: record.spelling for record in read_discoveries(self._root) if record.kind == kind}
        timeout = max(1.0, self._deadline - time.monotonic())
        by_portal, failures = discover(self._iscsiadm, kind, portals, self.through(), stored, timeout, self._probe)
        bare = tuple(portal for portal, answers in by_portal.items() if not answers)
        return tuple(found for answers in by_portal.values() for found in answers), failures, bare

    def silent(self, portals, failures):
        """Those of the portals that answered through no interface."""
        return tuple(portal for portal in portals if sum(failure.portal == str(portal) for failure in failures) == len(self.through()))

    def through(self):
        """The interfaces to ask through."""
        return tuple(name for name in self._asked.choice.ifaces or () if name not in self._mute) or (DEFAULT_IFACE,)

    def why_blind(self, first):
        """Why check mode cannot ask the portals without changing the host, or None."""
        mute = self.why_mute()
        if mute:
            return mute[0]
        return f"interface {self.unmade[0]} is not there yet" if self.unmade else "the CHAP of the discovery is not stored yet" if first else None

    def why_mute(self):
        """Why the portals cannot be asked -> (reason, name of the status that iscsiadm would give), or None."""
        if not self._iscsiadm.installed():
            return f"{PACKAGE} is not installed", None
        return None if daemon_listens(self._proc) else ("iscsid is not running", "ISCSI_ERR_ISCSID_NOTCONN")
