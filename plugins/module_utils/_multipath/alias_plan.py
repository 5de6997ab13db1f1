# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From chosen aliases to steps: what is to be done, and what is not yet as asked. choices: Choice of alias_choice_plan; host: Host of host_plan."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.grouping_plan import plan_devices
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import plan_claims
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import POLICY, QUEUE, policy_of, tells, unmet_settings
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wanted_text import Wanted as ConfWanted
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Plan, Step


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
    """The map still has the alias, as a tuple of sentences. A name that multipathd chooses itself (the WWID, or of the bindings file) stays."""
    device = host.device(choice.wwid)
    own = choice.alias == choice.wwid or any(binding.wwid == choice.wwid and binding.alias == choice.alias for binding in host.bindings)
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
    return Plan((*register, *file_steps, *load, *live, *claims), changed, tuple(_fstab_users(renamed, host)))


def _fstab_users(names, host):
    for name in filter(host.in_fstab, names):
        users = ", ".join(host.in_fstab(name))
        yield f"/etc/fstab names {users}, which will not be there any more. Correct it, or the host does not mount it at boot."
