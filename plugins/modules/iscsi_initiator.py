#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of an iSCSI initiator and the defaults of its sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iscsi_initiator
short_description: Set the initiator's name and the keys of iscsid.conf
version_added: 0.1.0
description:
  - Manages the two files of open-iscsi, C(initiatorname.iscsi) and C(iscsid.conf).
  - Only what is named changes. Comments, order, layout and line ends of everything else stay byte for byte.
  - A key that is there only as a commented default is set in a line of its own right after that comment.
  - Each file is replaced in one step. It gets mode C(0600) when it holds a secret, also when that is all there is to change,
    and keeps its mode otherwise.
  - The files are read and compared by the rules of open-iscsi's own readers, so a line that they pass over does not count as set.
options:
  name:
    description:
      - The initiator's name, V(iqn.), V(eui.) or V(naa.) as in RFC 3720, 3722 and 3980. It has to be unique among all hosts.
      - A line C(GenerateName=yes), with which Debian has a name made up at the first start of C(iscsid), is removed.
    type: str
  alias:
    description:
      - A name for people that targets show beside the initiator's name. An empty text removes it, and C(iscsid) sends the host name.
      - It cannot have quotes and other characters that mean something to a shell, because initramfs scripts source the file.
    type: str
  replacement_timeout:
    description:
      - Seconds that a session may be broken before its I/O fails; V(-1) is for ever.
      - Under multipath another number counts. C(multipathd) writes C(fast_io_fail_tmo), V(5) by default, into each session that
        has a path in a map. Set C(fast_io_fail_tmo) to the same value with M(linuxsan.host.multipath_conf), and see
        C(/sys/class/iscsi_session/session*/recovery_tmo) for what is in force.
    type: int
  noop_out_interval:
    description: Seconds between pings on an idle connection; V(0) sends none.
    type: int
  noop_out_timeout:
    description: Seconds to wait for the answer to a ping before the connection counts as broken.
    type: int
  login_timeout:
    description: Seconds to wait for the answer to a login.
    type: int
  startup:
    description: What happens at boot with the node records that are made from now on.
    type: str
    choices: [automatic, manual, onboot]
  chap:
    description:
      - The CHAP of sessions, as a whole. Credentials that are not given here are removed from the file.
      - V({}) turns CHAP off. The method and all credentials are removed, because open-iscsi does CHAP as soon as it has credentials,
        whatever the method says.
      - A node record keeps the credentials it was made with; use O(linuxsan.host.iscsi_node#module:chap) to change them.
    type: dict
    suboptions:
      username:
        description: The name that the target knows this initiator by.
        type: str
      password:
        description:
          - The secret that goes with O(chap.username). It is written exactly as it is.
          - A secret that C(iscsid.conf) cannot hold exactly is refused, for example one that ends with a blank.
        type: str
      username_in:
        description: The name that the target has to give for mutual CHAP.
        type: str
      password_in:
        description: The secret that goes with O(chap.username_in). open-iscsi wants it to differ from O(chap.password).
        type: str
      algorithms:
        description:
          - The digest algorithms to offer, best first. Left as they are when not given.
          - open-iscsi has one list for sessions and discovery.
        type: list
        elements: str
        choices: [MD5, SHA1, SHA256, SHA3-256]
  discovery_chap:
    description:
      - The CHAP of sendtargets discovery, as a whole and independent of O(chap).
      - V({}) turns it off.
    type: dict
    suboptions:
      username:
        description: The name that the target knows this initiator by.
        type: str
      password:
        description: The secret that goes with O(discovery_chap.username). It is written exactly as it is.
        type: str
      username_in:
        description: The name that the target has to give for mutual CHAP.
        type: str
      password_in:
        description: The secret that goes with O(discovery_chap.username_in).
        type: str
      algorithms:
        description: As O(chap.algorithms), of which it is the same key. If both are given they have to be equal.
        type: list
        elements: str
        choices: [MD5, SHA1, SHA256, SHA3-256]
  settings:
    description:
      - Any other key of C(iscsid.conf) with its value, for example C(node.session.scan).
      - A value of V(null) removes the key, so that open-iscsi's built-in default holds.
      - A key that open-iscsi does not know is an error. Passwords are refused here, because this option is shown in logs.
    type: dict
  initiator_file:
    description: The file with the name.
    type: path
    default: /etc/iscsi/initiatorname.iscsi
  config_file:
    description: The file with the settings.
    type: path
    default: /etc/iscsi/iscsid.conf
  backup:
    description: Keep a copy of each file whose text changes. A copy with a secret has mode C(0600).
    type: bool
    default: false
  force:
    description:
      - Rename the initiator although sessions are up.
      - They keep the old name until they log in again. If the target does not admit the new name by then, the paths are lost.
    type: bool
    default: false
notes:
  - The settings of C(iscsid.conf) are defaults for node and discovery records that are made later. Records and sessions that exist
    keep theirs; M(linuxsan.host.iscsi_node) changes those.
  - C(iscsid) reads the name once, at its start. Restart it when RV(restart_required) says so; its sessions stay up.
  - If open-iscsi is not installed, check mode predicts what would be done and warns. A real run fails.
  - A session CHAP secret should have 12 to 16 bytes (RFC 7143 and the limits of many targets); others are accepted with a warning.
extends_documentation_fragment:
  - linuxsan.host.attributes
requirements:
  - open-iscsi on the host (C(iscsi-initiator-utils) on RHEL and Fedora)
  - root on the host
seealso:
  - module: linuxsan.host.iscsi_node
  - module: linuxsan.host.iscsi_info
  - module: linuxsan.host.multipath_conf
author:
  - linuxsan contributors (@linuxsan)
"""

EXAMPLES = r"""
- name: Name the initiator after its host
  linuxsan.host.iscsi_initiator:
    name: "iqn.2026-01.org.example:{{ inventory_hostname_short }}"
  register: initiator

- name: Let iscsid read the new name
  ansible.builtin.service:
    name: iscsid
    state: restarted
  when: initiator.restart_required

- name: Fail paths quickly and log in at boot
  linuxsan.host.iscsi_initiator:
    replacement_timeout: 15
    noop_out_interval: 5
    noop_out_timeout: 5
    startup: automatic
    settings:
      node.session.queue_depth: 64
      node.session.scan: manual
    backup: true

- name: Authenticate sessions both ways and leave discovery open
  linuxsan.host.iscsi_initiator:
    chap:
      username: "{{ inventory_hostname_short }}"
      password: "{{ vault_chap_password }}"
      username_in: array
      password_in: "{{ vault_chap_password_in }}"
      algorithms: [SHA3-256, SHA256, MD5]
    discovery_chap: {}
"""

RETURN = r"""
name:
  description: The initiator's name as it is in the file, after the change. V(null) when there is none yet.
  type: str
  returned: success
  sample: iqn.2026-01.org.example:host1
settings:
  description: The keys of C(iscsid.conf) that the task manages, with their values. V(null) for a key that is removed. No secrets.
  type: dict
  returned: success
  sample:
    node.session.timeo.replacement_timeout: "15"
    node.session.auth.authmethod: CHAP
restart_required:
  description:
    - Whether a running C(iscsid) has to be restarted before the change counts, which is so for the name, the alias and two keys.
    - Also V(true) when nothing changed but the C(iscsid) that runs started before the file's last change.
  type: bool
  returned: success
  sample: true
backup_file:
  description: The copy of O(config_file), or that of O(initiator_file) when only this one changed.
  type: str
  returned: when O(backup) is V(true) and a file was changed
  sample: /etc/iscsi/iscsid.conf.4711.2026-01-31@12:00:00~
backup_files:
  description: The path of each changed file and of its copy.
  type: dict
  returned: when O(backup) is V(true) and a file was changed
  sample:
    /etc/iscsi/iscsid.conf: /etc/iscsi/iscsid.conf.4711.2026-01-31@12:00:00~
actions:
  description: What was done, or would be done in check mode, in order.
  type: list
  elements: str
  returned: success
  sample: [rename InitiatorName, set node.session.timeo.replacement_timeout, protect /etc/iscsi/iscsid.conf]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._file import check_not_mounted, mode_of, read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_plan, conf_text, edit_plan, name_text, names_plan
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import check_known, foreign_keys
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_arguments import CHAP, hide_secrets
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.initiator_tool import Initiator
from ansible_collections.linuxsan.host.plugins.module_utils._plan import report


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "alias": {"type": "str"},
            "replacement_timeout": {"type": "int"},
            "noop_out_interval": {"type": "int"},
            "noop_out_timeout": {"type": "int"},
            "login_timeout": {"type": "int"},
            "startup": {"type": "str", "choices": ["automatic", "manual", "onboot"]},
            "chap": CHAP,
            "discovery_chap": CHAP,
            "settings": {"type": "dict"},
            "initiator_file": {"type": "path", "default": "/etc/iscsi/initiatorname.iscsi"},
            "config_file": {"type": "path", "default": "/etc/iscsi/iscsid.conf"},
            "backup": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda given: work(given, Initiator()))


