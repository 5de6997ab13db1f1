# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether sessions can be logged out without taking a disk away from somebody who uses it."""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import use_of

RUNNING = "running"
# A partition of a multipath map, made by kpartx: no use by itself, only what is on it.
PARTITION_UUID = re.compile(r"part[0-9]+-mpath-.*")


def why_not(leaving, sessions, nodes, users, dead=frozenset()):
    """Reasons against logging these sessions out together -> tuple of str, empty when it is safe.

    leaving: sids. sessions: all of the host. nodes, users: of read_nodes and read_users. dead: disks that carry no I/O although they look well.
    """
    gone = {device.name for session in sessions if session.sid in leaving for device in session.devices if device.name}
    idle = {device.name for session in sessions if not session.logged_in for device in session.devices}
    idle |= {device.name for session in sessions for device in session.devices if device.state != RUNNING}
    reasons = []
    for name in sorted(gone & set(nodes)):
        maps = [held for held in nodes[name].holders if held in nodes and nodes[held].is_multipath]
        for each in maps:
            used = _users_of(each, nodes, users)
            left = [path for path in nodes[each].slaves if path not in gone | idle | set(dead)]
            if used and not left:
                reasons.append(f"{name} is the last path of {nodes[each]}: {', '.join(used)}")
        if not maps and _users_of(name, nodes, users):
            reasons.append(f"{name}: {', '.join(_users_of(name, nodes, users))}")
    return tuple(dict.fromkeys(reasons))


def _users_of(name, nodes, users):
    """The words of use_of, without partitions of a map that nobody uses."""
    idle = {f"held by {node}" for node in nodes.values() if PARTITION_UUID.fullmatch(node.dm_uuid or "")}
    return tuple(word for word in use_of(name, nodes, users).in_use_by if word not in idle)
