# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uses a map: mounts, holders and swap as sysfs shows them, and whoever has it open besides."""

from __future__ import annotations

import contextlib
import os
import re

from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users, use_of
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# udev opens a device for a moment after every change.
OPEN_SECONDS = 5
INTERVAL_SECONDS = 0.3


def partitions_of(node, nodes):
    """The kernel names of the partitions that kpartx has made on a map (uuid part1-mpath-WWID). They go with the map."""
    return tuple(name for name in node.holders if re.fullmatch(rf"part[0-9]+-{re.escape(node.dm_uuid or '')}", nodes[name].dm_uuid or ""))


def map_users(dm, dmsetup, places):
    """Who uses the map dm (dm-0), in words, as a tuple; none when it is free or gone. dmsetup: the tool."""
    nodes = read_nodes(places.sysfs)
    if dm not in nodes:
        return ()
    partitions = partitions_of(nodes[dm], nodes)
    own = {f"held by {nodes[name]}" for name in partitions}
    words = tuple(said for said in use_of(dm, nodes, read_users(nodes, places.sysfs, places.proc)).in_use_by if said not in own)
    if words or wait_until(lambda: not _opens(dm, partitions, dmsetup), OPEN_SECONDS, INTERVAL_SECONDS):
        return words
    known = openers((dm, *partitions), places.proc)
    return known or (f"{dm} is open, and no process of this host shows it: look for a container, a virtual machine, or an exported LUN",)


def openers(names, proc="/proc"):
    """The processes that have one of the block devices open, as a tuple of words. Follows no link, so that nothing can hang."""
    wanted = {f"/dev/{name}" for name in names}
    found = []
    for pid in sorted(filter(str.isdigit, os.listdir(proc)), key=int):
        if wanted & set(_open_files(os.path.join(proc, pid, "fd"))):
            found.append(f"open by {_command(os.path.join(proc, pid, 'comm'))} (process {pid})")
    return tuple(found)


def _opens(dm, partitions, dmsetup):
    """How often a map and its partitions are open, not counting the partitions themselves."""
    counts = dmsetup.open_counts()
    return counts.get(dm, 0) - len(partitions) + sum(counts.get(name, 0) for name in partitions)


def _open_files(directory):
    try:
        names = os.listdir(directory)
    except OSError:
        # The process has ended.
        return
    for name in names:
        # A file may be closed meanwhile.
        with contextlib.suppress(OSError):
            yield os.readlink(os.path.join(directory, name))


def _command(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "a process"
