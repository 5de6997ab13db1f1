# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps as the modules return them, and whether a map is what its settings ask for.

multipathd tells groups and not the policy that made them, so a policy is known by the layout that it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import meaning
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Map

# The feature of the device-mapper table that lets I/O wait while there is no path.
QUEUE = "queue_if_no_path"
POLICY = "path_grouping_policy"


@dataclass(frozen=True)
class KnownMap:
    """A map as the kernel has it (device) and as multipathd tells it (told); one of the two can be missing for a moment.

    monitored: told comes from multipathd, and not from the kernel's table alone.
    """

    wwid: str
    name: str
    device: Optional[DmDevice] = None
    told: Optional[Map] = None
    monitored: bool = True

    @property
    def path_names(self):
        """Kernel names of the paths."""
        return tuple(path.name for path in self.told.paths) if self.told else self.device.slaves


def join_maps(told, devices, monitored=True):
    """told: tuple of Map of multipathd; devices: tuple of DmDevice. Returns every multipath map once, as a tuple of KnownMap by name.

    The name is the kernel's: multipathd can be late with a rename.
    """
    by_wwid = {item.wwid: item for item in told}
    by_uuid = {device.wwid: device for device in devices if device.wwid}
    found = []
    for wwid in {**by_wwid, **by_uuid}:
        item, device = by_wwid.get(wwid), by_uuid.get(wwid)
        found.append(KnownMap(wwid, device.name if device else item.name, device, item, monitored))
    return tuple(sorted(found, key=lambda known: known.name))


def policy_of(told):
    """The path grouping policy that the groups of a Map show, or None: with one path or none, every policy looks the same."""
    groups = _normal_groups(told)
    if sum(len(group.paths) for group in groups) < 2:
        return None
    return next((policy for policy in ("multibus", "failover", "group_by_prio", "group_by_node_name") if LAYOUTS[policy](groups)), None)


def unmet_settings(told, settings):
    """Which settings a live Map does not show, as sentences. settings: dict of keyword and text.

    Settings that multipathd does not tell (rr_weight, prio, ...) are taken as met.
    """
    checks = ((CHECKS[keyword], value) for keyword, value in sorted(settings.items()) if keyword in CHECKS)
    return tuple(said for said in (check(told, value) for check, value in checks) if said)


def tells(told, keyword, text):
    """Whether a live Map tells if a setting is in force. told: None where there is none; text: of the value, None to remove the keyword."""
    if told is None or text is None:
        return False
    if keyword == POLICY:
        return text in LAYOUTS
    # A keyword that no section sets is told as nothing.
    silent = {"failback": told.failback, "no_path_retry": told.queueing}
    return keyword in CHECKS and silent.get(keyword, "") is not None


def describe_map(known, policy=None):
    """A KnownMap as the modules return it. policy: that of the configuration, where it is known."""
    told, device = known.told, known.device
    return {
        "name": known.name,
        "wwid": known.wwid,
        "device": f"/dev/mapper/{known.name}",
        "dm": device.dm if device else told.dm,
        "size": device.size if device else None,
        "read_only": device.read_only if device else told.write_protect == "ro",
        "suspended": device.suspended if device else told.state == "suspend",
        "vendor": told.vendor if told else None,
        "product": told.product if told else None,
        "policy": policy or (policy_of(told) if told else None),
        "features": told.features if told else None,
        "hwhandler": told.hwhandler if told else None,
        "queueing": told.queueing if told else None,
        "failback": told.failback if told else None,
        "paths": list(known.path_names),
        "groups": [describe_group(group, known.monitored) for group in told.groups] if told else [],
    }


def describe_group(group, monitored=True):
    """A Group as the modules return it."""
    return {
        "number": group.number,
        "state": group.state,
        "priority": group.priority,
        "selector": group.selector,
        "marginal": group.marginal,
        "paths": [describe_path(path, monitored) for path in group.paths],
    }


def describe_path(path, monitored=True):
    """A Path as the modules return it. Whether it is usable is known where a checker looks at it."""
    return {
        "name": path.name,
        "dm_state": path.dm_state,
        "checker_state": path.checker_state,
        "device_state": path.device_state,
        "checker": path.checker,
        "priority": path.priority,
        "target": path.target,
        "usable": path.usable if monitored else None,
        "marginal": path.marginal,
    }


def _normal_groups(told):
    # With marginal_pathgroups, shaky paths are set apart in groups of their own, whatever the policy is.
    return tuple(group for group in told.groups if group.paths and not group.marginal)


def _keys_part(groups, key):
    """True when the key is one value in each group, and another one in each other group."""
    values = [{key(path) for path in group.paths} for group in groups]
    return all(len(each) == 1 for each in values) and len(set().union(*values)) == len(values)


# A layout can suit several policies; the first that fits is the one that policy_of names.
LAYOUTS = {
    "multibus": lambda groups: len(groups) <= 1,
    "failover": lambda groups: all(len(group.paths) == 1 for group in groups),
    "group_by_prio": lambda groups: _keys_part(groups, lambda path: path.priority),
    "group_by_node_name": lambda groups: _keys_part(groups, lambda path: path.target),
}


def _unmet_policy(told, value):
    groups = _normal_groups(told)
    if value not in LAYOUTS or LAYOUTS[value](groups):
        return None
    layout = " + ".join(str(len(group.paths)) for group in groups)
    return f"path_grouping_policy is not {value}: the paths are in {len(groups)} groups ({layout})"


def _unmet_selector(told, value):
    wanted = value.split()[:1]
    others = sorted({group.selector for group in told.groups if group.selector and group.selector.split()[:1] != wanted})
    return f"path_selector is {', '.join(others)} and not {value}" if others else None


def _unmet_failback(told, value):
    seconds = meaning("failback", value)
    shown = f"deferred:{seconds}" if seconds.isdigit() else seconds
    # A deferred failback that is under way is shown as a progress bar.
    same = told.failback in (None, shown) or (seconds.isdigit() and told.failback.endswith(f"/{seconds}"))
    return None if same else f"failback is {told.failback} and not {value}"


def _unmet_retry(told, value):
    checks = meaning("no_path_retry", value)
    shown = {"0": "off", "queue": "on"}.get(checks, f"{checks} chk")
    # Without a usable path, multipathd counts seconds down and then says off.
    counting = checks.isdigit() and not any(path.usable for path in told.paths)
    return None if told.queueing in (None, shown) or counting else f"no_path_retry {value} is not in force: queueing is {told.queueing}"


CHECKS = {
    POLICY: _unmet_policy,
    "path_selector": _unmet_selector,
    "failback": _unmet_failback,
    "no_path_retry": _unmet_retry,
}
