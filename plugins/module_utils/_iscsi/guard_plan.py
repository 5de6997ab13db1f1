# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether sessions can be logged out without taking a disk away from somebody who uses it.

leaving: sids. sessions: all of the host. nodes, users: of read_nodes and read_users. dead: disks that carry no I/O although they look well.
"""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import use_of

RUNNING = "running"
# A partition of a multipath map, made by kpartx: no use by itself, only what is on it.
PARTITION_UUID = re.compile(r"part[0-9]+-mpath-.*")


def why_not(leaving, sessions, nodes, users, dead=frozenset()):
    """Reasons against logging these sessions out together -> tuple of str, empty when no user is known."""
    out = _without_io(leaving, sessions, dead)
    reasons = []
    for name, maps in at_stake(leaving, sessions, nodes).items():
        for each in _cut_off(maps, nodes, out):
            reasons.extend(f"{name} is the last path of {nodes[each]}: {words}" for words in _users_of(each, nodes, users))
        if not maps:
            reasons.extend(f"{name}: {words}" for words in _users_of(name, nodes, users))
    return tuple(dict.fromkeys(reasons))


def at_stake(leaving, sessions, nodes):
    """The disks that go -> dict of name and the multipath maps on it."""
    going = sorted({device.name for session in sessions if session.sid in leaving for device in session.devices if device.name in nodes})
    return {name: [held for held in nodes[name].holders if held in nodes and nodes[held].is_multipath] for name in going}


def lost(leaving, sessions, nodes, dead=frozenset()):
    """What nobody can reach any more -> tuple of names of disks and maps, each once."""
    out = _without_io(leaving, sessions, dead)
    names = []
    for name, maps in at_stake(leaving, sessions, nodes).items():
        names.extend(_cut_off(maps, nodes, out) if maps else [name])
    return tuple(dict.fromkeys(names))


def claimable(names, sessions, nodes, dead=frozenset()):
    """Of what is lost that which can be asked for its claim -> tuple of names of disks, maps and the partitions of maps, those on top only."""
    # A disk that does not answer would keep whoever asks it.
    idle = _without_io((), sessions, dead)
    tops = ([held for held in nodes[name].holders if held in nodes] or [name] for name in names if name not in idle)
    return tuple(dict.fromkeys(top for several in tops for top in several))


def _cut_off(maps, nodes, out):
    """The maps without a path that carries their I/O on."""
    return [each for each in maps if out.issuperset(nodes[each].slaves)]


def _without_io(leaving, sessions, dead):
    """Disks that carry no I/O: of the sessions that go, of those that are down, and what the SCSI layer or device-mapper gave up."""
    down = {device.name for session in sessions for device in session.devices if session.sid in leaving or not session.logged_in or device.state != RUNNING}
    return down | set(dead)


def _users_of(name, nodes, users):
    """The words of use_of on one line, without partitions of a map that nobody uses -> tuple of one or none."""
    use = use_of(name, nodes, users)
    idle = {f"held by {nodes[held]}" for held in use.holders if PARTITION_UUID.fullmatch(nodes[held].dm_uuid or "")}
    words = [word for word in use.in_use_by if word not in idle]
    return (", ".join(words),) if words else ()
