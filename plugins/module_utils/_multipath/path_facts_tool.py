# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a blacklist of multipath.conf knows the paths of maps by, from sysfs and udev."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import transport_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import read_properties
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import PathFacts
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE

# As libmultipath/discovery.c has them: the beginning of a name decides, and what it does not find out of a SCSI disk (SRP, vscsi, virtio,
# Hyper-V, RAID) is scsi:unspec.
PREFIXES = {"sd": "scsi", "nvme": "nvme", "dasd": "ccw", "cciss": "cciss"}
SCSI_PROTOCOLS = {"iscsi": "iscsi", "fc": "fcp", "sas": "sas", "ata": "ata", "usb": "usb"}
NVME_PROTOCOLS = ("pcie", "rdma", "fc", "tcp", "loop", "apple-nvme")
UNSPECIFIED = "unspec"
# Device types of DASDs with fixed blocks.
FIXED_BLOCK = ("3370", "9336")


def read_path_facts(devices, places=HERE):
    """Pairs of each multipath map among the devices of map_tool and the PathFacts of its paths, as a tuple."""
    nodes = read_nodes(places.sysfs)
    maps = (device for device in devices if device.wwid)
    return tuple((device, tuple(_facts(nodes[name], device.wwid, places) for name in device.slaves if name in nodes)) for device in maps)


def _facts(node, wwid, places):
    kind = next((kind for prefix, kind in PREFIXES.items() if node.name.startswith(prefix)), None)
    vendor, product = _identity(node, kind)
    return PathFacts(
        name=node.name,
        wwid=wwid,
        vendor=vendor,
        product=product,
        protocol=_protocol(node, kind),
        properties=tuple(read_properties(node, places.udev)),
    )


def _identity(node, kind):
    """Vendor and product. What a controller or a DASD says of its vendor is not asked."""
    if kind == "ccw":
        is_fixed = (attribute(node.directory, "device", "devtype") or "").startswith(FIXED_BLOCK)
        return "IBM", f"S/390 DASD {'FBA' if is_fixed else 'ECKD'}"
    vendor = "NVME" if kind == "nvme" else attribute(node.directory, "device", "vendor")
    return vendor, attribute(node.directory, "device", "model")


def _protocol(node, kind):
    if kind == "scsi":
        return f"scsi:{_scsi_protocol(node)}"
    if kind == "nvme":
        transport = attribute(node.directory, "device", "transport")
        return f"nvme:{transport if transport in NVME_PROTOCOLS else UNSPECIFIED}"
    return kind or "undef"


def _scsi_protocol(node):
    protocol = SCSI_PROTOCOLS.get(transport_of(node), UNSPECIFIED)
    # A SAS disk is one to libmultipath when its driver tells the address, as those on libsas do not.
    return UNSPECIFIED if protocol == "sas" and attribute(node.directory, "device", "sas_address") is None else protocol
