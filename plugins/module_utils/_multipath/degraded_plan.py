# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as it should be with the multipath devices of a host, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_fault_plan import View, down_links, map_faults

DOWN = "multipathd does not run: failed paths are not noticed and do not come back"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. reason: one word for programs; message: for people; name and wwid: of the map, None where there is none."""

    reason: str
    message: str
    name: Optional[str] = None
    wwid: Optional[str] = None


def find_faults(maps, luns, links, disks, recovery_tmos, running):
    """Returns a tuple of Fault.

    maps: KnownMap; luns: Lun; links: Link; disks: as read from sysfs; recovery_tmos: WWID -> the seconds that the
    configuration asks for, missing where that is not known; running: whether multipathd answers.
    """
    lun_of = {lun.wwid: lun for lun in luns}
    by_name = {disk.name: disk for disk in disks}
    mapped = {known.wwid for known in maps}
    lone = [lun for lun in luns if lun.san and lun.wwid not in mapped and not any(by_name[path.name].native for path in lun.paths if path.name in by_name)]
    faults = [] if running or not (maps or lone) else [Fault("daemon_not_running", DOWN)]
    views = [_view(known, lun_of.get(known.wwid, Lun(known.wwid)), links, by_name, recovery_tmos) for known in maps]
    seen = {link.target for view in views for link in view.links}
    # After a boot without one controller, no LUN is seen behind its target: nothing but its records tells of the lost half.
    faults += [Fault(reason, f"{message}; no map is behind this target") for reason, message in down_links(link for link in links if link.target not in seen)]
    for view in views:
        faults += [Fault(reason, message, view.known.name, view.known.wwid) for reason, message in map_faults(view)]
    return (*faults, *(_unmapped(lun, running) for lun in lone))


def _view(known, lun, links, by_name, recovery_tmos):
    around = tuple(link for link in links if link.target in lun.targets)
    disks = {name: by_name[name] for name in known.path_names if name in by_name}
    return View(known, lun, around, disks, recovery_tmos.get(known.wwid))


def _unmapped(lun, running):
    names = ", ".join(path.name for path in lun.paths)
    advice = "Register it, or take it out of a blacklist" if running else "Start multipathd"
    return Fault("no_map", f"{lun} has no map: I/O to {names} would go over one path. {advice}", None, lun.wwid)
