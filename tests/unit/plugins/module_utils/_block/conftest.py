# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's sysfs, udev database and proc in a directory, to be read by what is tested here."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES

SWAPS_HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


class FakeHost:
    """sysfs, udev and proc: the three arguments of read_disks()."""

    def __init__(self, root):
        self.sysfs, self.udev, self.proc = root / "sys", root / "udev", root / "proc"
        for directory in (self.sysfs / "block", self.udev, self.proc / "self"):
            directory.mkdir(parents=True)
        self._mounts = []
        self.mount("0:5", "/proc", "proc", "proc")
        self.swaps()

    @property
    def roots(self):
        return {"sysfs": str(self.sysfs), "udev": str(self.udev), "proc": str(self.proc)}

    def disk(self, name, dev, where, size=1 << 30, partitions=(), device=None, **attributes):
        """where: the directory of the device below /sys/devices; device: attributes of it; attributes: of the block device."""
        hardware = self.sysfs / "devices" / where
        node = hardware / "block" / name
        self._node(node, dev, size, attributes)
        (node / "device").symlink_to(hardware)
        for attribute, value in (device or {}).items():
            write(hardware / attribute, value)
        for number, part_dev in partitions:
            part = node / f"{name}{number}"
            self._node(part, part_dev, size // 4, {"partition": number})
        (self.sysfs / "block" / name).symlink_to(node)
        return node

    def virtual(self, name, dev, on=(), size=1 << 30, **attributes):
        """A device built on others: on is the names of disks or partitions."""
        node = self.sysfs / "devices" / "virtual" / "block" / name
        self._node(node, dev, size, attributes)
        (self.sysfs / "block" / name).symlink_to(node)
        for below in on:
            (self.find(below) / "holders" / name).symlink_to(node)
            (node / "slaves" / below).symlink_to(self.find(below))
        return node

    def find(self, name):
        return next(path for path in (self.sysfs / "devices").rglob(name) if path.parent.name == "block" or (path / "partition").exists())

    def mount(self, dev, mountpoint, fstype, source, root="/"):
        self._mounts.append(f"{30 + len(self._mounts)} 1 {dev} {root} {mountpoint} rw,relatime shared:1 - {fstype} {source} rw\n")
        write(self.proc / "self" / "mountinfo", "".join(self._mounts))

    def swaps(self, *paths):
        write(self.proc / "swaps", SWAPS_HEADER + "".join(f"{path} partition 1048572 0 -2\n" for path in paths))

    def udev_db(self, dev, **properties):
        lines = "".join(f"E:{key}={value}\n" for key, value in properties.items())
        write(self.udev / f"b{dev}", f"S:disk/by-id/x\nI:1234567\n{lines}G:systemd\nQ:systemd\nV:1\n")

    @staticmethod
    def _node(node, dev, size, attributes):
        (node / "holders").mkdir(parents=True)
        (node / "slaves").mkdir()
        for attribute, value in {"dev": dev, "size": size // SECTOR_BYTES, "ro": 0, **attributes}.items():
            write(node / attribute.replace("__", "/"), value)


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else str(value).encode())


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)
