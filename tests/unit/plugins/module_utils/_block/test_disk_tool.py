# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES
from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import DRIVER_SERIAL, UDEV_SERIAL, UNIT_SERIAL, read_disks
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

ISCSI = "platform/host3/session1/target3:0:0/3:0:0:0"
SATA = "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0"


def the_disk(host):
    return read_disks(**host.roots)[0]


def test_an_iscsi_disk_is_found_by_its_session(host):
    host.disk(
        "sdb",
        "8:16",
        ISCSI,
        size=5 << 30,
        device={"vendor": "Qsan    \n", "model": "P600Q-D424      \n", "rev": "2.00\n", "vpd_pg80": b"\x00\x80\x00\x0900901D00 "},
    )
    host.udev_db("8:16", ID_SERIAL="32033001378901d00", ID_SERIAL_SHORT="2033001378901d00")
    disk = the_disk(host)
    assert (disk.name, disk.device, disk.size, disk.hctl) == ("sdb", "/dev/sdb", 5 << 30, "3:0:0:0")
    assert (disk.vendor, disk.model, disk.serial, disk.wwid) == ("Qsan", "P600Q-D424", "00901D00", "32033001378901d00")
    assert disk.revision == "2.00"
    assert (disk.transport, disk.is_san, disk.in_use_by) == ("iscsi", True, ())


@pytest.mark.parametrize(
    ("name", "where", "transport", "is_san"),
    [
        ("sda", "pci0000:00/0000:00:03.0/host7/rport-7:0-2/target7:0:1/7:0:1:4", "fc", True),
        ("sda", "pci0000:00/0000:00:05.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0", "sas", False),
        ("sda", SATA, "ata", False),
        ("sda", "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host4/target4:0:0/4:0:0:0", "usb", False),
        ("sda", "vio/30000003/host0/target0:0:1/0:0:1:0", "vscsi", False),
        ("sda", "vio/30000004/host1/rport-1:0-2/target1:0:1/1:0:1:4", "fc", True),
        ("vda", "pci0000:00/0000:00:04.0/virtio1", "virtio", False),
        ("sda", "pci0000:00/0000:00:04.0/virtio1/host2/target2:0:0/2:0:0:0", "virtio", False),
        ("nvme0n1", "pci0000:00/0000:00:04.0/nvme/nvme0", "nvme", False),
        ("xvda", "vbd-51712", "xen", False),
        ("sda", "pci0000:00/0000:00:10.0/host2/target2:0:0/2:0:0:0", "scsi", False),
        ("sda", "somewhere/new", None, False),
    ],
)
def test_a_disk_is_told_by_where_it_hangs_and_not_by_its_name(host, name, where, transport, is_san):
    host.disk(name, "8:0", where)
    assert (the_disk(host).transport, the_disk(host).is_san) == (transport, is_san)


def test_nvme_over_a_network_is_san(host):
    host.disk("nvme1n1", "259:1", "virtual/nvme-fabrics/ctl/nvme1", device={"transport": "tcp"}, wwid="uuid.1234")
    assert (the_disk(host).transport, the_disk(host).is_san, the_disk(host).native) == ("nvme-tcp", True, False)


@pytest.mark.parametrize(
    ("transports", "transport", "is_san"),
    [
        (["tcp", "tcp"], "nvme-tcp", True),
        (["pcie", "rdma"], "nvme-rdma", True),
        (["loop"], "nvme-loop", True),
        (["pcie"], "nvme", False),
        (["apple-nvme"], "nvme", False),
        ([], "nvme", False),
    ],
)
def test_the_head_of_native_nvme_multipath_is_told_by_its_controllers(host, transports, transport, is_san):
    subsystem = "virtual/nvme-subsystem/nvme-subsys0"
    host.disk("nvme0n1", "259:0", subsystem, wwid="uuid.1234", hidden=0)
    for number, word in enumerate(transports):
        controller = host.sysfs / "devices/virtual/nvme-fabrics/ctl" / f"nvme{number}"
        controller.mkdir(parents=True)
        (controller / "transport").write_text(f"{word}\n")
        (host.sysfs / "devices" / subsystem / f"nvme{number}").symlink_to(controller)
    assert (the_disk(host).transport, the_disk(host).is_san, the_disk(host).native) == (transport, is_san, True)


