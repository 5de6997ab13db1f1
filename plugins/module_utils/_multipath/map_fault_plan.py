# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with one map, seen with all that is known around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun, differences
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import QUEUE, KnownMap

# What a state of the SCSI device, or else of the checker (libmultipath/checkers.h), means for those who have to mend it.
MEANINGS = {
    "offline": "the kernel has given the disk up after errors; rescan it, or log out and in again",
    "transport-offline": "its session is lost",
    "blocked": "its session is lost, and I/O waits for it to come back",
    "faulty": "it does not answer as it should",
    "shaky": "it answers, and is not fit for I/O",
    "i/o pending": "the checker waits for its answer",
    "i/o timeout": "it did not answer the checker in time",
    "delayed": "it works again, and is held back until it has proved itself",
    "disconnected": "the array no longer has the LUN there",
    "removed": "the disk is gone",
    "undef": "it is not checked",
    "wild": "the checker cannot tell",
    "unchecked": "it is not checked yet",
}

# What the kernel says of a SCSI disk, and of the controller of an NVMe disk (drivers/nvme/host/sysfs.c); undef: of another disk, nothing.
WORKING = ("running", "live", "undef")


@dataclass(frozen=True)
class View:
    """A map with all that is known around it. links: every Link to the targets that its LUN is behind."""

    known: KnownMap
    lun: Lun
    links: Tuple
    disks: dict
    recovery_tmo: Optional[int]

    @property
    def sessions(self):
        """The sessions among the links."""
        return tuple(link.session for link in self.links if link.session)

    @property
    def told_paths(self):
        """The paths as they are told."""
        return self.known.told.paths if self.known.told else ()


def map_faults(view):
    """-> pairs of a reason, one word for programs, and a message for people."""
    return (fault for check in CHECKS for fault in check(view))


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


def _unclaimed(view):
    names = [name for name in view.lun.unclaimed if name in view.known.path_names]
    if names:
        yield (
            "path_not_claimed",
            f"udev takes {', '.join(names)} for plain disks, so that LVM, md or a mount may take them before the map has them. "
            "multipath_map with state present lets udev look again. If it has, look at the kernel's command line (nompath) and the udev rules",
        )


def _no_usable_path(view):
    if view.told_paths and view.known.monitored and not any(path.usable for path in view.told_paths):
        yield "no_usable_path", "none of its paths is usable: I/O to it fails or waits"


def _paths_not_ready(view):
    for path in view.told_paths:
        up = path.up if view.known.monitored else path.dm_state != "failed" and path.device_state in WORKING
        if not up:
            meaning = next((MEANINGS[state] for state in (path.device_state, path.checker_state) if state in MEANINGS), None)
            said = f"path {path.name} is {path.dm_state}, {path.checker_state}, {path.device_state}"
            yield "path_not_ready", f"{said}: {meaning}" if meaning else said


def _marginal(view):
    for path in view.told_paths:
        if path.marginal:
            yield "path_marginal", f"path {path.name} is marginal: it failed too often, and is used only when no other path is left"


def _sessions_down(view):
    return down_links(view.links)


def down_links(links):
    """What is wrong with sessions, as map_faults gives it."""
    for link in links:
        session = link.session
        if session is None:
            yield "session_missing", f"there is no session to {link.target} over {link.portal}, which its record asks for at boot"
        elif not session.logged_in:
            yield "session_not_logged_in", f"session {session.sid} to {session.target} over {session.portal} is {session.state}"


def _fabric_missing(view):
    usable = {path.name for path in view.told_paths if path.usable}
    sids = {path.sid for path in view.lun.paths if path.name in usable}
    over = {}
    for link in view.links:
        over.setdefault(link.fabric, []).append(link)
    working = {fabric for fabric, links in over.items() if any(link.session and link.session.sid in sids for link in links)}
    for fabric, links in over.items() if working and view.known.monitored else ():
        if fabric not in working:
            portals = ", ".join(sorted({link.portal for link in links}))
            yield "fabric_missing", f"no usable path goes over {fabric or 'the fabric'} of portal {portals}: nothing is left when the other fabric fails"


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


def _read_only(view):
    names = [name for name, disk in view.disks.items() if disk.read_only]
    if view.known.device and view.known.device.read_only:
        yield "read_only", "the map is read-only" + (f", and so are its paths {', '.join(names)}: look at the LUN's mapping on the array" if names else "")
    elif names:
        yield "read_only", f"paths are read-only: {', '.join(names)}. Writes over them fail; look at the LUN's mapping on the array"


def _not_told(view):
    known = view.known
    if known.told is None or known.device is None or not known.monitored:
        missing = "the kernel does not have the map" if known.device is None else "multipathd does not know the map"
        yield "not_monitored", f"{missing}: its paths are not checked"


def _wrong_disk(view):
    for name, disk in view.disks.items():
        if disk.wwid and disk.wwid != view.known.wwid:
            yield "wrong_wwid", f"path {name} is another LUN ({disk.wwid}): data would be destroyed. Take it out of the map and rescan it"
    for said in differences(view.lun):
        yield "wrong_wwid", f"its paths are different LUNs, they {said}: data would be destroyed. Take the wrong ones out of the map and rescan them"


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
    _unclaimed,
    _no_usable_path,
    _paths_not_ready,
    _marginal,
    _sessions_down,
    _fabric_missing,
    _recovery_tmo,
    _queueing,
    _suspended,
    _read_only,
    _not_told,
    _wrong_disk,
    _sizes,
)
