# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps as the kernel alone tells them, for a host whose multipathd does not run."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kernel_plan import kernel_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE


def read_kernel_maps(dmsetup, disks, devices, places=HERE):
    """The maps as the kernel alone tells them, as a tuple of Map. dmsetup: the tool; disks, devices: of disk_tool and map_tool."""
    known = {}
    for disk in disks:
        place = (places.sysfs, "block", disk.name)
        known[attribute(*place, "dev")] = (disk.name, disk.vendor, disk.model, attribute(*place, "device", "state"))
    return kernel_maps(dmsetup.tables(), dmsetup.statuses(), devices, known)
