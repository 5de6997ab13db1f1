# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not as it should be with the multipath devices of a host, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import QUEUE, KnownMap


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. reason: one word for programs; message: for people; name and wwid: of the map, None where there is none."""

    reason: str
    message: str
    name: Optional[str] = None
    wwid: Optional[str] = None


@dataclass(frozen=True)
class View:
    """A map with all that is known around it. sessions: every session to the targets that its LUN is behind."""

    known: KnownMap
    lun: Lun
    sessions: Tuple
    disks: dict
    recovery_tmo: Optional[int]


def find_faults(maps, luns, sessions, disks, recovery_tmos, running):
    """Returns a tuple of Fault.

    maps: KnownMap; luns: Lun; sessions and disks: as read from sysfs; recovery_tmos: WWID -> the seconds that the
    configuration asks for, missing where that is not known; running: whether multipathd answers.
    """
    lun_of = {lun.wwid: lun for lun in luns}
    by_name = {disk.name: disk for disk in disks}
    faults = [] if running or not maps else [Fault("daemon_not_running", "multipathd does not run: failed paths are not noticed and do not come back")]
    for known in maps:
        view = _view(known, lun_of.get(known.wwid, Lun(known.wwid)), sessions, by_name, recovery_tmos)
        faults += [Fault(reason, message, known.name, known.wwid) for check in CHECKS for reason, message in check(view)]
    mapped = {known.wwid for known in maps}
    if running:
        faults += [_unmapped(lun) for lun in luns if lun.san and lun.wwid not in mapped]
    return tuple(faults)


def _view(known, lun, sessions, by_name, recovery_tmos):
    around = tuple(session for session in sessions if session.target in lun.targets)
    disks = {name: by_name[name] for name in known.path_names if name in by_name}
    return View(known, lun, around, disks, recovery_tmos.get(known.wwid))


def _unmapped(lun):
    names = ", ".join(path.name for path in lun.paths)
    return Fault("no_map", f"{lun} has no map: I/O to {names} would go over one path. Register it, or take it out of a blacklist", None, lun.wwid)


def _no_paths(view):
    if not view.known.path_names:
        yield "no_paths", "the map has no paths: I/O to it fails or waits for ever"


def _single_path(view):
    if len(view.known.path_names) == 1:
        yield "single_path", f"the map has one path only ({view.known.path_names[0]}): nothing is left when it fails"


def _missing_paths(view):
    have, sessions = len(view.known.path_names), len(view.sessions)
    if have < sessions:
        yield "missing_paths", f"{have} paths, and {sessions} sessions to the targets of the LUN ({', '.join(view.lun.targets)})"


def _left_out(view):
    names = [path.name for path in view.lun.paths if path.name not in view.known.path_names]
    if names:
        yield "path_not_in_map", f"disks with the WWID of the map that are not its paths: {', '.join(names)}"


def _paths_not_ready(view):
    for path in view.known.told.paths if view.known.told else ():
        if not path.usable or path.device_state != "running":
            yield "path_not_ready", f"path {path.name} is {path.dm_state}, {path.checker_state}, {path.device_state}"


def _sessions_down(view):
    for session in view.sessions:
        if not session.logged_in:
            yield "session_not_logged_in", f"session {session.sid} to {session.target} over {session.portal} is {session.state}"


def _recovery_tmo(view):
    sids = {path.sid for path in view.lun.paths}
    for session in view.sessions:
        if session.sid in sids and None not in (view.recovery_tmo, session.recovery_tmo) and session.recovery_tmo != view.recovery_tmo:
            yield (
                "recovery_tmo",
                (
                    f"session {session.sid} to {session.target} over {session.portal} gives up after {session.recovery_tmo} s "
                    f"and not after {view.recovery_tmo} s (fast_io_fail_tmo)"
                ),
            )


def _queueing(view):
    told = view.known.told
    if told and QUEUE in (told.features or "") and told.queueing in (None, "on"):
        yield "queueing_without_limit", "without a usable path, I/O waits for ever and its processes cannot be killed (no_path_retry queue or queue_if_no_path)"


def _suspended(view):
    if view.known.device and view.known.device.suspended:
        yield "suspended", "the map is suspended: I/O to it waits until it is resumed"


def _not_told(view):
    if view.known.told is None or view.known.device is None:
        missing = "multipathd does not know the map" if view.known.told is None else "the kernel does not have the map"
        yield "not_monitored", f"{missing}: its paths are not checked"


def _wrong_disk(view):
    for name, disk in view.disks.items():
        if disk.wwid and disk.wwid != view.known.wwid:
            yield "wrong_wwid", f"path {name} is another LUN ({disk.wwid}): data would be destroyed. Take it out of the map and rescan it"


def _sizes(view):
    sizes = {disk.size for disk in view.disks.values() if disk.size}
    if view.known.device and view.known.device.size:
        sizes.add(view.known.device.size)
    if len(sizes) > 1:
        yield "size_differs", f"the map and its paths differ in size ({', '.join(map(str, sorted(sizes)))} bytes): a resize is not finished"


CHECKS = (
    _no_paths,
    _single_path,
    _missing_paths,
    _left_out,
    _paths_not_ready,
    _sessions_down,
    _recovery_tmo,
    _queueing,
    _suspended,
    _not_told,
    _wrong_disk,
    _sizes,
)
