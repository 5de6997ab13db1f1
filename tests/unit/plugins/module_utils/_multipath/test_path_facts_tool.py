# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libmultipath/discovery.c sysfs_pathinfo makes of a path, by where it hangs in sysfs."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.path_facts_tool import read_path_facts
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import Places

QSAN = {"vendor": "Qsan    ", "model": "P600Q           "}


def facts(root, name, where, **attributes):
    """The PathFacts of one path. where: the directory of its device below /sys/devices; attributes: of the device."""
    hardware = root / "sys/devices" / where
    node = hardware / "block" / name
    node.mkdir(parents=True)
    (node / "device").symlink_to(hardware)
    (node / "dev").write_text("8:0\n")
    for attribute, value in attributes.items():
        (hardware / attribute).write_text(f"{value}\n")
    (root / "sys/block").mkdir()
    (root / "sys/block" / name).symlink_to(node)
    places = Places(sysfs=str(root / "sys"), udev=str(root / "udev"))
    (read,) = read_path_facts([DmDevice("dm-0", "qsan", "mpath-3600a", slaves=(name,))], places)
    return read[1][0]


@pytest.mark.parametrize(
    ("where", "protocol"),
    [
        ("platform/host3/session1/target3:0:0/3:0:0:0", "scsi:iscsi"),
        ("pci0/host7/rport-7:0-2/target7:0:1/7:0:1:4", "scsi:fcp"),
        ("pci0/ata1/host0/target0:0:0/0:0:0:0", "scsi:ata"),
        ("pci0/usb2/2-1/2-1:1.0/host4/target4:0:0/4:0:0:0", "scsi:usb"),
        ("vio/30000003/host0/target0:0:1/0:0:1:0", "scsi:unspec"),
        ("LNXSYSTM:00/VMBUS:00/vmbus_0_1/host2/target2:0:0/2:0:0:0", "scsi:unspec"),
        ("pci0/virtio1/host2/target2:0:0/2:0:0:0", "scsi:unspec"),
        ("pci0/host2/target2:2:0/2:2:0:0", "scsi:unspec"),
        ("somewhere/new", "scsi:unspec"),
    ],
)
def test_the_protocol_of_a_scsi_disk(tmp_path, where, protocol):
    path = facts(tmp_path, "sdb", where, **QSAN)
    assert (path.name, path.wwid, path.vendor, path.product, path.protocol) == ("sdb", "3600a", "Qsan", "P600Q", protocol)


def test_srp_has_a_name_that_no_path_gets(tmp_path):
    (tmp_path / "sys/devices/pci0/host9/srp_host/host9").mkdir(parents=True)
    assert facts(tmp_path, "sdb", "pci0/host9/target9:0:0/9:0:0:0", **QSAN).protocol == "scsi:unspec"


@pytest.mark.parametrize(("attributes", "protocol"), [({"sas_address": "0x5000c500a1b2c3d4"}, "scsi:sas"), ({}, "scsi:unspec")])
def test_a_sas_disk_is_known_by_the_address_that_its_driver_tells(tmp_path, attributes, protocol):
    # The drivers on libsas tell none of the disk itself.
    assert facts(tmp_path, "sdb", "pci0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0", **QSAN, **attributes).protocol == protocol


@pytest.mark.parametrize(
    ("transport", "protocol"),
    [("tcp", "nvme:tcp"), ("pcie", "nvme:pcie"), ("apple-nvme", "nvme:apple-nvme"), ("new", "nvme:unspec"), (None, "nvme:unspec")],
)
def test_an_nvme_disk(tmp_path, transport, protocol):
    attributes = {"model": "Array X", **({"transport": transport} if transport else {})}
    path = facts(tmp_path, "nvme0n1", "virtual/nvme-fabrics/ctl/nvme0", **attributes)
    assert (path.vendor, path.product, path.protocol) == ("NVME", "Array X", protocol)


@pytest.mark.parametrize(("devtype", "product"), [("3390/0c", "S/390 DASD ECKD"), ("9336/10", "S/390 DASD FBA"), ("3370/00", "S/390 DASD FBA")])
def test_a_dasd(tmp_path, devtype, product):
    path = facts(tmp_path, "dasda", "css0/0.0.0011/0.0.0150", devtype=devtype, vendor="HTC")
    assert (path.vendor, path.product, path.protocol) == ("IBM", product, "ccw")


@pytest.mark.parametrize(("name", "where", "protocol"), [("cciss!c0d0", "pci0/cciss0/c0d0", "cciss"), ("vda", "pci0/virtio1", "undef")])
def test_other_disks(tmp_path, name, where, protocol):
    assert facts(tmp_path, name, where, vendor="HP", model="LOGICAL VOLUME").protocol == protocol