def work(module, host):
    """Read both files, plan, write, report. host: the Initiator, or a fake of it."""
    wanted = take_wanted(module.params)
    check_known(wanted, foreign_keys())
    with host.turn(live=not module.check_mode):
        return edit(module, host, wanted)


def edit(module, host, wanted):
    """The result, after the edit of the two files. wanted: of take_wanted."""
    params = module.params
    names, conf = edit_names(params, host), edit_conf(params["config_file"], wanted)
    steps = names.steps + conf.steps
    for path in [each.path for each in (names, conf) if each.steps]:
        check_not_mounted(path)
    missing = [words for words in (names.steps and host.missing_directory(names.path), edit_plan.missing_file(conf)) if words]
    # Asked before the files are written, so that check mode gives the same answer.
    stale = host.daemon_is_older_than(*paths_read_at_start(params, wanted))
    backups = {}
    if module.check_mode:
        warnings = missing
    else:
        warnings = []
        backups = host.write(module, (names, conf), missing, params["backup"])
    warn(module, (*warnings, *conf_plan.secret_warnings(wanted), *names.warnings, *conf.warnings))
    return {
        **report(steps, names.diffs + conf.diffs),
        "name": name_text.current_name(names.after),
        "settings": conf_plan.managed_settings(wanted),
        "restart_required": names_plan.needs_restart(step.subject for step in steps) or stale,
        **backups,
    }


