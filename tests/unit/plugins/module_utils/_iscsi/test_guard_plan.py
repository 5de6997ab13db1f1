# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No disk is taken away from its user."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import Node as BlockNode
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import Users
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.guard_plan import RUNNING, claimable, lost, why_not
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import LOGGED_IN, Device, Session


def block(name, holders=(), slaves=(), uuid=None):
    return BlockNode(name, f"/sys/{name}", name, 512, False, False, None, None, (), tuple(holders), tuple(slaves), uuid and name, uuid, None)


def session(sid, *names, state=LOGGED_IN, disk=RUNNING):
    devices = tuple(Device(name, f"{sid}:0:0:{lun}", lun, 512, None, disk) for lun, name in enumerate(names))
    return Session(sid, f"iqn.{sid}", Portal("10.0.0.1"), None, 1, "default", state, 5, devices=devices)


def nodes(*all_of):
    return {node.name: node for node in all_of}


PATHS = nodes(block("sdb", ["dm-0"]), block("sdc", ["dm-0"]), block("dm-0", (), ["sdb", "sdc"], "mpath-3600"))
NOBODY = Users({}, frozenset(), {}, {})
MOUNTED = dataclasses.replace(NOBODY, mounts={"dm-0": ["/mnt/DataCoreSAN"]})
BOTH = (session(1, "sdb"), session(2, "sdc"))


def test_a_path_that_is_not_the_last_may_go():
    assert why_not({1}, BOTH, PATHS, MOUNTED) == ()


def test_all_paths_together_may_not():
    assert why_not({1, 2}, BOTH, PATHS, MOUNTED)


def test_an_unused_map_holds_nobody():
    assert why_not({1, 2}, BOTH, PATHS, NOBODY) == ()


@pytest.mark.parametrize("other", [session(2, "sdc", state="FAILED"), session(2, "sdc", disk="offline")])
def test_a_path_that_is_down_is_none(other):
    (reason,) = why_not({1}, (BOTH[0], other), PATHS, MOUNTED)
    assert "sdb" in reason and "/mnt/DataCoreSAN" in reason


def test_a_path_that_carries_no_io_is_none():
    assert why_not({1}, BOTH, PATHS, MOUNTED, dead={"sdc"})


@pytest.mark.parametrize(
    "direct",
    [{"mounts": {"sdb": ["/srv"]}}, {"swaps": frozenset(["sdb"])}, {"btrfs": {"sdb": ["id"]}}],
    ids=["mount", "swap", "btrfs"],
)
def test_a_single_disk_in_use(direct):
    users = dataclasses.replace(NOBODY, **direct)
    assert why_not({1}, (BOTH[0],), nodes(block("sdb")), users)
    assert why_not({2}, BOTH, nodes(block("sdb"), block("sdc")), users) == ()


def test_a_volume_group_on_the_map():
    on_it = nodes(*list(PATHS.values())[:2], block("dm-0", ["dm-1"], ["sdb", "sdc"], "mpath-3600"), block("dm-1", (), ["dm-0"], "LVM-x"))
    assert why_not({1, 2}, BOTH, on_it, NOBODY)


def test_a_partition_of_the_map_counts_when_it_is_used():
    on_it = nodes(*list(PATHS.values())[:2], block("dm-0", ["dm-1"], ["sdb", "sdc"], "mpath-3600"), block("dm-1", (), ["dm-0"], "part1-mpath-3600"))
    assert why_not({1, 2}, BOTH, on_it, NOBODY) == ()
    assert why_not({1, 2}, BOTH, on_it, dataclasses.replace(NOBODY, mounts={"dm-1": ["/srv"]}))


def test_what_nobody_can_reach_any_more():
    assert lost({1}, BOTH, PATHS) == ()
    assert lost({1, 2}, BOTH, PATHS) == ("dm-0",)
    assert lost({1}, BOTH, PATHS, dead={"sdc"}) == ("dm-0",)
    assert lost({1}, (BOTH[0],), nodes(block("sdb"))) == ("sdb",)
    assert lost({1}, (session(1, "sdb", state="FAILED"),), nodes(block("sdb"))) == ("sdb",)


def test_what_can_be_asked_for_its_claim():
    assert claimable(("dm-0",), BOTH, PATHS) == ("dm-0",)
    assert claimable(("sdb",), BOTH, nodes(block("sdb"))) == ("sdb",)
    assert claimable(("sdb",), (session(1, "sdb", state="FAILED"),), nodes(block("sdb"))) == ()
    parted = nodes(*list(PATHS.values())[:2], block("dm-0", ["dm-1"], ["sdb", "sdc"], "mpath-3600"), block("dm-1", (), ["dm-0"], "part1-mpath-3600"))
    assert claimable(("dm-0",), BOTH, parted) == ("dm-1",)
