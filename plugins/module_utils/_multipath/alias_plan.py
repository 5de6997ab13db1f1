# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From wanted aliases to steps: which LUN is meant, what forbids the alias, what is to be done, and what is not yet as asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.grouping_plan import plan_devices
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun, plan_claims, select_luns
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import POLICY, QUEUE, policy_of, tells, unmet_settings
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wanted_text import Wanted as ConfWanted
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Plan, Step


@dataclass(frozen=True)
class Naming:
    """A multipath section of a file: its WWID and its alias."""

    wwid: str
    alias: Optional[str]
    file: str


@dataclass(frozen=True)
class Host:
    """What a plan needs to know. maps: KnownMap; links: alias -> kernel name behind /dev/mapper; confs, namings: of all files, as they are read;
    fstab: the devices that /etc/fstab names."""

    luns: Tuple[Lun, ...] = ()
    devices: Tuple = ()
    maps: Tuple = ()
    links: Mapping[str, str] = field(default_factory=dict)
    namings: Tuple[Naming, ...] = ()
    bindings: Tuple = ()
    confs: Tuple = ()
    wwids: frozenset = frozenset()
    fstab: frozenset = frozenset()

    def device(self, wwid):
        """The DmDevice of a WWID, or None."""
        return next((device for device in self.devices if wwid and device.wwid == wwid), None)

    def told(self, wwid):
        """The Map of a WWID as multipathd tells it, or None."""
        return next((known.told for known in self.maps if known.wwid == wwid), None)

    def lun(self, wwid):
        """The Lun of a WWID, or None."""
        return next((lun for lun in self.luns if lun.wwid == wwid), None)


@dataclass(frozen=True)
class Wanted:
    """One alias as given. wwid or select says which LUN; for state absent the alias alone does too. settings: keyword -> value, None to remove it."""

    alias: Optional[str]
    wwid: Optional[str] = None
    select: Optional[Mapping] = None
    settings: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """One alias with its LUN. wwid: None as long as no LUN matches. missing: what is not there, as a sentence, or None."""

    alias: Optional[str]
    wwid: Optional[str]
    settings: Mapping = field(default_factory=dict)
    missing: Optional[str] = None

    @property
    def texts(self):
        """The settings that are to be set, as multipath writes them: a playbook's yes is a truth value, its 12 a number."""
        words = {True: "yes", False: "no"}
        return {key: words[value] if isinstance(value, bool) else str(value).strip() for key, value in self.settings.items() if value is not None}


def choose_luns(wanted, host):
    """The Choice of each Wanted, for state present. Raises SanError when more than one LUN matches."""
    return tuple(_choose(item, host) for item in wanted)


def choose_names(wanted, host):
    """The Choice of each Wanted, for state absent: a LUN that is gone can still be named in a file."""
    return tuple(_choose_name(item, host) for item in wanted)


def find_lacks(choices, host, running, reload, absent):
    """What a real run needs and is not there, as a tuple of sentences: LUNs, and multipathd. A check run only warns."""
    lacks = [] if absent else [choice.missing for choice in choices if choice.missing]
    if not running and reload and not (absent and not any(unmet_absence(choice, host) for choice in choices)):
        lacks.append("multipathd does not run, and without it no map gets its name. Install multipath-tools and start multipathd.")
    return tuple(lacks)


def shows_all(choices, host):
    """True when the live maps show every setting, so that a map as asked means a configuration in force."""
    return all(tells(host.told(choice.wwid), keyword, choice.texts.get(keyword)) for choice in choices for keyword in choice.settings)


def plan_conf(choices, host, path, absent, keywords):
    """What the editor of the file has to do, as its Wanted. For state absent, sections that do not have the alias are left alone."""
    items = [{"wwid": choice.wwid, "alias": choice.alias, **choice.settings} for choice in choices if choice.wwid]
    if absent:
        there = {(naming.wwid, naming.alias) for naming in host.namings if naming.file == path}
        items = [item for item in items if item["alias"] and (item["wwid"], item["alias"]) in there]
        return ConfWanted(multipaths=items or None, state="absent")
    policies = [(host.lun(choice.wwid), choice.texts[POLICY]) for choice in choices if POLICY in choice.texts and host.lun(choice.wwid)]
    return ConfWanted(multipaths=items or None, devices=plan_devices(policies, host.confs, keywords) or None)


