#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives LUNs their names and policies."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multipath_alias
short_description: Give LUNs their aliases and path policies
version_added: 0.1.0
author:
  - linuxsan contributors (@linuxsan)
description:
  - Gives multipath devices names of your own and the settings of their paths, in the C(multipaths) section of C(multipath.conf).
  - Any number of aliases is one change of the file and one reload of multipathd.
  - A LUN without a map gets one, whatever C(find_multipaths) says. Its WWID is registered and its paths are given to multipathd.
    It is refused while one of them is in use as a local disk, or a process has it open.
  - Maps in use are renamed and regrouped while I/O goes on. The module waits until the kernel, udev and multipathd show what was asked.
  - Everything that forbids an alias is found before anything is changed.
extends_documentation_fragment:
  - linuxsan.host.attributes
options:
  aliases:
    description:
      - The aliases. Mutually exclusive with O(wwid), O(select), O(alias) and O(settings).
    type: list
    elements: dict
    suboptions:
      wwid:
        description: As O(wwid).
        type: str
      select:
        description: As O(select).
        type: dict
        suboptions: &select
          vendor:
            description: The vendor that the LUN tells. A shell pattern, case is ignored.
            type: str
          product:
            description: The product (model) that the LUN tells. A shell pattern, case is ignored.
            type: str
          serial:
            description: The serial number of the LUN. A shell pattern, case is ignored.
            type: str
          target:
            description: The name of an iSCSI target that the LUN is behind. A shell pattern, case is ignored.
            type: str
          lun:
            description:
              - The number of the LUN, as the kernel shows it in the address of the disk (the last of the four numbers of C(lsscsi)).
              - An array that addresses its LUNs flatly has another one there from 256 on, V(16640) for LUN 256.
            type: int
      alias:
        description: As O(alias).
        type: str
      settings:
        description: As O(settings).
        type: dict
  wwid:
    description:
      - The WWID of the LUN, as multipath writes it. M(linuxsan.host.multipath_info) and M(linuxsan.host.iscsi_info) show it.
      - Quote it, YAML takes digits alone for a number.
      - Mutually exclusive with O(select).
    type: str
  select:
    description:
      - The LUN by what it tells about itself. Exactly one LUN on a storage network has to match.
    type: dict
    suboptions: *select
  alias:
    description:
      - The name of the map, V(qsan) for C(/dev/mapper/qsan).
      - With O(state=absent) it can be left out, or stand alone without O(wwid) and O(select). It is taken from the LUN that has it, whatever
        LUN O(select) fits by then.
    type: str
  settings:
    description:
      - Keywords of a C(multipath) section of C(multipath.conf) and their values, for example C(path_grouping_policy), C(path_selector),
        C(failback), C(rr_weight), C(no_path_retry) and C(prio). V(null) removes a keyword.
      - Keywords that are not named stay as they are.
      - C(path_grouping_policy), C(path_selector), C(failback) and C(no_path_retry) are verified on the live map.
      - With O(state=absent) the keywords named here are removed with the alias.
      - C(wwid) and C(alias) cannot stand here.
    type: dict
  state:
    description:
      - V(present) gives the aliases.
      - V(absent) removes them. The maps stay, under the names that multipathd gives them without an alias.
        A section of the file in which nothing else is left is removed.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The file that is changed, as O(linuxsan.host.multipath_conf#module:path).
      - A file that libmultipath does not read is changed as with O(reload=false). WWIDs of LUNs that have no map yet are registered on this
        host all the same.
    type: path
    default: /etc/multipath.conf
  reload:
    description:
      - Let multipathd read the new configuration, and wait until it is in force.
      - With V(false) only the file is changed and the WWIDs are registered.
    type: bool
    default: true
  validate:
    description: Let the installed libmultipath try the new file before it replaces the old one.
    type: bool
    default: true
  backup:
    description: Keep a copy of the old file.
    type: bool
    default: false
  timeout:
    description:
      - How many seconds all maps together may take until they are as asked.
      - For as long from its start on, the module also asks a multipathd again that answers V(timeout), V(busy) or V(fail), as it does while
        a path keeps it waiting.
    type: float
    default: 60
notes:
  - Runs on one host wait for each other, those of M(linuxsan.host.multipath_conf) too, for at most five minutes. In check mode nobody is waited for.
  - Since multipath-tools 0.9.6, the paths of an array with ALUA are grouped by priority whatever a C(multipath) section says, unless
    C(detect_pgpolicy) is off. Where another C(path_grouping_policy) is asked for such a LUN, the module switches it off in a C(device)
    section for the vendor and product of that LUN, and sets there the policy that the other LUNs of the array had by detection.
    O(state=absent) leaves that section as it is.
  - A map is not given another name while C(/etc/fstab) or a unit of systemd has it mounted, since systemd would unmount the file system,
    nor while the host swaps to it, or has opened a device in it that C(/etc/crypttab) names by the name of the map.
    That goes for every map whose name the files have changed since C(multipathd) has read them.
  - In check mode, a LUN that is not there and a multipathd that does not run are warnings, since earlier tasks of a play may bring them.
seealso:
  - module: linuxsan.host.multipath_conf
  - module: linuxsan.host.multipath_info
"""

EXAMPLES = r"""
- name: Name the LUN and use all its paths at once
  linuxsan.host.multipath_alias:
    wwid: "32033001378901d00"
    alias: qsan
    settings:
      path_grouping_policy: multibus

- name: Name LUNs by what they are
  linuxsan.host.multipath_alias:
    aliases:
      - alias: data
        select:
          vendor: Qsan
          lun: 0
        settings:
          path_grouping_policy: failover
          no_path_retry: 12
      - alias: logs
        select:
          target: iqn.2004-08.com.qsantechnology:*
          lun: 1

- name: Take an alias away
  linuxsan.host.multipath_alias:
    alias: logs
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: [register 32033001378901d00, write /etc/multipath.conf, reload multipathd, create qsan of 32033001378901d00]
aliases:
  description: The aliases, in the order of the task. In check mode as they would be.
  returned: success
  type: list
  elements: dict
  contains:
    wwid:
      description: The WWID of the LUN, null when none matches (check mode, and O(state=absent)).
      type: str
      sample: "32033001378901d00"
    alias:
      description: The alias that was given or removed.
      type: str
      sample: qsan
    device:
      description: The device to use, null when there is none.
      type: str
      sample: /dev/mapper/qsan
    dm:
      description: The kernel's name of the map, null when there is none.
      type: str
      sample: dm-0
    size:
      description: Size in bytes.
      type: int
      sample: 107374182400
    paths:
      description: Kernel names of the paths.
      type: list
      elements: str
      sample: [sdb, sdc]
    policy:
      description: The path grouping policy that the live groups show, null when it cannot be told from a single path.
      type: str
      sample: multibus
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and the file was changed
  type: str
  sample: /etc/multipath.conf.1234.2026-11-23@10:00:00~
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._command import run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import alias_choice_plan, alias_plan, conf_apply
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_apply import Aliases
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_conflict_plan import find_conflicts, find_leftovers
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import warn_of_unclaimed
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.luns_apply import register
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import with_openers
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import Multipath, is_drop_in
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import parse_topology
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.turn_tool import conf_turn
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Plan, report, state_diff
from ansible_collections.linuxsan.host.plugins.module_utils._wait import check_timeout

SELECT = {
    "type": "dict",
    "options": {
        "vendor": {"type": "str"},
        "product": {"type": "str"},
        "serial": {"type": "str"},
        "target": {"type": "str"},
        "lun": {"type": "int"},
    },
    "required_one_of": [("vendor", "product", "serial", "target", "lun")],
}
ALIAS = {
    "wwid": {"type": "str"},
    "select": SELECT,
    "alias": {"type": "str"},
    "settings": {"type": "dict"},
}
ABSENT = "absent"


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            **ALIAS,
            "aliases": {"type": "list", "elements": "dict", "options": ALIAS, "mutually_exclusive": [("wwid", "select")]},
            "state": {"type": "str", "choices": ["present", ABSENT], "default": "present"},
            "path": {"type": "path", "default": "/etc/multipath.conf"},
            "reload": {"type": "bool", "default": True},
            "validate": {"type": "bool", "default": True},
            "backup": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 60},
        },
        mutually_exclusive=[("wwid", "select"), *(("aliases", key) for key in ALIAS)],
        required_one_of=[("aliases", "alias", "wwid", "select")],
        supports_check_mode=True,
    )
    run_module(module, lambda given: work(given, Multipath(run), Multipathd(run, patience=given.params["timeout"])))


