# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device-mapper devices in sysfs."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice, mapped_device, read_dm


@pytest.fixture
def sysfs(tmp_path):
    def add(dm, name, uuid, **more):
        node = tmp_path / "sys/block" / dm
        for key, value in {"dm/name": name, "dm/uuid": uuid, "size": 4, **more}.items():
            (node / key).parent.mkdir(parents=True, exist_ok=True)
            (node / key).write_text(f"{value}\n")
        return node

    add("dm-10", "qsan", "mpath-3a", **{"dm/suspended": 1, "ro": 1, "slaves/sdb": "", "slaves/sdaa": "", "holders/dm-2": ""})
    add("dm-2", "vg-root", "LVM-x")
    (tmp_path / "sys/block/dm-3").mkdir()
    (tmp_path / "sys/block/sdb").mkdir()
    return tmp_path / "sys"


def test_read_dm(sysfs):
    assert read_dm(str(sysfs)) == (
        DmDevice("dm-2", "vg-root", "LVM-x", 4 * SECTOR_BYTES),
        DmDevice("dm-10", "qsan", "mpath-3a", 4 * SECTOR_BYTES, True, True, ("sdb", "sdaa"), ("dm-2",)),
    )
    assert [device.wwid for device in read_dm(str(sysfs))] == [None, "3a"]


def test_no_device_mapper(tmp_path):
    assert read_dm(str(tmp_path)) == ()


def test_mapped_device(tmp_path):
    (tmp_path / "dm-4").write_text("")
    (tmp_path / "qsan").symlink_to(tmp_path / "dm-4")
    (tmp_path / "stale").symlink_to(tmp_path / "dm-5")
    (tmp_path / "other").write_text("")
    assert [mapped_device(name, str(tmp_path), str(tmp_path)) for name in ("qsan", "stale", "other", "none")] == ["dm-4", None, None, None]