def plan_present(choices, host, file_steps, reload, stale=False):
    """The Plan that gives the aliases. file_steps: what the editor does to the file; stale: multipathd has not read the file as it is."""
    register = [Step("register", choice.wwid, args=choice.wwid) for choice in choices if _unregistered(choice, host)]
    live = [step for choice in choices for step in _live_steps(choice, host)]
    claims = [step for choice in choices for step in plan_claims(host.lun(choice.wwid), host.device(choice.wwid))]
    return _plan(register, file_steps, live, [*(_change(choice, host) for choice in choices), *claims], host, reload, stale, claims)


def plan_absent(choices, host, file_steps, reload, stale=False):
    """The Plan that takes the aliases away; the maps stay, under the name that multipathd gives them."""
    live = [Step("rename", f"{choice.alias} to the name without alias", args=choice) for choice in choices if unmet_absence(choice, host)]
    changes = [Step("name", step.args.wwid, step.args.alias, "no alias") for step in live]
    return _plan([], file_steps, live, changes, host, reload, stale)


def unmet_names(choice, host):
    """What the kernel and udev do not yet show of an alias, as a tuple of sentences."""
    device = host.device(choice.wwid)
    if device is None:
        return (f"{choice.alias}: {choice.wwid} has no map",)
    if device.name != choice.alias:
        return (f"{choice.alias}: the map of {choice.wwid} is called {device.name}",)
    if device.suspended:
        return (f"{choice.alias}: the map is suspended",)
    behind = host.links.get(choice.alias)
    return () if behind == device.dm else (f"{choice.alias}: /dev/mapper/{choice.alias} " + (f"leads to {behind}" if behind else "is not there"),)


def unmet_told(choice, host):
    """What multipathd does not yet show of an alias's settings, as a tuple of sentences."""
    told = host.told(choice.wwid)
    if told is None:
        return (f"{choice.alias}: multipathd does not know the map",)
    if told.name != choice.alias:
        return (f"{choice.alias}: multipathd calls the map {told.name}",)
    return tuple(f"{choice.alias}: {said}" for said in unmet_settings(told, choice.texts))


def unmet_absence(choice, host):
    """The map still has the alias, as a tuple of sentences. An alias that multipathd chose itself (bindings file) stays."""
    device = host.device(choice.wwid)
    own = any(binding.wwid == choice.wwid and binding.alias == choice.alias for binding in host.bindings)
    return (f"{choice.alias}: the map of {choice.wwid} still has this name",) if device and device.name == choice.alias and not own else ()


def find_hazards(choices, host):
    """Maps that wait for ever without a path although no no_path_retry says so, as a tuple of sentences.

    multipathd leaves queue_if_no_path in the table when the keyword goes (libmultipath/configure.c select_action).
    """
    told = [told for told in (host.told(choice.wwid) for choice in choices) if told]
    return tuple(
        f"{item.name}: queues I/O without limit when no path is left, and no no_path_retry says for how long. "
        f"Set no_path_retry, or run `multipathd disablequeueing map {item.name}`."
        for item in told
        if QUEUE in (item.features or "") and item.queueing is None
    )


def describe_alias(choice, host, predicted):
    """An alias as the module returns it. predicted: check mode, what is not there yet is told as it will be."""
    device, told, lun = host.device(choice.wwid), host.told(choice.wwid), host.lun(choice.wwid)
    name = choice.alias if predicted or device is None else device.name
    paths = [path.name for path in (told.paths if told else lun.paths if lun else ())]
    policy = choice.texts.get(POLICY) if predicted or not told else None
    return {
        "wwid": choice.wwid,
        "alias": choice.alias,
        "device": f"/dev/mapper/{name}" if device or predicted else None,
        "dm": device.dm if device else None,
        "size": device.size if device else next(iter(lun.sizes), None) if lun else None,
        "paths": sorted(paths),
        "policy": policy or (_shown_policy(told, choice) if told else None),
    }


