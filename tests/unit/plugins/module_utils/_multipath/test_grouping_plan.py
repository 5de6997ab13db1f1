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
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.grouping_plan import plan_devices
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun

LUN = Lun("3a", "Qsan", "P600Q+ (x)", san=True, alua=True)
OURS = {"vendor": exactly("Qsan"), "product": exactly("P600Q+ (x)"), "detect_pgpolicy": "no", "path_grouping_policy": "group_by_prio"}
BY_TPG = {**OURS, "path_grouping_policy": "group_by_tpg"}
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