@pytest.mark.parametrize(("beside", "transport", "is_san"), [("srp_host/host6", "srp", True), ("scsi_host/host6", "scsi", False)])
def test_srp_is_told_by_the_host(host, beside, transport, is_san):
    above = "pci0000:00/0000:00:04.0/host6"
    host.disk("sdb", "8:16", f"{above}/target6:0:0/6:0:0:0")
    for name in ("port-6:1/srp_remote_ports/port-6:1", beside):
        (host.sysfs / "devices" / above / name).mkdir(parents=True)
    assert (the_disk(host).transport, the_disk(host).is_san) == (transport, is_san)


@pytest.mark.parametrize(
    ("in_sysfs", "as_multipath_has_it"),
    [
        ("naa.60014059aeb5b3bc1d94b1fa6a4ea3b6", "360014059aeb5b3bc1d94b1fa6a4ea3b6"),
        ("eui.0025385b71b0a1c2", "20025385b71b0a1c2"),
        ("t10.ATA     ST31000528AS                                9VP1 ", "1ATA_ST31000528AS_9VP1"),
        ("other.1", None),
    ],
)
def test_without_udev_the_wwid_is_built_from_sysfs(host, in_sysfs, as_multipath_has_it):
    host.disk("sdb", "8:16", ISCSI, device={"wwid": in_sysfs})
    assert (the_disk(host).wwid, the_disk(host).kernel_wwid) == (as_multipath_has_it, in_sysfs.strip())


def test_what_udev_says_is_what_multipath_uses(host):
    host.disk("sda", "8:0", SATA, device={"wwid": "t10.ATA     ST31000528AS"})
    host.udev_db("8:0", ID_SERIAL="ST31000528AS_9VP1", ID_SERIAL_SHORT="9VP1", ID_WWN="0x5000c500")
    assert (the_disk(host).wwid, the_disk(host).serial) == ("ST31000528AS_9VP1", "9VP1")


@pytest.mark.parametrize(
    ("device", "properties", "serial", "kind"),
    [
        ({"vpd_pg80": b"\x00\x80\x00\x0900901D00 "}, {"ID_SCSI_SERIAL": "other", "ID_SERIAL_SHORT": "2033"}, "00901D00", UNIT_SERIAL),
        ({}, {"ID_SCSI_SERIAL": " 00901D00 ", "ID_SERIAL_SHORT": "2033"}, "00901D00", UNIT_SERIAL),
        ({"vpd_pg80": b"\x00\x80\x00\x00"}, {"ID_SERIAL_SHORT": "2033"}, "2033", UDEV_SERIAL),
        ({"serial": "S1\n"}, {}, "S1", DRIVER_SERIAL),
        ({}, {}, None, None),
    ],
)
def test_a_serial_number_has_a_kind(host, device, properties, serial, kind):
    host.disk("sdb", "8:16", ISCSI, device=device)
    host.udev_db("8:16", **properties)
    assert (the_disk(host).serial, the_disk(host).serial_kind) == (serial, kind)


def test_nvme_has_its_wwn_for_a_wwid(host):
    host.disk(
        "nvme0n1",
        "259:0",
        "pci0000:00/0000:00:04.0/nvme/nvme0",
        wwid="eui.0025385b71b0a1c2",
        device={"model": "Fast 1\n", "serial": "S1\n"},
    )
    assert (the_disk(host).wwid, the_disk(host).model, the_disk(host).serial) == (
        "eui.0025385b71b0a1c2",
        "Fast 1",
        "S1",
    )
    host.udev_db("259:0", ID_WWN="eui.feed", ID_SERIAL="Fast_1_S1")
    assert the_disk(host).wwid == "eui.feed"


def test_only_whole_disks_are_listed_in_natural_order(host):
    for number, name in enumerate(("sdaa", "sdb", "sda", "vda")):
        host.disk(
            name,
            f"8:{number * 16}",
            f"pci0/host{number}/target{number}:0:0/{number}:0:0:0",
            partitions=((1, f"8:{number * 16 + 1}"),),
        )
    host.disk("sr0", "11:0", "pci0/ata2/host9/target9:0:0/9:0:0:0")
    host.disk("nvme0c0n1", "259:9", "pci0/nvme/nvme0", hidden=1)
    for number, name in enumerate(("loop0", "ram0", "zram0", "dm-0", "md0")):
        host.virtual(name, f"200:{number}")
    assert [(disk.name, disk.partitions) for disk in read_disks(**host.roots)] == [
        ("sda", ("sda1",)),
        ("sdb", ("sdb1",)),
        ("vda", ("vda1",)),
        ("sdaa", ("sdaa1",)),
    ]


