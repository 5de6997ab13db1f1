# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, local disks and faults as multipath_info returns them."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import left_alone
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import describe_path
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.timeout_plan import recovery_tmo
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Path


def recovery_tmos(conf, maps):
    """WWID -> the recovery_tmo that the configuration in force asks for. conf: a Conf; maps: KnownMap."""
    asked = {known.wwid: recovery_tmo(conf, known.told.vendor, known.told.product, known.told.revision) for known in maps if known.told}
    return {wwid: seconds for wwid, seconds in asked.items() if seconds is not None}


def without_left_alone(lists, maps, luns):
    """The LUNs but for those without a map that a blacklist leaves alone for their vendor and product: the control volume of an array.

    lists: of lists_of; maps: KnownMap. Which devices those are, multipath knows itself (product_blacklist of its built-in sections).
    """
    mapped = {known.wwid for known in maps}
    apart = {lun.wwid for lun in left_alone(lists, [lun for lun in luns if lun.wwid not in mapped])}
    return tuple(lun for lun in luns if lun.wwid not in apart)


def lone_paths(maps, luns):
    """The names of the paths of SAN LUNs that are in no map, as a tuple."""
    mapped = {name for known in maps for name in known.path_names}
    return tuple(path.name for lun in luns if lun.san for path in lun.paths if path.name not in mapped)


def describe_paths(maps, luns, lone):
    """Every path of a map, and every path of a SAN LUN that is in no map, as a list of dicts. lone: Path of what is in no map."""
    disks = {path.name: (lun, path) for lun in luns for path in lun.paths}
    found = []
    for known in maps:
        told = {path.name: path for path in known.told.paths} if known.told else {}
        found += [_path(known, name, told.get(name), disks.get(name)) for name in known.path_names]
    states = {path.name: path for path in lone}
    return found + [_path(None, name, states.get(name), disks[name]) for name in lone_paths(maps, luns)]


def describe_local_disks(disks, luns, maps):
    """The disks that are no paths of a storage network, as a list of dicts."""
    san = {path.name for lun in luns if lun.san for path in lun.paths}
    owner = {name: known.name for known in maps for name in known.path_names}
    return [
        {
            "name": disk.name,
            "wwid": disk.wwid,
            "vendor": disk.vendor,
            "model": disk.model,
            "size": disk.size,
            "transport": disk.transport,
            "map": owner.get(disk.name),
            "in_use_by": list(disk.in_use_by),
        }
        for disk in disks
        if not disk.is_san and disk.name not in san
    ]


def describe_fault(fault):
    """A Fault as a dict."""
    return {"name": fault.name, "wwid": fault.wwid, "reason": fault.reason, "message": fault.message}


def _path(known, name, told, disk):
    lun, path = disk or (None, None)
    facts = describe_path(told or Path(name))
    return {
        **facts,
        "map": known.name if known else None,
        "wwid": lun.wwid if lun else known.wwid,
        "hctl": path.hctl if path else None,
        "target": path.target if path and path.target else facts["target"],
        # No I/O goes over a path that is in no map, as far as multipath is concerned.
        "usable": (told.usable if known.monitored else None) if told and known else None,
    }
