# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uses a block device: mounts, swap, and the devices built on it, seen through partitions, LVM, md, crypt and maps.

What the kernel does not show here (ZFS, a LUN exported by LIO, a mount in another namespace) still claims the device: see contents_tool.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.mountinfo_text import parse_mountinfo
from ansible_collections.linuxsan.host.plugins.module_utils._block.swaps_text import parse_swaps
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import disks_of, partitions_of
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text

MAPPER = "/dev/mapper/"
# File systems over several devices: their mounts have a device number of their own (0:N), not that of a disk.
BTRFS = "btrfs"


@dataclass(frozen=True)
class Use:
    """Who uses a device.

    holders: names of the devices built on it or on its partitions, nearest first. mountpoints: where it or one of those is mounted.
    swap: True when one of them is swapped to. in_use_by: all of this in words, empty when no user is known.
    """

    holders: Tuple[str, ...]
    mountpoints: Tuple[str, ...]
    swap: bool
    in_use_by: Tuple[str, ...]


@dataclass(frozen=True)
class Users:
    """Direct users, by the name of the device. mounts: mount points; swaps: names; btrfs: file system ids; loops: loop devices."""

    mounts: dict
    swaps: frozenset
    btrfs: dict
    loops: dict


def read_users(nodes, sysfs="/sys", proc="/proc"):
    """Who uses the devices of read_nodes() directly -> Users."""
    mounts = _read_mounts(proc)
    btrfs = _read_btrfs(sysfs)
    return Users(
        mounts=_mounts_by_name(nodes, mounts, btrfs),
        swaps=frozenset(name_of(swap.path, nodes) for swap in _read_swaps(proc)),
        btrfs=btrfs,
        loops=_loops(nodes),
    )


def use_of(name, nodes, users):
    """The Use of one device of nodes."""
    # Whoever uses the whole disk or map uses its partitions too: a multipath map on sdb has the blocks of sdb1.
    whole = disks_of(nodes[name], nodes)
    start = (name, *whole)
    # Those that kpartx made hold the map, and are no users of each other.
    sisters = {part for each in whole for part in partitions_of(nodes[each], nodes)}
    built_on_it = tuple(_above(start, sisters, nodes, users))
    parts = (part for each in (name, *built_on_it) for part in nodes[each].partitions)
    everything = tuple(dict.fromkeys((*start, *parts, *built_on_it)))
    mountpoints = tuple(dict.fromkeys(point for each in everything for point in users.mounts.get(each, ())))
    swap = any(each in users.swaps for each in everything)
    words = (
        *(f"held by {nodes[held]}" for held in built_on_it),
        *(f"mounted on {point}" for point in mountpoints),
        *(f"member of btrfs {fsid}" for each in everything for fsid in users.btrfs.get(each, ())),
        *(("swap",) if swap else ()),
    )
    return Use(built_on_it, mountpoints, swap, tuple(dict.fromkeys(words)))


def name_of(path, nodes):
    """The name in /sys/block of a device node's path, or None for another path."""
    if path.startswith(MAPPER):
        by_name = [node.name for node in nodes.values() if node.dm_name == path[len(MAPPER) :]]
        if by_name:
            return by_name[0]
    for each in (path, os.path.realpath(path)):
        name = each[len("/dev/") :].replace("/", "!")
        if each.startswith("/dev/") and name in nodes:
            return name
    return None


def _above(start, aside, nodes, users):
    """Breadth first, so that the nearest come first; each once. start: a device, and what it is a partition of; aside: what does not count."""
    seen = []
    waiting = [*start, *nodes[start[0]].partitions]
    while waiting:
        node = nodes[waiting.pop(0)]
        direct = (*node.holders, *users.loops.get(node.name, ()))
        new = [held for held in direct if held in nodes and held not in seen and held not in aside]
        seen.extend(new)
        waiting.extend(part for held in new for part in (held, *nodes[held].partitions))
    return seen


def _read_mounts(proc):
    """Of this process and of init: a module can run in a mount namespace of its own."""
    own, of_init = (os.path.join(proc, owner, "mountinfo") for owner in ("self", "1"))
    text = read_text(own)
    if text is None:
        raise SanError(f"{own}: not there, so nobody knows what is mounted. Mount /proc and run again.")
    return (*parse_mountinfo(text), *(parse_mountinfo(read_text(of_init) or "") if os.access(of_init, os.R_OK) else ()))


def _read_swaps(proc):
    text = read_text(os.path.join(proc, "swaps"))
    return parse_swaps(text) if text else ()


def _read_btrfs(sysfs):
    """Name of a device -> ids of the mounted btrfs it belongs to: mountinfo names only one device of each."""
    members = {}
    base = os.path.join(sysfs, "fs", BTRFS)
    for fsid in sorted(os.listdir(base)) if os.path.isdir(base) else ():
        devices = os.path.join(base, fsid, "devices")
        for name in sorted(os.listdir(devices)) if os.path.isdir(devices) else ():
            members.setdefault(name, []).append(fsid)
    return members


def _mounts_by_name(nodes, mounts, btrfs):
    names = {node.dev: node.name for node in nodes.values() if node.dev}
    points = {}
    for mount in mounts:
        # bcachefs names its devices in one word, with colons between them.
        by_source = (name_of(part, nodes) for part in mount.source.split(":") if part.startswith("/"))
        for name in filter(None, (names.get(mount.dev), *by_source)):
            for each in (name, *_companions(name, btrfs)):
                points.setdefault(each, []).append(mount.mountpoint)
    return points


def _companions(name, btrfs):
    return [other for other, fsids in btrfs.items() if set(fsids) & set(btrfs.get(name, ()))]


def _loops(nodes):
    """Name of a device -> loop devices on it: sysfs has no holders link for these."""
    loops = {}
    for node in nodes.values():
        backing = name_of(node.backing_file, nodes) if node.backing_file else None
        if backing:
            loops.setdefault(backing, []).append(node.name)
    return loops