def _choose(item, host):
    if item.wwid:
        known = host.lun(item.wwid) or host.device(item.wwid) or host.told(item.wwid)
        missing = None if known else f"{item.alias}: no LUN on this host has the WWID {item.wwid}{_hint(item.wwid, host)}. {_there(host.luns)}"
        return Choice(item.alias, item.wwid, item.settings, missing)
    found = select_luns(host.luns, item.select)
    criteria = ", ".join(f"{key} {value}" for key, value in sorted(item.select.items()) if value is not None)
    if len(found) > 1:
        raise SanError(f"{item.alias}: {len(found)} LUNs match {criteria}: {_list(found)}. Add what tells them apart, or give the wwid.")
    missing = None if found else f"{item.alias}: no LUN matches {criteria}. {_there(host.luns)}"
    return Choice(item.alias, found[0].wwid if found else None, item.settings, missing)


def _choose_name(item, host):
    # What select fits now may be another LUN than the one that was given the alias.
    wwid = item.wwid or _owner(item.alias, host)
    if wwid is None and item.select:
        chosen = _choose(item, host)
        if chosen.missing and item.alias is None:
            return chosen
        wwid = chosen.wwid
    alias = item.alias or next((naming.alias for naming in host.namings if naming.wwid == wwid), None)
    return Choice(alias, wwid, item.settings)


def _owner(alias, host):
    """The WWID that has an alias, or None."""
    owners = [naming.wwid for naming in host.namings if naming.alias == alias]
    # Killed after the file was written: only the map still has the alias.
    owners += [device.wwid for device in host.devices if device.name == alias and device.wwid]
    return next(iter(owners), None) if alias else None


def _hint(wwid, host):
    # Arrays show the NAA identifier; multipath puts the designator type 3 before it.
    return f" (one has 3{wwid})" if host.lun(f"3{wwid}") else ""


def _there(luns):
    san = [lun for lun in luns if lun.san]
    return f"There are: {_list(san)}." if san else "No SAN LUN is there: log in to the target, or look at the array's mapping."


def _list(luns):
    return "; ".join(map(str, luns))


def _unregistered(choice, host):
    return choice.wwid and choice.wwid not in host.wwids and host.device(choice.wwid) is None


def _live_steps(choice, host):
    device = host.device(choice.wwid)
    if device is None:
        yield Step("create", f"{choice.alias} of {choice.wwid or 'a LUN that is not there yet'}", args=choice)
    elif device.name != choice.alias:
        yield Step("rename", f"{device.name} to {choice.alias}", args=choice)
    if device and (_unmet_live(choice, host)):
        yield Step("reshape", choice.alias, args=choice)


def _unmet_live(choice, host):
    """What a reload corrects besides the name."""
    told = host.told(choice.wwid)
    device = host.device(choice.wwid)
    link = device.name != choice.alias or host.links.get(choice.alias) == device.dm
    return told is None or not link or device.suspended or bool(unmet_settings(told, choice.texts))


def _change(choice, host):
    device, told = host.device(choice.wwid), host.told(choice.wwid)
    shown = _shown_policy(told, choice) if told else None
    before = ", ".join(filter(None, (device.name, shown))) if device else None
    return Step("name", choice.wwid or choice.alias, before, ", ".join(filter(None, (choice.alias, choice.texts.get(POLICY) or shown))))


def _shown_policy(told, choice):
    """The asked policy when the groups fit it: with one path or equal priorities they fit several."""
    asked = choice.texts.get(POLICY)
    return asked if asked and not unmet_settings(told, {POLICY: asked}) else policy_of(told)


def _plan(register, file_steps, live, changes, host, reload, stale, claims=()):
    if not reload:
        said = ("multipathd was not told to reload: the maps are as they were.",) if file_steps or live else ()
        return Plan((*register, *file_steps), (), said)
    load = [Step("reload", "multipathd")] if file_steps or live or stale else []
    changed = tuple(change for change in changes if change.before != change.after)
    renamed = [host.device(step.args.wwid).name for step in live if step.verb == "rename"]
    return Plan((*register, *file_steps, *load, *live, *claims), changed, tuple(_fstab_users(renamed, host.fstab)))


def _fstab_users(names, fstab):
    for name in names:
        device = f"/dev/mapper/{name}"
        # kpartx names partitions mpatha1, data1p1 or mpatha-part1 (skip_kpartx, partition_delimiter).
        users = sorted(entry for entry in fstab if re.fullmatch(re.escape(device) + "(p|-part)?[0-9]*", entry))
        if users:
            yield f"/etc/fstab names {', '.join(users)}, which will not be there any more. Correct it, or the host does not mount it at boot."