def take_wanted(params):
    """The wanted keys of iscsid.conf. The secrets leave params."""
    try:
        return conf_plan.wanted_settings(params)
    finally:
        hide_secrets(params)


def paths_read_at_start(params, wanted):
    """The files of which the task manages something that iscsid reads at its start only."""
    names = params["name"] is not None or params["alias"] is not None
    return [params["initiator_file"]] * names + [params["config_file"]] * names_plan.needs_restart(wanted)


def edit_names(params, host):
    """What to do to the name file."""
    path, name, alias = params["initiator_file"], params["name"], params["alias"]
    if name is not None:
        name_text.check_name(name)
    if alias is not None:
        name_text.check_alias(alias)
    lines = name_text.parse_names(read_text(path) or "", path)
    names_plan.check_rename(lines, name, host.sessions(), params["force"])
    steps = names_plan.plan_names(lines, name, alias)
    return edit_plan.plan_edit(path, mode_of(path, None), lines, steps, names_plan.outcome_names(lines, steps))


def edit_conf(path, wanted):
    """What to do to iscsid.conf; a file of which nothing is wanted is not looked at."""
    lines = conf_text.parse_conf(read_text(path) or "" if wanted else "", path)
    steps = conf_plan.plan_conf(lines, wanted)
    return edit_plan.plan_edit(path, mode_of(path, None), lines, steps, conf_plan.outcome_conf(lines, steps))


if __name__ == "__main__":
    main()
