# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps as the kernel alone tells them, in the shape of multipathd's topology: for a host on which multipathd does not run.

No checker has looked at the paths, so their checker state is undef.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path


def kernel_maps(tables, statuses, devices, disks):
    """tables, statuses: of dmsetup; devices: DmDevice; disks: major:minor -> (name, vendor, product, state). Returns a tuple of Map."""
    by_name = {device.name: device for device in devices if device.wwid}
    states = {status.name: status for status in statuses}
    return tuple(_map(table, states.get(table.name), by_name[table.name], disks) for table in tables if table.name in by_name)


def _map(table, status, device, disks):
    known = [disks[dev] for group in table.groups for dev in group.devices if dev in disks]
    vendor, product = known[0][1:3] if known else (None, None)
    return Map(
        name=table.name,
        wwid=device.wwid,
        dm=device.dm,
        vendor=vendor,
        product=product,
        features=table.features,
        hwhandler=table.hwhandler,
        write_protect="ro" if device.read_only else "rw",
        state="suspend" if device.suspended else "active",
        groups=tuple(_group(number, group, status, disks) for number, group in enumerate(table.groups, 1)),
    )


def _group(number, group, status, disks):
    state = status.groups[number - 1] if status and len(status.groups) >= number else "undef"
    return Group(number, group.selector, None, state, False, tuple(_path(dev, status, disks) for dev in group.devices))


def _path(dev, status, disks):
    name, vendor, product, device_state = disks.get(dev, (dev, None, None, None))
    return Path(name, dev, (status.paths if status else {}).get(dev, "undef"), device_state or "undef")
