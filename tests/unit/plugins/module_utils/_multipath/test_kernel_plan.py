# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's tables in the shape of multipathd's topology."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kernel_plan import kernel_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.table_text import parse_statuses, parse_tables
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path

DISKS = {"8:16": ("sdb", "Qsan", "P600Q", "running"), "8:32": ("sdc", "Qsan", "P600Q", "transport-offline")}
TABLES = parse_tables(
    "qsan: 0 8 multipath 1 queue_if_no_path 1 alua 2 1 service-time 0 1 2 8:16 1 1 service-time 0 1 2 8:32 1 1 \nother: 0 8 multipath 0 0 0 0 \n"
)
STATUSES = parse_statuses("qsan: 0 8 multipath 2 0 0 0 2 1 A 0 1 2 8:16 A 0 0 1 E 0 1 2 8:32 F 1 0 1 \n")


def test_maps():
    devices = (DmDevice("dm-0", "qsan", "mpath-3a", 4096), DmDevice("dm-1", "other", "LVM-x"))
    paths = (Path("sdb", "8:16", "active", "running"), Path("sdc", "8:32", "failed", "transport-offline"))
    groups = tuple(Group(number, "service-time 0", None, state, False, (path,)) for number, (state, path) in enumerate(zip(("active", "enabled"), paths), 1))
    expected = Map("qsan", "3a", "dm-0", "Qsan", "P600Q", None, "1 queue_if_no_path", "1 alua", None, None, "rw", "active", None, groups)
    assert kernel_maps(TABLES, STATUSES, devices, DISKS) == (expected,)


def test_a_map_that_changes_meanwhile():
    """Suspended, without its status, and with a path whose disk is gone."""
    devices = (DmDevice("dm-0", "qsan", "mpath-3a", 4096, suspended=True, read_only=True),)
    (told,) = kernel_maps(TABLES, (), devices, {})
    assert (told.state, told.write_protect, told.vendor) == ("suspend", "ro", None)
    assert [(path.name, path.dm_state) for path in told.paths] == [("8:16", "undef"), ("8:32", "undef")]
