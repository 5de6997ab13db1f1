# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LUNs: the disks of a host that have one WWID, joined with the sessions they came over. Choosing one, and what is wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import VSCSI
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step

# What all paths of a LUN tell alike. The WWIDs are compared with each other and not with udev's, which may be of another identifier of the LUN.
SIZE = ("size", "size")
IDENTITIES = (("serial number", "serial"), ("the kernel's WWID", "kernel_wwid"))


@dataclass(frozen=True)
class LunPath:
    """One path to a LUN. serial: None when other paths tell a better kind of it; users: what uses the disk other than a map of its own WWID,
    in words; kernel_wwid, claimed: as of Disk; judged: udev has looked at it since anything changed that decides whether it is claimed."""

    name: str
    hctl: Optional[str] = None
    size: Optional[int] = None
    serial: Optional[str] = None
    kernel_wwid: Optional[str] = None
    target: Optional[str] = None
    sid: Optional[int] = None
    users: Tuple[str, ...] = ()
    claimed: Optional[bool] = None
    judged: bool = False

    @property
    def lun(self):
        """The LUN's number behind this path, or None."""
        return int(self.hctl.rpartition(":")[2]) if self.hctl else None


@dataclass(frozen=True)
class Lun:
    """All disks with one WWID. san: at least one of them comes over a network, or several of PowerVM's
    Virtual I/O Servers serve it. alua: the kernel uses ALUA on every path."""

    wwid: str
    vendor: Optional[str] = None
    product: Optional[str] = None
    san: bool = False
    alua: bool = False
    paths: Tuple[LunPath, ...] = ()
    revision: Optional[str] = None

    @property
    def serials(self):
        """The serial numbers that its paths tell; more than one is wrong."""
        return tuple(sorted({path.serial for path in self.paths if path.serial}))

    @property
    def sizes(self):
        """The sizes in bytes that its paths tell; more than one is wrong. A path that cannot say has no size."""
        return tuple(sorted({path.size for path in self.paths if path.size}))

    @property
    def targets(self):
        """The iSCSI targets that it is seen behind."""
        return tuple(sorted({path.target for path in self.paths if path.target}))

    @property
    def unclaimed(self):
        """Names of the paths that udev takes for plain disks."""
        return tuple(path.name for path in self.paths if path.claimed is False)

    def __str__(self):
        what = " ".join(filter(None, (self.vendor, self.product))) or "disk"
        numbers = sorted({path.lun for path in self.paths if path.lun is not None})
        details = [
            f"LUN {'/'.join(map(str, numbers))}" if numbers else None,
            f"behind {', '.join(self.targets)}" if self.targets else None,
            f"serial {'/'.join(self.serials)}" if self.serials else None,
            f"{'/'.join(map(str, self.sizes))} bytes" if self.sizes else None,
            f"as {', '.join(path.name for path in self.paths)}" if self.paths else None,
        ]
        return f"{self.wwid} ({', '.join([what, *filter(None, details)])})"


def find_luns(disks, sessions, maps, alua=(), judged=()):
    """The LUNs of a host. disks: of disk_tool; sessions: of the iSCSI sysfs tool; maps: DmDevice; alua: names of disks with ALUA;
    judged: names of disks, see LunPath. Returns a tuple of Lun by WWID.

    A disk without a WWID is no LUN that multipath could take.
    """
    by_disk = {device.name: session for session in sessions for device in session.devices}
    own = {device.wwid: device.dm for device in maps if device.wwid}
    groups = {}
    for disk in disks:
        if disk.wwid:
            groups.setdefault(disk.wwid, []).append(disk)
    return tuple(_lun(wwid, groups[wwid], by_disk, own.get(wwid), alua, judged) for wwid in sorted(groups))


def select_luns(luns, criteria):
    """The SAN LUNs that match every criterion. criteria: dict of vendor, product, serial, target, lun; texts may be shell patterns."""
    return tuple(lun for lun in luns if lun.san and _matches(lun, criteria))


def lun_problem(lun):
    """Why a LUN must not become or stay a multipath device as it is, or None."""
    said = next(differences(lun, (SIZE, *IDENTITIES)), None)
    if said:
        return (
            f"its paths {said}: the array gives one WWID to different LUNs, or a resize or another LUN in its place has not reached every path; "
            "joining them would destroy data. Correct the array, or rescan the paths"
        )
    used = [f"{path.name} is {user}" for path in lun.paths for user in path.users]
    return f"it is in use as a local disk ({'; '.join(used)}). Free it first, or name another LUN" if used else None


def differences(lun, kinds=IDENTITIES):
    """What the paths of a LUN tell differently, as ends of a sentence. A path that cannot tell does not count."""
    for what, key in kinds:
        told = {path.name: getattr(path, key) for path in lun.paths if getattr(path, key)}
        if len(set(told.values())) > 1:
            yield f"differ in {what} ({', '.join(f'{name}: {value}' for name, value in told.items())})"


def plan_claims(lun, device):
    """The Steps that let udev look again at the paths of a map that it takes for plain disks. lun, device: of one WWID, None where there is none.

    One that it has judged as things are stays a plain disk however often it looks.
    """
    judged = [path.name for path in lun.paths if path.judged] if lun else []
    names = [name for name in lun.unclaimed if name in device.slaves and name not in judged] if lun and device else []
    return tuple(Step("claim", name, "a plain disk to udev", "a path of multipath to udev") for name in names)


def warn_of_unclaimed(names):
    """What is said of paths that udev has looked at again and still takes for plain disks, as a tuple of sentences."""
    said = (
        f"udev still takes {', '.join(names)} for plain disks after another look, so that LVM, md or a mount may take them before the map has them. "
        "Look at the kernel's command line (nompath, multipath=off) and at the udev rules of this host. It is asked again when multipath.conf or "
        "the registered WWIDs have changed."
    )
    return (said,) if names else ()


def _lun(wwid, disks, by_disk, own_map, alua, judged):
    first = disks[0]
    serial_kind = min((disk.serial_kind for disk in disks if disk.serial), default=None)
    return Lun(
        wwid=wwid,
        vendor=first.vendor,
        product=first.model,
        san=any(disk.is_san or disk.name in by_disk for disk in disks) or [disk.transport for disk in disks].count(VSCSI) > 1,
        alua=all(disk.name in alua for disk in disks),
        revision=first.revision,
        paths=tuple(_path(disk, serial_kind, by_disk.get(disk.name), own_map, disk.name in judged) for disk in disks),
    )


def _path(disk, serial_kind, session, own_map, judged):
    return LunPath(
        name=disk.name,
        hctl=disk.hctl,
        size=disk.size,
        serial=disk.serial if disk.serial_kind == serial_kind else None,
        kernel_wwid=disk.kernel_wwid,
        target=session.target if session else None,
        sid=session.sid if session else None,
        # The kernel gives a disk to one holder: with its own map on it, all other use of it goes through the map.
        users=() if own_map in disk.holders else disk.in_use_by,
        claimed=disk.claimed,
        judged=judged,
    )


def _matches(lun, criteria):
    texts = {"vendor": (lun.vendor,), "product": (lun.product,), "serial": lun.serials}
    if any(not _fits(criteria.get(key), values) for key, values in texts.items()):
        return False
    # The same path has to fit both: LUN 1 of this target, not LUN 1 of another one.
    return any(_fits(criteria.get("target"), (path.target,)) and criteria.get("lun") in (None, path.lun) for path in lun.paths)


def _fits(pattern, values):
    return pattern is None or any(value is not None and fnmatchcase(value.strip().lower(), pattern.strip().lower()) for value in values)