def work(module, multipath, multipathd, places=HERE):
    """Name the maps while no other run does. multipath, multipathd: the tools, or fakes of them."""
    check_timeout(module.params["timeout"])
    with conf_turn(module, places):
        return name_maps(module, multipath, multipathd, places)


def name_maps(module, multipath, multipathd, places):
    """Read, plan, apply, report."""
    params, path, absent = module.params, module.params["path"], module.params["state"] == ABSENT
    wanted = wanted_from(params)
    running = multipathd.running()
    told = parse_topology(multipathd.show_maps_json()) if running else ()
    host = read_host(path, [item.alias for item in wanted], told, places, multipath.version)
    choices = (alias_choice_plan.choose_names if absent else alias_choice_plan.choose_luns)(wanted, host)
    # A map that is there takes no further path here.
    unmapped = [choice.wwid for choice in choices if host.device(choice.wwid) is None]
    refuse(find_leftovers(choices, host, path) if absent else find_conflicts(choices, with_openers(host, unmapped, places), path))
    reload = params["reload"] and conf_apply.is_read(path)
    lacks = alias_plan.find_lacks(choices, host, running, reload, absent)
    if not module.check_mode:
        refuse(lacks)
    make_plan = alias_plan.plan_absent if absent else alias_plan.plan_present

    def edit(text, keywords):
        return edit_conf(parse_conf(text or "", path, keywords, is_drop_in(path)), alias_plan.plan_conf(choices, host, path, absent, keywords))

    if alias_plan.shows_all(choices, host) and not file_changes(path, edit) and not make_plan(choices, host, (), reload).steps:
        return outcome(module, Plan(), [], choices, host)
    software, trial = try_file(module, edit)
    reload = reload and (running or not absent)
    plan = make_plan(choices, host, trial.steps, reload, bool(trial.stale))
    hints = check_users(software, trial, places) if any(step.verb == "reload" for step in plan.steps) else ()
    extra, aliases = {}, Aliases(multipathd, host, choices, params["timeout"], places)
    if not module.check_mode and plan.steps:
        register([step.args for step in plan.steps if step.verb == "register"], host, multipath, places)
        extra = apply_file(module, software, trial, plan, reload, multipathd)
        host = settle(aliases, plan, absent) if reload else host
    warn(module, (*lacks, *plan.warnings, *trial.warnings, *hints, *alias_plan.find_hazards(choices, host), *warn_of_unclaimed(aliases.unclaimed)))
    return {**outcome(module, plan, trial.diffs, choices, host), **extra}


