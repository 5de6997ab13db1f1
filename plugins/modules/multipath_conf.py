#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections and keywords of multipath.conf."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multipath_conf
short_description: Edit multipath.conf by its sections and keywords
version_added: 0.1.0
description:
  - Sets and removes keywords of C(multipath.conf). Only what is named changes. Comments, order and layout of everything else stay
    byte for byte.
  - The file is read as the installed libmultipath reads it, line by line and by keyword, and not by matching braces. An edit that
    would be read otherwise than it looks is refused with file and line.
  - Keywords and values are checked against the installed release before anything is written. A keyword that the release does not
    know, or knows and ignores, is an error that says since when, and what replaces it. What the release has another word for is
    written in that word, such as V(yes) for V(always) of C(flush_on_last_del) before 0.9.9, C(no_path_retry queue) for the
    feature V(queue_if_no_path), or C(retain_attached_hw_handler yes) for the feature of that name. With O(state=absent) the keyword
    goes together with the feature, if it still has that value.
  - The edit is tried by the installed libmultipath before the file is replaced, and afterwards C(multipathd) is told to load it if
    it runs. C(multipathd) is never started or restarted.
options:
  path:
    description:
      - The file, C(/etc/multipath.conf) or one of C(/etc/multipath/conf.d). It is created when it is not there, and so is
        C(/etc/multipath/conf.d), where a name that does not end in C(.conf) is refused, since libmultipath would not read the file.
      - Any other file is tried as if it were C(/etc/multipath.conf), and C(multipathd) is not told to load it.
    type: path
    default: /etc/multipath.conf
  defaults:
    description:
      - Keywords of the section C(defaults) with their values. V(null) removes a keyword.
      - A YAML boolean stands for the words of the keyword, V(yes) and V(no) or V(on) and V(off).
    type: dict
  overrides:
    description:
      - Keywords of the section C(overrides), as O(defaults) has them.
      - The key C(protocol) takes a list of dictionaries, each with C(type) and the keywords of that protocol
        (multipath-tools 0.9.0 and later). V(null) removes all of them.
    type: dict
  blacklist:
    description:
      - Entries of the section C(blacklist), each a dictionary of one key. C(wwid), C(devnode), C(property) and C(protocol) take a
        regular expression, C(device) takes a dictionary of C(vendor) and C(product), or of one of them.
    type: list
    elements: dict
  blacklist_exceptions:
    description: Entries of the section C(blacklist_exceptions), as O(blacklist) has them.
    type: list
    elements: dict
  devices:
    description:
      - Entries of the section C(devices), each known by its C(vendor) and C(product), and its C(revision) if it has one.
      - A key that is V(null) is removed.
    type: list
    elements: dict
  multipaths:
    description:
      - Entries of the section C(multipaths), each known by its C(wwid). Quote a WWID in YAML, it may look like a number.
      - An C(alias) that another WWID has, in this file or in another one, is refused. One that C(/dev/mapper) cannot have as it stands, or
        that is read otherwise, is a warning; M(linuxsan.host.multipath_alias) refuses that too.
      - A key that is V(null) is removed.
    type: list
    elements: dict
  state:
    description:
      - V(present) merges what is listed into the file.
      - V(absent) removes the keywords that are listed, whatever their values. An entry of O(devices) or O(multipaths) that lists
        nothing but what it is known by is removed as a whole. So is one of which nothing would be left, unless it has a comment.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description:
      - Whether the sections that are listed become exactly what is listed. Sections that are not listed stay as they are.
      - Cannot be combined with O(state=absent).
    type: bool
    default: false
  validate:
    description:
      - Whether the installed libmultipath tries the edit before the file is replaced. A new complaint of its is an error, and the old
        file stays. Complaints about lines that were there before are returned as warnings.
      - The trial runs C(multipath -t) in a mount namespace of its own. Where that is not possible, as in most containers, the file is
        tried in its place and the old one put back when it is refused.
      - Where multipath is not installed this is an error, and in check mode a warning.
    type: bool
    default: true
  reload:
    description:
      - Whether C(multipathd), if it runs, is told to load the configuration (C(multipathd reconfigure)), and asked afterwards whether
        the named keys are in force. That is also done when the file is right already and C(multipathd) has not loaded it.
      - A configuration that libmultipath refuses is never loaded, because it would end C(multipathd).
    type: bool
    default: true
  backup:
    description: Whether a copy of the old file is kept beside it, under a name that libmultipath does not read.
    type: bool
    default: false
notes:
  - Runs on one host wait for each other, those of M(linuxsan.host.multipath_alias) too, for at most five minutes. In check mode nobody is waited for.
  - A value is an error when a file that is read later sets another one, since it would not be in force. The message names that file.
  - A keyword of O(defaults) or O(devices) that C(overrides) sets too, in this file or in another one, is a warning. So is one of
    O(defaults), O(devices) or O(overrides) that a C(protocol) of C(overrides) sets otherwise, unless the task names that as well.
    And so is a removed one that another file still has, and a WWID that gets a second stanza, beside the one of another file.
  - A file that libmultipath refuses, or on which it hangs, can be mended by naming the value that does it. Of a file of
    C(/etc/multipath/conf.d) libmultipath loses no more than the line of such a value in most cases, which is a warning.
  - A change that would give a map another name, such as C(user_friendly_names), is refused while C(/etc/fstab) or a unit
    of systemd has that map mounted, since systemd would unmount the file system. With O(reload=false) that is a warning.
    So it is while the host swaps to the map, or has opened a device in it that C(/etc/crypttab) names by the name of the map.
  - An entry of O(blacklist) that fits paths of a map in use, which it did not before, is refused the same way, since C(multipathd) would
    take them from the map. Where the map is in no use it is a warning, and C(multipathd) removes the map.
