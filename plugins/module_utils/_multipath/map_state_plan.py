# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a wanted state of one map to steps: which map is meant, what forbids the change, what is to be done, and what is not yet as asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import lun_problem, plan_claims
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import LOOKS_LIKE_DEVICE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wwid_plan import check_wwid
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Plan, Step


@dataclass(frozen=True)
class Target:
    """The map that is meant. name: as it is called, or will be. wwid: None when nothing on this host says whose name it is."""

    name: str
    wwid: Optional[str]


def choose_map(name, wwid, host, state):
    """The Target of a name or a WWID, one of them None. Raises SanError when the name belongs to something else."""
    if not (name or wwid):
        # An empty template variable, more often than a wish.
        raise SanError(f"{'wwid' if name is None else 'name'}: is empty. Name the map that is meant; multipath_info lists those that are there.")
    if wwid:
        check_wwid(wwid, host)
        return Target(_name_of(wwid, host), wwid)
    device = next((device for device in host.devices if device.name == name), None)
    if device:
        if device.wwid is None:
            raise SanError(f"{name}: is no multipath map, but {device.dm} with the uuid {device.uuid or '(none)'}. Name a map; multipath_info lists them.")
        return Target(name, device.wwid)
    if "/" in name or LOOKS_LIKE_DEVICE.fullmatch(name):
        # Taken for a name, it would be a map that is not there, and so as absent as it could be.
        raise SanError(f"{name}: is a device and no name of a map. Give the name alone (qsan for /dev/mapper/qsan), or the wwid.")
    owner = _owner_of(name, host)
    there = host.device(owner)
    if there and owner != name and state != "present":
        # An old line in a file: what goes or grows would be a map that nobody has named.
        raise SanError(f"{name}: is no map, but another name of {owner}, whose map is {there.name}. Name that, or the wwid, if it is meant.")
    return Target(name, owner)


def find_lacks(target, host, running, state):
    """What a real run needs and is not there, as a tuple of sentences. A check run only warns: earlier tasks of a play may bring it."""
    if state == "absent":
        return ()
    lacks = [] if running else [f"{target.name}: multipathd does not run, and without it no map is {STATES[state]}. Install multipath-tools and start it."]
    if state == "resized" and host.device(target.wwid) is None:
        lacks.append(f"{target.name}: there is no such map to resize. Make it first (state present); multipath_info lists those that are there.")
    if state == "present" and target.wwid is None:
        lacks.append(f"{target.name}: no map has this name, and no alias of multipath.conf. Give the wwid, or name it with multipath_alias first.")
    elif state == "present" and host.lun(target.wwid) is None:
        lacks.append(f"{target.name}: no disk on this host has the WWID {target.wwid}. Log in to the target, or look at the array's mapping.")
    return tuple(lacks)


def plan_present(target, host):
    """The Plan that brings a map with every path of its LUN. Raises SanError when the LUN must not become one."""
    lun, device = host.lun(target.wwid), host.device(target.wwid)
    problem = lun_problem(lun) if lun else None
    if problem:
        raise SanError(f"{target.name}: {lun.wwid} cannot be taken, {problem}.")
    names = tuple(path.name for path in lun.paths) if lun else ()
    if device is None:
        register = [Step("register", target.wwid)] if target.wwid and target.wwid not in host.wwids else []
        made = Step("create", f"{target.name} of {target.wwid or 'a LUN that is not there yet'}", args=names)
        return Plan((*register, made), (_change(target, None, names),))
    steps = [Step("add", f"{name} to {device.name}", args=name) for name in names if name not in device.slaves]
    if host.told(target.wwid) is None:
        steps.append(Step("monitor", device.name))
    if device.suspended:
        steps.append(Step("resume", device.name))
    claims = plan_claims(lun, device)
    after = (*device.slaves, *(name for name in names if name not in device.slaves))
    return Plan((*steps, *claims), (*([_change(target, device.slaves, after)] if after != device.slaves else []), *claims))


