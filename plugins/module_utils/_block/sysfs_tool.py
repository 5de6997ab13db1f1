# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices as /sys/block shows them: disks, partitions and what is built on them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES, attribute, natural_key

# Prefix of the dm uuid of a map made by multipath-tools; the WWID follows.
MULTIPATH_UUID = "mpath-"


@dataclass(frozen=True)
class Node:
    """One block device.

    name: as in /sys/block (sda, sda1, dm-3). directory: its real directory in sysfs. dev: major:minor.
    size: bytes, None when the device went away while it was read. sequence: the kernel's diskseq, another one is another disk; None before Linux 5.15.
    parent: the disk of a partition. dm_name, dm_uuid: of a device-mapper device. backing_file: of a loop device.
    """

    name: str
    directory: str
    dev: str
    size: Optional[int]
    read_only: bool
    hidden: bool
    sequence: Optional[str]
    parent: Optional[str]
    partitions: Tuple[str, ...]
    holders: Tuple[str, ...]
    slaves: Tuple[str, ...]
    dm_name: Optional[str]
    dm_uuid: Optional[str]
    backing_file: Optional[str]

    @property
    def device(self):
        """The device node. In sysfs a slash in the name is an exclamation mark (cciss!c0d0)."""
        return "/dev/" + self.name.replace("!", "/")

    @property
    def is_multipath(self):
        """True for a map of multipath-tools."""
        return (self.dm_uuid or "").startswith(MULTIPATH_UUID)

    def __str__(self):
        return f"{self.name} ({self.dm_name})" if self.dm_name else self.name


def read_nodes(sysfs="/sys"):
    """Every block device of the host -> dict of name and Node, in the order of natural_key."""
    nodes = {}
    for name in _entries(os.path.join(sysfs, "block")):
        disk = _node(os.path.realpath(os.path.join(sysfs, "block", name)), None)
        nodes[name] = disk
        for part in disk.partitions:
            nodes[part] = _node(os.path.join(disk.directory, part), name)
    return nodes


def partitions_of(node, nodes):
    """The kernel names of the partitions that kpartx has made on a map (uuid part1-mpath-WWID). They go with the map."""
    uuid = re.compile(rf"part[0-9]+-{re.escape(node.dm_uuid or '')}")
    return tuple(name for name in node.holders if name in nodes and uuid.fullmatch(nodes[name].dm_uuid or ""))


def disks_of(node, nodes):
    """The disk or map that a partition is of. Whoever uses that, or has it open, can write to the partition."""
    maps = (name for name in node.slaves if name in nodes and node.name in partitions_of(nodes[name], nodes))
    return tuple(filter(None, (node.parent, *maps)))


def _node(directory, parent):
    sectors = attribute(directory, "size")
    return Node(
        name=os.path.basename(directory),
        directory=directory,
        dev=attribute(directory, "dev") or "",
        size=int(sectors) * SECTOR_BYTES if sectors and sectors.isdigit() else None,
        read_only=attribute(directory, "ro") == "1",
        hidden=attribute(directory, "hidden") == "1",
        sequence=attribute(directory, "diskseq") or attribute(directory, "..", "diskseq"),
        parent=parent,
        partitions=() if parent else tuple(name for name in _entries(directory) if os.path.exists(os.path.join(directory, name, "partition"))),
        holders=_entries(os.path.join(directory, "holders")),
        slaves=_entries(os.path.join(directory, "slaves")),
        dm_name=attribute(directory, "dm", "name"),
        dm_uuid=attribute(directory, "dm", "uuid"),
        backing_file=attribute(directory, "loop", "backing_file"),
    )


def _entries(directory):
    try:
        return tuple(sorted(os.listdir(directory), key=natural_key))
    except OSError:
        return ()
