# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's disks: what they are and what uses them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute, attribute_bytes
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users, use_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import is_claimed, read_properties, wwid_of

HCTL = re.compile(r"[0-9]+:[0-9]+:[0-9]+:[0-9]+")
HOST = re.compile(r"host[0-9]+")
NVME_CONTROLLER = re.compile(r"nvme[0-9]+")
# What a controller inside the host says of its transport.
LOCAL_NVME = ("pcie", "apple-nvme")
# A disk that a Virtual I/O Server of PowerVM serves (drivers/scsi/ibmvscsi): storage behind it, and no disk of this host.
VSCSI = "vscsi"
# A part of the device's path in sysfs -> how the disk is attached. The first that fits counts: a USB or FC disk is a SCSI disk as well.
TRANSPORTS = (
    ("iscsi", re.compile(r"session[0-9]+")),
    ("fc", re.compile(r"rport-[0-9]+:[0-9]+-[0-9]+")),
    ("sas", re.compile(r"end_device-[0-9:]+")),
    ("usb", re.compile(r"usb[0-9]+")),
    ("ata", re.compile(r"ata[0-9]+")),
    ("virtio", re.compile(r"virtio[0-9]+")),
    ("xen", re.compile(r"vbd-[0-9]+(-[0-9]+)?")),
    ("hyperv", re.compile(r"vmbus_.*|VMBUS:.*")),
    ("ccw", re.compile(r"css[0-9]+")),
    ("mmc", re.compile(r"mmc[0-9]+")),
    (VSCSI, re.compile(r"vio")),
    ("scsi", re.compile(r"target[0-9]+:[0-9]+:[0-9]+")),
)
SAN_TRANSPORTS = ("iscsi", "fc", "srp")
NVME_OVER = "nvme-"
# Below it hang the disks whose paths the driver joins; the others hang on their controller (drivers/nvme/host/multipath.c).
NVME_SUBSYSTEM = "nvme-subsystem"
# Drives with removable media, which the kernel names so (Documentation/admin-guide/devices.txt).
NO_DISK = re.compile(r"(sr|fd)[0-9]+")
VPD_HEADER_BYTES = 4
# What a serial number can be of, best first: VPD page 80h, udev's words for the identifier or for a disk that is no SCSI disk, the driver.
UNIT_SERIAL, UDEV_SERIAL, DRIVER_SERIAL = range(3)


@dataclass(frozen=True)
class Disk:
    """A whole disk: a SAN path or a local one.

    name: sdb. device: /dev/sdb. size: bytes, None when unknown. wwid: what multipath calls uid. transport: iscsi, fc, sas, ata, usb,
    vscsi, virtio, nvme, ... found by where the disk hangs, not by its name. hctl: SCSI address. in_use_by: short phrases, empty when no user is known.
    claimed: whether udev takes it for a path of multipath and keeps others away from it, None when it does not say. native: whether the NVMe
    driver itself joins its paths (nvme_core.multipath), so that device-mapper leaves it alone. revision: of its firmware. serial_kind: what the
    serial number is of, None without one; two disks can be told apart by those of one kind only. kernel_wwid: the identifier that the kernel has read of
    a SCSI disk (naa.600...), None when it could not.
    """

    name: str
    device: str
    size: Optional[int]
    vendor: Optional[str]
    model: Optional[str]
    serial: Optional[str]
    serial_kind: Optional[int]
    wwid: Optional[str]
    transport: Optional[str]
    hctl: Optional[str]
    read_only: bool
    holders: Tuple[str, ...]
    mountpoints: Tuple[str, ...]
    swap: bool
    partitions: Tuple[str, ...]
    in_use_by: Tuple[str, ...]
    claimed: Optional[bool]
    native: bool
    revision: Optional[str]
    kernel_wwid: Optional[str]

    @property
    def is_san(self):
        """True for a path to storage on a network, false for a disk of this host."""
        return self.transport in SAN_TRANSPORTS or (self.transport or "").startswith(NVME_OVER)


def read_disks(sysfs="/sys", udev="/run/udev/data", proc="/proc"):
    """Every disk of the host -> tuple of Disk, sda before sdb before sdaa. Opens no device, so a dead path delays nothing."""
    nodes = read_nodes(sysfs)
    return disks_of(nodes, read_users(nodes, sysfs, proc), udev)


