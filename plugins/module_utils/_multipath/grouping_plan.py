# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path_grouping_policy of a single LUN needs besides, so that it counts.

Since 0.9.6, detect_pgpolicy (on by default) goes before the multipaths section: when every path has the alua prioritizer, the paths
are grouped by priority, whatever the section says (libmultipath/propsel.c select_pgpolicy). It cannot be switched off for a single
LUN, only for its kind of device.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import device_blocks, exactly, value_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import POLICY

DETECT = "detect_pgpolicy"
DETECT_TPG = "detect_pgpolicy_use_tpg"
DEVICE = ("devices", "device", DETECT)
OFF = ("no", "0")


def plan_devices(policies, confs, keywords):
    """The items of the devices section that let the policies count, as a list of dicts; none where nothing stands in their way.

    policies: (Lun, policy) of each LUN with a policy of its own; confs: Conf of every file; keywords: of the installed release.
    """
    if keywords.known(DEVICE) is None:
        return []
    items = {}
    for lun, policy in policies:
        detected = _detected(lun, confs)
        if lun.alua and policy != detected and value_in_force(confs, DETECT, lun.vendor, lun.product) not in OFF:
            items[(lun.vendor, lun.product)] = _item(lun, confs, detected)
    return list(items.values())


def _item(lun, confs, detected):
    item = {"vendor": exactly(lun.vendor), "product": exactly(lun.product), DETECT: "no"}
    # The array's other LUNs stay as they were detected, unless a section of the user says otherwise.
    if not any(block.value(POLICY) for block in device_blocks(confs, lun.vendor, lun.product)):
        item[POLICY] = detected
    return item


def _detected(lun, confs):
    by_tpg = value_in_force(confs, DETECT_TPG, lun.vendor, lun.product)
    return "group_by_tpg" if by_tpg not in (None, *OFF) else "group_by_prio"