def plan_absent(target, host, users):
    """The Plan that flushes a map. users: who uses it, in words. Raises SanError when there is one."""
    device = host.device(target.wwid)
    if device is None:
        return Plan()
    if users:
        raise SanError(f"{device.name}: is not flushed, it is in use: {'; '.join(users)}. Unmount it, or end what uses it, and run again.")
    return Plan((Step("flush", device.name),), (_change(target, device.slaves, None),))


def check_paths(target, host):
    """Raises SanError unless every path of a map is there and up: a path that is not rescanned keeps the old size."""
    device, told, lun = host.device(target.wwid), host.told(target.wwid), host.lun(target.wwid)
    wrong = [] if told else ["multipathd does not know the map (state present makes it known)"]
    wrong += ["it is suspended (state present resumes it)"] if device.suspended else []
    wrong += [f"path {path.name} is {path.dm_state}, {path.checker_state}, {path.device_state}" for path in told.paths if not path.up] if told else []
    own = tuple(path.name for path in lun.paths) if lun else ()
    wrong += [f"{name} has its WWID and is no path of it" for name in own if name not in device.slaves]
    wrong += [f"path {name} is another LUN" for name in device.slaves if name not in own]
    wrong += [] if device.slaves else ["it has no paths"]
    if wrong:
        raise SanError(f"{device.name}: is not resized, not every path is up: {'; '.join(wrong)}. Nothing was changed. Mend the path and run again.")


def plan_resized(target, host, capacities, known):
    """The Plan that gives a map the size of its LUN. capacities: path -> what the array says in bytes; known: what the kernel knows.

    Raises SanError when the paths disagree, or the LUN is smaller than the map.
    """
    device = host.device(target.wwid)
    told = ", ".join(f"{name}: {size}" for name, size in capacities.items())
    if len(set(capacities.values())) != 1 or 0 in capacities.values():
        raise SanError(
            f"{device.name}: is not resized, the array says different sizes on its paths ({told} bytes). Nothing was changed. "
            "Finish the change on the array; if it stays, the array gives one WWID to different LUNs."
        )
    size = next(iter(capacities.values()))
    if size < device.size:
        raise SanError(
            f"{device.name}: is not resized, the LUN has {size} bytes and the map {device.size}: a smaller map would cut off data. "
            "Nothing was changed. Give the LUN its size back on the array."
        )
    steps = [Step("rescan", name, args=name) for name in capacities if known[name] != size]
    if device.size != size:
        steps.append(Step("resize", device.name, args=size))
    changes = [Step("size", device.name, f"{device.size} bytes", f"{size} bytes")] if device.size != size else []
    return Plan(tuple(steps), tuple(changes))


def unmet_present(target, host):
    """What kernel, udev and multipathd do not yet show of a map, as a tuple of sentences."""
    device, told, lun = host.device(target.wwid), host.told(target.wwid), host.lun(target.wwid)
    if device is None:
        return (f"{target.wwid} has no map",)
    said = [f"{path.name} is no path of it" for path in (lun.paths if lun else ()) if path.name not in device.slaves]
    said += ["it is suspended"] if device.suspended else []
    said += [] if host.links.get(device.name) == device.dm else [f"/dev/mapper/{device.name} is not there"]
    said += [] if told else ["multipathd does not know it"]
    return tuple(f"{device.name}: {each}" for each in said)


STATES = {"present": "made", "resized": "resized"}


def _name_of(wwid, host):
    device = host.device(wwid)
    names = [device.name] if device else []
    names += [naming.alias for naming in host.namings if naming.wwid == wwid and naming.alias]
    return next(iter(names), wwid)


def _owner_of(name, host):
    owners = [naming.wwid for naming in host.namings if naming.alias == name]
    owners += [binding.wwid for binding in host.bindings if binding.alias == name]
    # A map without an alias is called by its WWID.
    owners += [name] if host.lun(name) or host.device(name) else []
    return next(iter(owners), None)


def _change(target, before, after):
    shown = [None if names is None else f"{target.name} ({', '.join(names) or 'no paths'})" for names in (before, after)]
    return Step("map", target.wwid or target.name, *shown)
