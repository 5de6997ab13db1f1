# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uses a map: mounts, holders and swap as sysfs shows them, and whoever has it open besides."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import held_open, partitions_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users, use_of


def map_users(dm, dmsetup, places):
    """Who uses the map dm (dm-0), in words, as a tuple; none when it is free or gone. dmsetup: the tool."""
    nodes = read_nodes(places.sysfs)
    if dm not in nodes:
        return ()
    own = {f"held by {nodes[name]}" for name in partitions_of(nodes[dm], nodes)}
    words = tuple(said for said in use_of(dm, nodes, read_users(nodes, places.sysfs, places.proc)).in_use_by if said not in own)
    return words or held_open((dm,), nodes, dmsetup.open_counts, places.proc).get(dm, ())
