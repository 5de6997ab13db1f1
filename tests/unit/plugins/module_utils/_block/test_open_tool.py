# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that have a device open."""

from __future__ import annotations

import os
import shutil
import stat
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block import open_file_tool, open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import held_open, openers
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes


def process(proc, pid, comm, *files):
    (proc / str(pid) / "fd").mkdir(parents=True)
    for number, file in enumerate(files):
        (proc / str(pid) / "fd" / str(number)).symlink_to(file)
    if comm:
        (proc / str(pid) / "comm").write_text(f"{comm}\n")


def device(name, dev="0:0"):
    return SimpleNamespace(name=name, device=f"/dev/{name}", dev=dev, directory="/nowhere")


def test_openers(tmp_path):
    process(tmp_path, 100, "dd", "/dev/dm-1", "pipe:[7]")
    process(tmp_path, 20, "qemu", "/dev/dm-0", "/dev/dm-0")
    process(tmp_path, 3, "other", "/dev/dm-10", "/dev/null")
    process(tmp_path, 4, None, "/dev/dm-1")
    (tmp_path / "5").mkdir()
    (tmp_path / "self").mkdir()
    found = openers([device("dm-0"), device("dm-1"), device("dm-2")], str(tmp_path))
    assert found == {"dm-0": [("20", "qemu", 2)], "dm-1": [("4", "a process", 1), ("100", "dd", 1)]}


def test_this_process_has_dev_null_open():
    """On the real /proc, with a device that is none of the kernel's maps."""
    with open("/dev/null", encoding="utf-8"):
        assert str(os.getpid()) in [pid for pid, command, times in openers([device("null")])["null"]]
        # The number of a character device is not that of a block device.
        assert openers([device("other", "1:3")]) == {}


def test_a_device_node_of_another_name(tmp_path, monkeypatch):
    """No block device is sure to be there on a host that runs this, so its status is made up."""
    process(tmp_path, 7, "qemu", "/dev/linuxsan-xvda")
    monkeypatch.setattr(open_file_tool.os, "stat", lambda path: SimpleNamespace(st_mode=stat.S_IFBLK, st_rdev=os.makedev(8, 16)))
    assert openers([device("sdb", "8:16"), device("sdc", "8:32")], str(tmp_path)) == {"sdb": [("7", "qemu", 1)]}


@pytest.fixture
def disk(host):
    host.disk("sdb", "8:16", "pci0/host1/1:0:0:0", partitions=[(1, "8:17")])
    return host


def held(host, name, counts=None, **words):
    return held_open((name,), read_nodes(host.roots["sysfs"]), lambda: counts or {}, host.roots["proc"], **words)


@pytest.mark.parametrize("opened", ["/dev/sdb", "/dev/sdb1"])
def test_a_disk_with_its_partitions(disk, monkeypatch, opened):
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    process(disk.proc, 77, "qemu", opened)
    # It checks the path, and uses it for nothing.
    process(disk.proc, 78, "multipathd", "/dev/sdb")
    assert held(disk, "sdb") == {"sdb": ("open by qemu (process 77)",)}


@pytest.mark.parametrize("generic", ["scsi_generic/sg2", "bsg/1:0:0:0"])
def test_a_disk_by_its_generic_device(disk, monkeypatch, generic):
    """On the real /dev/null, whose number the generic device of the disk is given."""
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    directory = disk.sysfs / "block/sdb/device" / generic
    directory.mkdir(parents=True)
    process(disk.proc, 77, "qemu", "/dev/null")
    (directory / "dev").write_text("1:5\n")
    assert held(disk, "sdb") == {}
    (directory / "dev").write_text("1:3\n")
    assert held(disk, "sdb") == {"sdb": ("open by qemu (process 77)",)}


@pytest.mark.parametrize("kind", ["scsi_generic/sg2", "scsi_tape/nst0", "scsi_changer/sch0"])
def test_a_unit_without_a_block_device(tmp_path, kind):
    """A tape drive or a changer, with the number of the real /dev/null."""
    process(tmp_path, 77, "bareos-sd", "/dev/null")
    unit = tmp_path / "unit" / kind
    unit.mkdir(parents=True)
    (unit / "dev").write_text("1:3\n")
    assert openers([device("sdb", "1:3")], str(tmp_path), {"SCSI unit 1:0:0:0": str(tmp_path / "unit")}) == {"SCSI unit 1:0:0:0": [("77", "bareos-sd", 1)]}


def test_udev_is_no_user(disk, monkeypatch):
    """A worker that reads from a map without a path is stuck in it until the map is told not to wait."""
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    disk.virtual("dm-0", "253:0", on=["sdb"], dm__name="qsan", dm__uuid="mpath-3600")
    process(disk.proc, 77, "(udev-worker)", "/dev/dm-0", "/dev/dm-0", "/dev/sdb")
    assert held(disk, "sdb") == {} and held(disk, "dm-0", {"dm-0": 2}) == {}
    assert "no process of this host shows it" in held(disk, "dm-0", {"dm-0": 3})["dm-0"][0]


def test_what_is_open_for_a_moment_is_not_held(disk, monkeypatch):
    process(disk.proc, 77, "blkid", "/dev/sdb")
    monkeypatch.setattr(open_tool, "INTERVAL_SECONDS", 0)
    real = open_tool.openers
    asked = []

    def closing(devices, proc, units):
        asked.append(proc)
        found = real(devices, proc, units)
        shutil.rmtree(disk.proc / "77", ignore_errors=True)
        return found

    monkeypatch.setattr(open_tool, "openers", closing)
    assert held(disk, "sdb") == {} and len(asked) == 2


def test_a_map_that_the_kernel_has_open(disk, monkeypatch):
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    disk.virtual("dm-0", "253:0", on=["sdb"], dm__name="qsan", dm__uuid="mpath-3600")
    disk.virtual("dm-1", "253:1", dm__name="qsan-part1", dm__uuid="part1-mpath-3600")
    (disk.sysfs / "devices/virtual/block/dm-0/holders/dm-1").symlink_to(disk.sysfs / "devices/virtual/block/dm-1")
    assert held(disk, "dm-0", {"dm-0": 1, "dm-1": 0}) == {}
    assert "no process of this host shows it" in held(disk, "dm-0", {"dm-0": 1, "dm-1": 1})["dm-0"][0]
    process(disk.proc, 77, "mysqld", "/dev/dm-1")
    assert held(disk, "dm-0", {"dm-0": 1, "dm-1": 1}) == {"dm-0": ("open by mysqld (process 77)",)}