seealso:
  - module: linuxsan.host.multipath_alias
  - module: linuxsan.host.multipath_info
extends_documentation_fragment:
  - linuxsan.host.attributes
author:
  - linuxsan contributors (@linuxsan)
"""

EXAMPLES = r"""
- name: Settings of all devices, one iSCSI timeout for whatever the device table says
  linuxsan.host.multipath_conf:
    defaults:
      find_multipaths: "yes"
      user_friendly_names: "no"
    overrides:
      fast_io_fail_tmo: 30
      no_path_retry: fail

- name: Leave local disks alone
  linuxsan.host.multipath_conf:
    blacklist:
      - protocol: "scsi:sas"
      - device:
          vendor: ATA
          product: ".*"

- name: The section of an array
  linuxsan.host.multipath_conf:
    devices:
      - vendor: "^Qsan"
        product: ".*"
        path_grouping_policy: group_by_prio
        path_selector: "service-time 0"
        failback: immediate
        no_path_retry: 30

- name: Forget a map's settings
  linuxsan.host.multipath_conf:
    multipaths:
      - wwid: "32033001378901d00"
    state: absent
"""

RETURN = r"""
changed_keys:
  description: What changed, or would change in check mode.
  returned: success
  type: list
  elements: str
  sample: ["defaults.find_multipaths", "multipaths[32033001378901d00].alias", "blacklist[devnode,^sda]"]
warnings:
  description: What libmultipath says about lines that were there before, values it takes for others, and sections that win over a named one.
  returned: when there are any
  type: list
  elements: str
  sample: ["/etc/multipath.conf line 3, invalid keyword in the defaults section: udev_dir"]
actions:
  description: What was done, or would be done in check mode, in order.
  returned: success
  type: list
  elements: str
  sample: ["write /etc/multipath.conf", "reload multipathd"]
backup_file:
  description: The copy of the old file.
  returned: when O(backup=true) and the file was replaced
  type: str
  sample: /etc/multipath.conf.1234.2026-11-23@10:00:00~
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_apply import apply_conf, is_read, read_host, reload_steps, try_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import is_drop_in
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.turn_tool import conf_turn
from ansible_collections.linuxsan.host.plugins.module_utils._plan import report

DICTS = {"type": "list", "elements": "dict"}
SECTIONS = ("defaults", "overrides", "blacklist", "blacklist_exceptions", "devices", "multipaths")


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/multipath.conf"},
            "defaults": {"type": "dict"},
            "overrides": {"type": "dict"},
            "blacklist": DICTS,
            "blacklist_exceptions": DICTS,
            "devices": DICTS,
            "multipaths": DICTS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "exclusive": {"type": "bool", "default": False},
            "validate": {"type": "bool", "default": True},
            "reload": {"type": "bool", "default": True},
            "backup": {"type": "bool", "default": False},
        },
        required_one_of=[SECTIONS],
        supports_check_mode=True,
    )
    run_module(module, work)


def work(module, run=_command.run, places=HERE):
    """Edit the file while no other run does. run: starts processes, or a fake of it."""
    with conf_turn(module, places):
        return edit_file(module, run, places)


def edit_file(module, run, places):
    """Read the file, plan, try, write, report."""
    params = module.params
    path, reload = params["path"], params["reload"]
    host = read_host(module, run)
    old = read_text(path)
    wanted = Wanted(**{section: params[section] for section in SECTIONS}, state=params["state"], exclusive=params["exclusive"])
    edit = edit_conf(parse_conf(old or "", path, host.keywords, is_drop_in(path)), wanted)
    trial = try_conf(module, host, path, old, edit, params["validate"])
    steps = (*trial.steps, *reload_steps(host, trial, reload))
    hints = check_users(host, trial, steps, run, places) if is_read(path) and (trial.steps or trial.stale) else ()
    further = {} if module.check_mode else apply_conf(module, host, trial, reload, params["backup"])
    warn(module, (*trial.warnings, *hints))
    return {**report(steps, trial.diffs), "changed_keys": list(edit.changed_keys), **further}


def check_users(host, trial, steps, run, places):
    """Fail when the new files harm one who uses a map; what they would do later is returned as a tuple of sentences."""
    # A host compiles our code at every run, and most runs find nothing to do: what only a change needs is loaded for a change.
    from ansible_collections.linuxsan.host.plugins.module_utils._multipath.dmsetup_tool import Dmsetup
    from ansible_collections.linuxsan.host.plugins.module_utils._multipath.reload_apply import check_reload

    return check_reload(host, trial, any(step.verb == "reload" for step in steps), Dmsetup(run), places)


if __name__ == "__main__":
    main()