def outcome(module, plan, diffs, choices, host):
    """The result, in check mode as it would be."""
    predicted = module.check_mode and module.params["state"] != ABSENT
    return {
        **report(plan.steps, [*diffs, state_diff(plan.changes, "multipath maps")]),
        "aliases": [alias_plan.describe_alias(choice, host, predicted) for choice in choices],
    }


def wanted_from(params):
    """The aliases of the task, as a tuple of Wanted. What must be said depends on the state."""
    listed = params["aliases"] if params["aliases"] is not None else [{key: params[key] for key in ALIAS}]
    for item in listed:
        if params["state"] != ABSENT and not (item["alias"] and (item["wwid"] or item["select"])):
            raise SanError(f"aliases: an entry lacks {'wwid or select' if item['alias'] else 'alias'}: {shown(item)}. Say which LUN gets which alias.")
        if not (item["alias"] or item["wwid"] or item["select"]):
            raise SanError("aliases: an entry names neither alias nor wwid nor select. Say which alias is meant.")
        known_by = sorted({"wwid", "alias"}.intersection(item["settings"] or {}))
        if known_by:
            names = " and ".join(known_by)
            raise SanError(f"aliases: {shown(item)}: {names} cannot stand in settings. Use the option{'s' * (len(known_by) > 1)} {names}.")
        empty = sorted(key for key, value in (item["select"] or {}).items() if isinstance(value, str) and not value.strip())
        if empty:
            raise SanError(f"aliases: {shown(item)}: select has an empty {' and '.join(empty)}. Say which LUN is meant, or leave it out.")
        # It would fit every LUN, and on a host with one of them take that.
        if item["select"] is not None and not any(value is not None for value in item["select"].values()):
            raise SanError(f"aliases: {item['alias'] or 'an entry without alias'}: select has no value. Say which LUN is meant, or leave it out.")
    return tuple(alias_choice_plan.Wanted(item["alias"], item["wwid"], item["select"], item["settings"] or {}) for item in listed)


def shown(item):
    """An entry for a message."""
    return ", ".join(f"{key} {value}" for key, value in item.items() if value is not None) or "it is empty"


def refuse(sentences):
    """Fail with all of them, before anything is changed."""
    if sentences:
        raise SanError(" ".join(sentences))


def file_changes(path, edit):
    """Whether there may be something to edit, found without asking the installed release. edit: (text, keywords) -> Edit."""
    try:
        return bool(edit(read_text(path), keyword_tree()).changed_keys)
    except SanError:
        # The release decides: an older one can take what the newest does not.
        return True


def try_file(module, edit):
    """What is installed, and what the editor does to the file as libmultipath judges it. Changes nothing."""
    path, software = module.params["path"], conf_apply.read_host(module)
    old = read_text(path)
    return software, conf_apply.try_conf(module, software, path, old, edit(old, software.keywords), module.params["validate"])


def check_users(software, trial, places):
    """Fail when the reload harms one who uses another map; what else it does is returned as a tuple of sentences."""
    # Needed for a change alone, as in multipath_conf.
    from ansible_collections.linuxsan.host.plugins.module_utils._multipath.dmsetup_tool import Dmsetup
    from ansible_collections.linuxsan.host.plugins.module_utils._multipath.reload_apply import check_reload

    return check_reload(software, trial, True, Dmsetup(run), places)


def apply_file(module, software, trial, plan, reload, multipathd):
    """Write the file and let multipathd read it. Returns further keys of the result."""
    if trial.steps or trial.stale:
        return conf_apply.apply_conf(module, software, trial, reload, module.params["backup"])
    if any(step.verb == "reload" for step in plan.steps):
        multipathd.reconfigure()
    return {}


def settle(aliases, plan, absent):
    """Create the maps that are still missing and wait until all is as asked. Returns the Host of then."""
    if absent:
        return aliases.wait_absent()
    if any(step.verb == "create" for step in plan.steps):
        aliases.create()
    return aliases.wait_present()


if __name__ == "__main__":
    main()
