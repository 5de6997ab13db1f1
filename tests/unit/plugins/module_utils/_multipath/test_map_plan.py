# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies by the layout of the groups, and settings by what multipathd tells."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import describe_map, join_maps, policy_of, unmet_settings
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path


def layout(*groups, **facts):
    """Each group is a list of (priority, target)."""
    made = []
    for number, paths in enumerate(groups, 1):
        named = (Path(f"sd{number}{at}", priority=pri, target=target, dm_state="active", checker_state="ready") for at, (pri, target) in enumerate(paths))
        made.append(Group(number, "service-time 0", paths=tuple(named)))
    return Map("a", "3", groups=tuple(made), **facts)


ONE, TWO, LOW = (50, "ctr1"), (50, "ctr2"), (10, "ctr2")


@pytest.mark.parametrize(
    ("told", "policy"),
    [
        (layout(), None),
        (layout([ONE]), None),
        (layout([ONE, TWO]), "multibus"),
        (layout([ONE], [TWO]), "failover"),
        (layout([ONE, ONE], [LOW, LOW]), "group_by_prio"),
        (layout([ONE, ONE], [TWO, TWO]), "group_by_node_name"),
        (layout([ONE, TWO], [ONE, TWO]), None),
    ],
)
def test_policy(told, policy):
    assert policy_of(told) == policy
    if policy:
        assert unmet_settings(told, {"path_grouping_policy": policy}) == ()


def test_marginal_groups_do_not_count():
    told = layout([ONE, TWO], [ONE])
    apart = Map("a", "3", groups=(told.groups[0], Group(2, marginal=True, paths=told.groups[1].paths)))
    assert (policy_of(told), policy_of(apart)) == (None, "multibus")


@pytest.mark.parametrize(
    ("facts", "settings", "said"),
    [
        ({}, {"path_grouping_policy": "multibus"}, "path_grouping_policy is not multibus"),
        ({}, {"path_grouping_policy": "failover"}, None),
        ({}, {"path_grouping_policy": "group_by_serial"}, None),
        ({}, {"path_selector": "service-time 0"}, None),
        ({}, {"path_selector": "round-robin 0"}, "path_selector is service-time 0"),
        ({"failback": "immediate"}, {"failback": "immediate"}, None),
        ({"failback": "deferred:30"}, {"failback": "30"}, None),
        ({"failback": "XXX....... 10/30"}, {"failback": "30"}, None),
        ({"failback": "deferred:30"}, {"failback": "+030"}, None),
        ({"failback": "deferred:10"}, {"failback": "30"}, "failback"),
        ({"failback": "manual"}, {"failback": "immediate"}, "failback"),
        ({"queueing": "12 chk"}, {"no_path_retry": "12"}, None),
        ({"queueing": "11 chk"}, {"no_path_retry": "12"}, "no_path_retry"),
        ({"queueing": "5 chk"}, {"no_path_retry": "05"}, None),
        ({"queueing": "5 chk"}, {"no_path_retry": "+5"}, None),
        ({"queueing": "6 chk"}, {"no_path_retry": "05"}, "no_path_retry 05"),
        ({"queueing": "on"}, {"no_path_retry": "queue"}, None),
        ({"queueing": "off"}, {"no_path_retry": "fail"}, None),
        ({"queueing": "off"}, {"no_path_retry": "queue"}, "no_path_retry"),
        ({}, {"rr_weight": "priorities", "prio": "alua"}, None),
    ],
)
def test_unmet(facts, settings, said):
    unmet = unmet_settings(layout([ONE], [TWO], **facts), settings)
    assert unmet == () if said is None else said in unmet[0]


def test_retries_are_counted_down_without_paths():
    assert unmet_settings(Map("a", "3", queueing="35 sec"), {"no_path_retry": "12"}) == ()


def test_join_takes_the_name_of_the_kernel():
    told = (Map("old", "3a", "dm-0"), Map("late", "3c", "dm-9"))
    devices = (DmDevice("dm-0", "new", "mpath-3a", 1024), DmDevice("dm-1", "root", "LVM-x"), DmDevice("dm-2", "alone", "mpath-3b", 5, slaves=("sdb",)))
    known = join_maps(told, devices)
    assert [(item.name, item.wwid) for item in known] == [("alone", "3b"), ("late", "3c"), ("new", "3a")]
    shown = {item["name"]: item for item in map(describe_map, known)}
    assert (shown["alone"]["paths"], shown["alone"]["groups"], shown["alone"]["policy"]) == (["sdb"], [], None)
    assert (shown["late"]["dm"], shown["late"]["size"], shown["new"]["size"]) == ("dm-9", None, 1024)
