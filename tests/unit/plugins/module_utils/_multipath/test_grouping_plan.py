# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy of one LUN against the detection of policies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import exactly
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.grouping_plan import plan_devices, policies_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import KnownMap
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path

LUN = Lun("3a", "Qsan", "P600Q+ (x)", san=True, alua=True)
OURS = {"vendor": exactly("Qsan"), "product": exactly("P600Q+ (x)"), "detect_pgpolicy": "no", "path_grouping_policy": "group_by_prio"}
BY_TPG = {**OURS, "path_grouping_policy": "group_by_tpg"}
OFF_FOR_OLD = 'devices {\n device {\n vendor "^Q"\n product ".*"\n revision "^1"\n detect_pgpolicy no\n }\n}\n'
BARE = {key: value for key, value in OURS.items() if key != "path_grouping_policy"}


@pytest.mark.parametrize(
    ("lun", "policy", "text", "items"),
    [
        (LUN, "multibus", "", [OURS]),
        (LUN, "group_by_prio", "", []),
        (replace(LUN, alua=False), "multibus", "", []),
        (LUN, "failover", "defaults {\n detect_pgpolicy no\n}\n", []),
        (LUN, "failover", "overrides {\n detect_pgpolicy 0\n}\n", []),
        (LUN, "failover", 'devices {\n device {\n vendor "^Q"\n product ".*"\n detect_pgpolicy no\n }\n}\n', []),
        (LUN, "failover", 'devices {\n device {\n vendor "^X"\n product ".*"\n detect_pgpolicy no\n }\n}\n', [OURS]),
        (LUN, "failover", 'devices {\n device {\n vendor "^Q"\n product ".*"\n path_grouping_policy multibus\n }\n}\n', [BARE]),
        (LUN, "failover", "defaults {\n detect_pgpolicy_use_tpg yes\n}\n", [BY_TPG]),
        (replace(LUN, revision="2.0"), "failover", OFF_FOR_OLD, [OURS]),
        (replace(LUN, revision="1.0"), "failover", OFF_FOR_OLD, []),
    ],
)
def test_devices(lun, policy, text, items):
    conf = parse_conf(text)
    assert plan_devices([(lun, policy)], (conf,), keyword_tree()) == items
    outcome = parse_conf(edit_conf(conf, Wanted(devices=items or None)).text)
    assert plan_devices([(lun, policy)], (outcome,), keyword_tree()) == []


def test_one_section_for_all_luns_of_an_array():
    assert plan_devices([(LUN, "multibus"), (replace(LUN, wwid="3b"), "failover")], (), keyword_tree()) == [OURS]


def test_older_releases_detect_nothing():
    assert plan_devices([(LUN, "multibus")], (), keyword_tree((0, 9, 4))) == []


def live(*groups, hwhandler="0", wwid="3a"):
    """A KnownMap. groups: the priorities of the paths of each."""
    made = (Group(number, paths=tuple(Path(f"sd{number}{index}", priority=each) for index, each in enumerate(paths))) for number, paths in enumerate(groups))
    return KnownMap(wwid, "qsan", told=Map("qsan", wwid, vendor="Qsan", product="P600Q", hwhandler=hwhandler, groups=tuple(made)))


DEFAULTS = 'defaults {\n path_grouping_policy "failover"\n detect_pgpolicy "yes"\n}\n'
OWN = "multipaths {\n multipath {\n wwid 3a\n path_grouping_policy multibus\n }\n}\n"
DEVICE = 'devices {\n device {\n vendor "^Qsan"\n product ".*"\n path_grouping_policy "group_by_prio"\n }\n}\n'


@pytest.mark.parametrize(
    ("known", "text", "policy"),
    [
        (live([50], [50]), DEFAULTS, "failover"),
        # Paths of one priority: the groups look like those of multibus.
        (live([50, 50]), DEFAULTS + DEVICE, "group_by_prio"),
        (live([50], [10]), DEFAULTS + DEVICE, "group_by_prio"),
        (live([50, 50]), DEFAULTS + DEVICE + OWN, "multibus"),
        (live([50, 50], wwid="3b"), DEFAULTS + DEVICE + OWN, "group_by_prio"),
        (live([50, 50]), DEFAULTS + "overrides {\n path_grouping_policy multibus\n}\n", "multibus"),
        # Detected before all that the sections say, where the kernel switches by ALUA.
        (live([50, 50], hwhandler="1 alua"), DEFAULTS + OWN, "group_by_prio"),
        (live([50, 50], hwhandler="1 alua"), DEFAULTS.replace("yes", "no") + OWN, "multibus"),
        (live([50, 10], hwhandler="1 alua"), DEFAULTS + OWN, "multibus"),
        # Not told by the groups.
        (live([50, 50], hwhandler="1 alua"), DEFAULTS.replace("}", " detect_pgpolicy_use_tpg yes\n}"), "group_by_tpg"),
        (live([50]), DEFAULTS + OWN, "multibus"),
        # Not in force: multipathd has not been told of it yet.
        (live([50, 10], [10]), DEFAULTS, None),
        (live([50, 50]), "", None),
    ],
)
def test_policies_in_force(known, text, policy):
    assert policies_in_force(parse_conf(text), [known]).get(known.wwid) == policy
