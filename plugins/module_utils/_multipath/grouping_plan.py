# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which path_grouping_policy counts for a LUN, and what one of a single LUN needs besides.

Since 0.9.6, detect_pgpolicy (on by default) goes before the multipaths section: when every path has the alua prioritizer, the paths
are grouped by priority, whatever the section says (libmultipath/propsel.c select_pgpolicy). It cannot be switched off for a single
LUN, only for its kind of device.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import device_blocks, exactly, value_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import POLICY, unmet_settings

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
        if lun.alua and policy != detected and _in_force(confs, DETECT, lun) not in OFF:
            items[(lun.vendor, lun.product)] = _item(lun, confs, detected)
    return list(items.values())


def policies_in_force(conf, maps):
    """The policies that the configuration has for maps, as a dict by WWID, without those that the groups of a map contradict.

    conf: the Conf in force, built-in sections and all; maps: KnownMap.
    """
    found = {}
    for told in (known.told for known in maps if known.told):
        fitting = (policy for policy in _configured(conf, told) if not unmet_settings(told, {POLICY: policy}))
        found.update((told.wwid, policy) for policy in list(fitting)[:1])
    return found


def _configured(conf, told):
    """The policies that the sections have for a map; that which goes before the others first."""
    if "alua" in (told.hwhandler or "") and _in_force((conf,), DETECT, told) not in (None, *OFF):
        yield _detected(told, (conf,))
    own = [block.value(POLICY) for block in conf.blocks("multipaths", "multipath") if block.value("wwid") == told.wwid]
    yield from filter(None, [*own[-1:], _in_force((conf,), POLICY, told)])


def _item(lun, confs, detected):
    item = {"vendor": exactly(lun.vendor), "product": exactly(lun.product), DETECT: "no"}
    # The array's other LUNs stay as they were detected, unless a section of the user says otherwise.
    if not any(block.value(POLICY) for block in device_blocks(confs, lun.vendor, lun.product, lun.revision)):
        item[POLICY] = detected
    return item


def _detected(lun, confs):
    by_tpg = _in_force(confs, DETECT_TPG, lun)
    return "group_by_tpg" if by_tpg not in (None, *OFF) else "group_by_prio"


def _in_force(confs, keyword, device):
    """device: a Lun or a Map."""
    return value_in_force(confs, keyword, device.vendor, device.product, revision=device.revision)