def test_a_root_file_system_on_lvm_on_md_on_a_partition_is_seen(host):
    host.disk("sda", "8:0", SATA, partitions=((1, "8:1"), (2, "8:2")))
    host.virtual("md0", "9:0", on=("sda2",))
    host.virtual("dm-0", "253:0", on=("md0",), dm__name="vg-root", dm__uuid="LVM-x")
    host.virtual("dm-1", "253:1", on=("md0",), dm__name="vg-swap", dm__uuid="LVM-y")
    host.mount("8:1", "/boot", "ext4", "/dev/sda1")
    host.mount("253:0", "/", "xfs", "/dev/mapper/vg-root")
    host.swaps("/dev/dm-1")
    disk = the_disk(host)
    assert disk.holders == ("md0", "dm-0", "dm-1")
    assert (set(disk.mountpoints), disk.swap) == ({"/", "/boot"}, True)
    assert set(disk.in_use_by) == {
        "held by md0",
        "held by dm-0 (vg-root)",
        "held by dm-1 (vg-swap)",
        "mounted on /",
        "mounted on /boot",
        "swap",
    }


def test_a_path_of_a_mounted_map_is_in_use(host):
    host.disk("sdb", "8:16", ISCSI)
    host.virtual("dm-3", "253:3", on=("sdb",), dm__name="qsan", dm__uuid="mpath-32033001378901d00")
    host.mount("253:3", r"/mnt/DataCore\040SAN", "ext4", "/dev/mapper/qsan")
    assert the_disk(host).in_use_by == ("held by dm-3 (qsan)", "mounted on /mnt/DataCore SAN")


def test_a_second_mount_of_the_same_device_is_named_too(host):
    host.disk("sdb", "8:16", ISCSI)
    host.mount("8:16", "/a", "ext4", "/dev/sdb")
    host.mount("8:16", "/b", "ext4", "/dev/sdb", root="/sub")
    assert the_disk(host).mountpoints == ("/a", "/b")


def test_every_member_of_a_mounted_btrfs_is_in_use(host):
    host.disk("sda", "8:0", SATA)
    host.disk("sdb", "8:16", ISCSI)
    for name in ("sda", "sdb"):
        (host.sysfs / "fs" / "btrfs" / "f00d" / "devices" / name).mkdir(parents=True)
    host.mount("0:44", "/data", "btrfs", "/dev/sda")
    for disk in read_disks(**host.roots):
        assert disk.in_use_by == ("mounted on /data", "member of btrfs f00d")


def test_a_loop_device_on_a_disk_holds_it(host):
    host.disk("sdb", "8:16", ISCSI)
    host.virtual("loop0", "7:0", loop__backing_file="/dev/sdb")
    host.mount("7:0", "/mnt", "ext4", "/dev/loop0")
    assert the_disk(host).in_use_by == ("held by loop0", "mounted on /mnt")


def test_a_mount_in_the_namespace_of_init_counts(host):
    host.disk("sdb", "8:16", ISCSI)
    (host.proc / "1").mkdir()
    (host.proc / "1" / "mountinfo").write_text("30 1 8:16 / /hidden rw - ext4 /dev/sdb rw\n")
    assert the_disk(host).mountpoints == ("/hidden",)


def test_without_a_mount_table_nothing_is_called_unused(host):
    host.disk("sdb", "8:16", ISCSI)
    (host.proc / "self" / "mountinfo").unlink()
    with pytest.raises(SanError, match="nobody knows what is mounted"):
        read_disks(**host.roots)


def test_a_disk_that_goes_away_meanwhile_has_no_size(host):
    node = host.disk("sdb", "8:16", ISCSI)
    (node / "size").unlink()
    assert the_disk(host).size is None


def test_the_disks_of_this_host_are_found_with_their_sizes():
    """Those that hang on hardware, drives for removable media and the hidden paths of NVMe aside. A host without any is shown none."""
    blocks = [path.parent for path in pathlib.Path("/sys/block").glob("*/device") if not path.parent.name.startswith(("sr", "fd"))]
    shown = [block for block in blocks if not (block / "hidden").exists() or (block / "hidden").read_text() == "0\n"]
    sizes = {f"/dev/{block.name}": int((block / "size").read_text()) * SECTOR_BYTES for block in shown}
    assert {disk.device: disk.size for disk in read_disks()} == sizes