def disks_of(nodes, users, udev="/run/udev/data"):
    """The disks among the nodes of sysfs_tool -> tuple of Disk. users: of use_tool."""
    return tuple(_disk(node, use_of(node.name, nodes, users), read_properties(node, udev)) for node in nodes.values() if _is_disk(node))


def transport_of(node):
    """How a disk is attached, or None when its place in sysfs says nothing."""
    places = node.directory.split(os.sep)
    if "nvme" in places or node.name.startswith("nvme"):
        over = next((word for word in _nvme_transports(os.path.join(node.directory, "device")) if word not in LOCAL_NVME), None)
        return f"{NVME_OVER}{over}" if over else "nvme"
    if _has_srp_host(places):
        return "srp"
    return next((name for name, pattern in TRANSPORTS if any(pattern.fullmatch(place) for place in places)), None)


def _nvme_transports(device):
    """What the controllers of an NVMe disk say. A disk with native multipath hangs on its subsystem, which has no transport, and links to them."""
    own = attribute(device, "transport")
    entries = os.listdir(device) if own is None and os.path.isdir(device) else []
    found = [own, *(attribute(device, name, "transport") for name in sorted(entries) if NVME_CONTROLLER.fullmatch(name))]
    return [word for word in found if word]


def _has_srp_host(places):
    """Whether the disk hangs on a SCSI host of SRP (drivers/scsi/scsi_transport_srp.c). Its remote ports stand beside the targets and not above."""
    ends = [number for number, place in enumerate(places, 1) if HOST.fullmatch(place)]
    return any(os.path.isdir(os.sep.join((*places[:end], "srp_host"))) for end in ends)


def _is_disk(node):
    """A disk hangs on a device; loop, ram, dm, md and zram hang on nothing. A hidden one is a path below a multipath NVMe disk."""
    return node.parent is None and not node.hidden and os.path.exists(os.path.join(node.directory, "device")) and not NO_DISK.fullmatch(node.name)


def _disk(node, use, properties):
    address = os.path.basename(os.path.realpath(os.path.join(node.directory, "device")))
    serial, serial_kind = _serial(node, properties)
    return Disk(
        name=node.name,
        device=node.device,
        size=node.size,
        vendor=_vendor(node),
        model=attribute(node.directory, "device", "model") or properties.get("ID_MODEL"),
        serial=serial,
        serial_kind=serial_kind,
        wwid=wwid_of(node, properties),
        transport=transport_of(node),
        hctl=address if HCTL.fullmatch(address) else None,
        read_only=node.read_only,
        holders=use.holders,
        mountpoints=use.mountpoints,
        swap=use.swap,
        partitions=node.partitions,
        in_use_by=use.in_use_by,
        claimed=is_claimed(properties),
        revision=attribute(node.directory, "device", "rev"),
        kernel_wwid=attribute(node.directory, "device", "wwid"),
        native=NVME_SUBSYSTEM in node.directory.split(os.sep),
    )


def _vendor(node):
    vendor = attribute(node.directory, "device", "vendor")
    # Of a disk that is no SCSI disk this is the number of a PCI or virtio vendor.
    return None if vendor is None or re.fullmatch("0x[0-9a-f]+", vendor) else vendor


def _serial(node, properties):
    """The serial number and its kind, (None, None) without one. Of VPD page 80h: what the kernel has read before what udev remembers."""
    page = attribute_bytes(node.directory, "device", "vpd_pg80")
    length = int.from_bytes(page[2:VPD_HEADER_BYTES], "big")
    from_disk = page[VPD_HEADER_BYTES : VPD_HEADER_BYTES + length].decode("ascii", "replace").strip(" \0")
    told = (
        (from_disk or properties.get("ID_SCSI_SERIAL", "").strip(), UNIT_SERIAL),
        (properties.get("ID_SERIAL_SHORT"), UDEV_SERIAL),
        (attribute(node.directory, "device", "serial") or attribute(node.directory, "serial"), DRIVER_SERIAL),
    )
    return next(((serial, kind) for serial, kind in told if serial), (None, None))
