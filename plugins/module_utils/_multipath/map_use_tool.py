# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uses a map: mounts, holders and swap as sysfs shows them, and whoever has it, or a path that it would take, open besides."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import held_open
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import partitions_of, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users, use_of


def map_users(dm, dmsetup, places):
    """Who uses the map dm (dm-0), in words, as a tuple; none when it is free or gone. dmsetup: the tool."""
    nodes = read_nodes(places.sysfs)
    if dm not in nodes:
        return ()
    own = {f"held by {nodes[name]}" for name in partitions_of(nodes[dm], nodes)}
    words = tuple(said for said in use_of(dm, nodes, read_users(nodes, places.sysfs, places.proc)).in_use_by if said not in own)
    return words or held_open((dm,), nodes, dmsetup.open_counts, places.proc).get(dm, ())


def with_openers(host, wwids, places):
    """The same Host, in which who has a path of these LUNs open that is in no map of theirs is a user of that path."""
    luns = [lun for lun in host.luns if lun.wwid in wwids]
    outside = {path.name for lun in luns for path in lun.paths if path.name not in _in_map(lun, host)}
    nodes = read_nodes(places.sysfs) if outside else {}
    there = outside.intersection(nodes)
    # None is a map, so that dmsetup is not asked.
    opened = held_open(there, nodes, dict, places.proc) if there else {}
    return replace(host, luns=tuple(_with_users(lun, opened) for lun in host.luns)) if opened else host


def _in_map(lun, host):
    device = host.device(lun.wwid)
    return device.slaves if device else ()


def _with_users(lun, opened):
    return replace(lun, paths=tuple(replace(path, users=(*path.users, *opened.get(path.name, ()))) for path in lun.paths))
