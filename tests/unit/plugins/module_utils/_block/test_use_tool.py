# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import natural_key
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import name_of, read_users, use_of


def use(host, name):
    nodes = read_nodes(str(host.sysfs))
    return use_of(name, nodes, read_users(nodes, str(host.sysfs), str(host.proc)))


@pytest.fixture
def mapped(host):
    """sdb and sdc are the paths of qsan, which has one partition."""
    for number, name in enumerate(("sdb", "sdc")):
        host.disk(
            name,
            f"8:{16 * number + 16}",
            f"platform/host{number}/session1/target{number}:0:0/{number}:0:0:0",
            partitions=((1, f"8:{16 * number + 17}"),),
        )
    host.virtual("dm-3", "253:3", on=("sdb", "sdc"), dm__name="qsan", dm__uuid="mpath-3200")
    return host


def test_a_map_is_not_held_by_its_own_paths(mapped):
    assert use(mapped, "dm-3").in_use_by == ()


def test_a_partition_of_a_path_is_held_by_the_map_on_the_whole_disk(mapped):
    assert use(mapped, "sdb1").holders == ("dm-3",)


def test_a_partition_is_not_in_use_because_its_sister_is(host):
    host.disk("sda", "8:0", "pci0/ata1/host0/target0:0:0/0:0:0:0", partitions=((1, "8:1"), (2, "8:2")))
    host.mount("8:1", "/", "ext4", "/dev/sda1")
    assert use(host, "sda2").in_use_by == ()
    assert use(host, "sda").in_use_by == ("mounted on /",)


def test_a_partition_of_a_map_holds_it(mapped):
    mapped.virtual("dm-4", "253:4", on=("dm-3",), dm__name="qsan-part1", dm__uuid="part1-mpath-3200")
    assert use(mapped, "dm-3").in_use_by == ("held by dm-4 (qsan-part1)",)
    assert use(mapped, "sdb").holders == ("dm-3", "dm-4")


def test_who_uses_the_map_uses_the_partition_that_kpartx_made_on_it(mapped):
    for number in (1, 2):
        mapped.virtual(f"dm-{3 + number}", f"253:{3 + number}", on=("dm-3",), dm__name=f"qsan-part{number}", dm__uuid=f"part{number}-mpath-3200")
    mapped.mount("253:5", "/two", "ext4", "/dev/mapper/qsan-part2")
    assert use(mapped, "dm-4").in_use_by == ()
    mapped.virtual("dm-6", "253:6", on=("dm-3",), dm__name="vg-lv", dm__uuid="LVM-x")
    mapped.mount("253:6", "/srv", "ext4", "/dev/mapper/vg-lv")
    assert use(mapped, "dm-4").in_use_by == ("held by dm-6 (vg-lv)", "mounted on /srv")


def test_a_map_swapped_to_is_in_use(mapped):
    mapped.swaps("/dev/dm-3")
    assert use(mapped, "dm-3").swap
    assert use(mapped, "sdc").swap


def test_partitions_of_a_device_on_top_count(host):
    host.disk("sda", "8:0", "pci0/ata1/host0/target0:0:0/0:0:0:0")
    md = host.virtual("md127", "9:127", on=("sda",))
    host._node(md / "md127p1", "259:1", 1 << 20, {"partition": 1})
    host.mount("259:1", "/srv", "ext4", "/dev/md127p1")
    assert use(host, "sda").mountpoints == ("/srv",)


def test_a_device_is_known_by_its_node_and_by_its_mapper_name(mapped):
    nodes = read_nodes(str(mapped.sysfs))
    assert [name_of(path, nodes) for path in ("/dev/sdb", "/dev/mapper/qsan", "/dev/dm-3", "/dev/sdz", "/dev/mapper/other", "sdb")] == [
        "sdb",
        "dm-3",
        "dm-3",
        None,
        None,
        None,
    ]


def test_names_sort_as_people_count():
    in_order = ["dm-2", "dm-10", "sda9", "sda10", "sdb", "sdaa"]
    assert sorted(in_order, key=natural_key) == in_order
