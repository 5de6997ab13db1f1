# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a blacklist of multipath.conf knows the paths of maps by, from sysfs and udev."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import transport_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import attribute, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import read_properties
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import PathFacts
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE

# transport of a Disk -> its name in multipath.conf (libmultipath/print.c snprint_path_protocol).
PROTOCOLS = {
    **{"iscsi": "scsi:iscsi", "fc": "scsi:fcp", "srp": "scsi:srp", "sas": "scsi:sas", "ata": "scsi:ata", "usb": "scsi:usb"},
    **{"nvme": "nvme:pcie", "nvme-rdma": "nvme:rdma", "nvme-fc": "nvme:fc", "nvme-tcp": "nvme:tcp", "nvme-loop": "nvme:loop"},
}


def read_path_facts(devices, places=HERE):
    """Pairs of each multipath map among the devices of map_tool and the PathFacts of its paths, as a tuple."""
    nodes = read_nodes(places.sysfs)
    maps = (device for device in devices if device.wwid)
    return tuple((device, tuple(_facts(nodes[name], device.wwid, places) for name in device.slaves if name in nodes)) for device in maps)


def _facts(node, wwid, places):
    return PathFacts(
        name=node.name,
        wwid=wwid,
        vendor=attribute(node.directory, "device", "vendor"),
        product=attribute(node.directory, "device", "model"),
        protocol=PROTOCOLS.get(transport_of(node)),
        properties=tuple(read_properties(node, places.udev)),
    )
