# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses to log out of sessions whose disks are in use, by what the host shows at that moment."""

from __future__ import annotations

import glob
import os

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import held_open
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes as read_block_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.guard_plan import at_stake, claimable, lost, why_not
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.path_tool import Paths
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# How long a relogin waits for the other paths of a map: it is safe to wait.
SETTLE_SECONDS = 15
SETTLE_INTERVAL = 0.5


class Guard:
    """places: of the host. force: refuse nothing. paths: asks the kernel about maps and claims."""

    def __init__(self, places, force, paths=None):
        self._places = places
        self._force = force
        self._paths = paths or Paths()

    def check(self, steps, sessions):
        """Refuse what would take a disk from its user. Logouts go together, relogins one after the other."""
        leaving = {step.args.sid for step in steps if step.verb == "logout"}
        self._refuse(leaving, sessions)
        for step in steps:
            if step.verb == "relogin":
                self._refuse({step.args[1].sid} | leaving, sessions)

    def check_one(self, session):
        """Right before a relogin. multipathd takes a moment to put the path of the last one back into its map."""
        leaving = {session.sid}
        wait_until(lambda: not self._reasons(leaving, self._read()), SETTLE_SECONDS, SETTLE_INTERVAL)
        self._refuse(leaving, self._read())

    def _read(self):
        return read_sessions(self._places.sysfs, self._places.udev)

    def _reasons(self, leaving, sessions):
        if not leaving or self._force:
            return ()
        nodes = read_block_nodes(self._places.sysfs)
        users = read_users(nodes, self._places.sysfs, self._places.proc)
        dead = self._paths.failed(nodes) if any(at_stake(leaving, sessions, nodes).values()) else frozenset()
        known = why_not(leaving, sessions, nodes, users, dead)
        return known or self._unshown(leaving, sessions, nodes, dead)

    def _unshown(self, leaving, sessions, nodes, dead):
        """Users that are nowhere to be read."""
        names = lost(leaving, sessions, nodes, dead)
        # A mount in another namespace, ZFS, or a LUN exported by LIO.
        claimed = self._paths.claimed(claimable(names, sessions, nodes, dead), nodes)
        if claimed:
            return tuple(f"{name}: somebody holds it" for name in claimed)
        # The raw disk of a virtual machine or a database, the tape drive of a backup.
        opened = held_open(names, nodes, self._paths.open_counts, self._places.proc, _units(leaving, self._places.sysfs))
        return tuple(f"{nodes.get(name, name)}: {', '.join(words)}" for name, words in opened.items())

    def _refuse(self, leaving, sessions):
        reasons = self._reasons(leaving, sessions)
        if reasons:
            names = ", ".join(describe(session) for session in sessions if session.sid in leaving)
            raise SanError(f"{names}: logout refused: {'; '.join(reasons)}. Unmount it or free it first; force=true logs out all the same and may lose data.")


def _units(leaving, sysfs):
    """The SCSI units of sessions that have no block device, as tape drives, changers and enclosures -> dict of name and directory. leaving: sids."""
    base = os.path.join(glob.escape(sysfs), "class", "iscsi_session")
    found = (path for sid in sorted(leaving) for path in sorted(glob.glob(os.path.join(base, f"session{sid}", "device", "target*", "*:*:*:*"))))
    return {f"SCSI unit {os.path.basename(path)}": path for path in found if not os.path.isdir(os.path.join(path, "block"))}
