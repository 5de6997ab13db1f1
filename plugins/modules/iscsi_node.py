#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect the host to iSCSI targets, or disconnect it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iscsi_node
short_description: Connect to iSCSI targets and disconnect from them
version_added: 0.1.0
description:
  - Discovers targets, keeps their node records and logs in to all their portals at a time.
  - A session counts when the kernel shows it as logged in. A portal that does not work does not stop the others;
    it is named in RV(failed_portals), and a login that failed there is no change.
  - Discovery changes no record. Records that exist are changed in the named keys only, never reset.
  - No session is logged out while a disk of it is in use and no other path serves it, or a tape drive, a changer or another unit of it is
    open, unless O(force=true).
  - When nothing is to be done, no C(iscsiadm) is started but for the discovery.
extends_documentation_fragment:
  - linuxsan.host.attributes
author:
  - linuxsan contributors (@linuxsan)
options:
  state:
    description:
      - V(connected) has records of the chosen portals and a session for each.
      - V(present) has the records and leaves the sessions as they are.
      - V(disconnected) logs out and keeps the records as they are. A warning names O(chap), O(startup) and O(settings) when they are given with it.
      - V(absent) logs out and deletes the records. A discovery record of O(portals) that holds a secret goes too, when no node record is left that was
        found by it.
    type: str
    choices: [connected, present, disconnected, absent]
    default: connected
  portals:
    description:
      - The portals to ask for targets, as C(address), C(address:port), C([IPv6]:port) or a host name.
      - With O(discovery=static) these are the portals of O(targets) themselves.
      - A portal that the host knows by its address and not by its name, or the other way round, keeps the spelling that it has.
      - When some of them do not answer, the module goes on with the others.
      - When it takes away (O(state=disconnected), O(state=absent)) and one cannot be asked, the targets count that the host knows at it or has
        records of that were made from its answer. When it knows none, nothing is taken away for this portal and a warning says so.
    type: list
    elements: str
  discovery:
    description:
      - How O(portals) are asked. V(static) asks nobody and takes every one of O(targets) to be at every one of O(portals).
    type: str
    choices: [sendtargets, isns, static]
    default: sendtargets
  targets:
    description:
      - Names of targets, or shell patterns of names. When omitted, all that O(portals) show.
      - With O(discovery=static) whole names, which begin with V(iqn.), V(eui.) or V(naa.).
      - Without O(portals) these choose among the records and sessions that the host has, and no discovery is done.
      - What takes away (O(state=disconnected), O(state=absent)) takes of a pattern the targets that O(portals) show, and of a whole name
        all that the host has of it, without asking O(portals).
    type: list
    elements: str
  target_portals:
    description: Which of the portals that a target has are used, as portals or networks such as V(192.168.195.0/24). When omitted, all.
    type: list
    elements: str
  ifaces:
    description:
      - Names of the open-iscsi interfaces to connect through, each of which gets a session per portal.
      - When omitted, those that the host uses for a portal already, else V(default). In use is one that has a session there or a record that is
        logged in to at boot, or the only one that has a record. A warning names the others.
    type: list
    elements: str
  chap:
    description:
      - CHAP of the sessions, as a whole. Credentials that are not given here are removed from the records.
      - V({}) turns CHAP off.
      - A session that was logged in with other values is logged out and in again, one at a time.
      - Before that every target is asked whether it takes the new values, also in check mode. When one does not, nothing is changed.
        A target that cannot say so now, since it allows one session per initiator or has trouble of its own, is named in a warning.
      - Refused where a portal has more sessions than C(node.session.nr_sessions) of its record, for open-iscsi would not log in again.
    type: dict
    suboptions:
      username:
        description: The name that the target knows this initiator by.
        type: str
      password:
        description: The secret for O(chap.username).
        type: str
      username_in:
        description: The name that the target has to give, for mutual CHAP.
        type: str
      password_in:
        description: The secret for O(chap.username_in).
        type: str
      algorithms:
        description: Digest algorithms to offer, best first.
        type: list
        elements: str
        choices: [MD5, SHA1, SHA256, SHA3-256]
  discovery_chap:
    description:
      - CHAP of sendtargets discovery at O(portals), as a whole and independent of O(chap). V({}) turns it off.
      - It is kept in the record of each discovery portal. When omitted, that record counts, or C(iscsid.conf) where there is none.
    type: dict
    suboptions:
      username:
        description: The name that the target knows this initiator by.
        type: str
      password:
        description: The secret for O(discovery_chap.username).
        type: str
      username_in:
        description: The name that the target has to give, for mutual CHAP.
        type: str
      password_in:
        description: The secret for O(discovery_chap.username_in).
        type: str
      algorithms:
        description: Digest algorithms to offer, best first.
        type: list
        elements: str
        choices: [MD5, SHA1, SHA256, SHA3-256]
  startup:
    description: When the host logs in to these portals by itself. V(automatic) is when it boots.
    type: str
    choices: [automatic, manual, onboot]
  settings:
    description:
      - Further keys of the node records, such as V(node.session.timeo.replacement_timeout). They count from the next login on.
      - V(null) is refused, for a record has every key. Give the value that it should have.
    type: dict
  min_portals:
    description:
      - How many sessions each target must have in the end, or V(all). Fewer fail the task; V(0) never does.
      - With V(all), one of O(portals) that does not tell its targets fails the task too, unless a session is up at it; an iSNS server does not.
      - Check mode fails too when there are fewer portals, or fewer that something answers at, as far as it can ask them.
    type: str
    default: "1"
  timeout:
    description: Seconds for the whole connect, discovery and devices included.
    type: int
    default: 30
  wait_for_devices:
    description: Whether to wait until the disks of new sessions are there, within O(timeout). A warning names those that are not there by then.
    type: bool
    default: true
  rescan:
    description:
      - Whether to look for new and grown LUNs of the chosen sessions, with O(state=connected). A rescan always counts as a change.
      - A session that is not logged in is left out, which is no change, and named in RV(failed_portals). When another cannot be rescanned within
        O(timeout), the task fails after the rest is done.
    type: bool
    default: false
  session_id:
    description: With O(state=disconnected), log out of this one session and of no other.
    type: int
  force:
    description:
      - Log out although a disk of the session is in use and no other path serves it, or another unit of it, such as a tape drive, is open.
        Whoever uses it gets I/O errors and may lose data.
    type: bool
    default: false
  exclusive:
    description:
      - Log out of every session and delete every record that is not chosen. Not done when a portal did not answer the discovery
        or shows this host no target at all, since then nobody knows which are meant.
      - With O(state=connected) and O(state=present) only; refused otherwise.
    type: bool
    default: false
seealso:
  - module: linuxsan.host.iscsi_initiator
  - module: linuxsan.host.iscsi_info
"""

EXAMPLES = r"""
- name: Connect to both controllers of an array
  linuxsan.host.iscsi_node:
    portals:
      - 10.10.10.100
      - 192.168.195.22
    target_portals:
      - 10.10.10.0/24
      - 192.168.195.0/24
    startup: automatic

- name: Connect with CHAP, and fail unless every path is there
  linuxsan.host.iscsi_node:
    portals:
      - 10.10.10.100
    chap:
      username: "{{ san_chap_username }}"
      password: "{{ san_chap_password }}"
    min_portals: all

- name: Log out of a target and forget it
  linuxsan.host.iscsi_node:
    targets:
      - iqn.2004-08.com.qsantechnology:p600q-d316-000901d00:dev0.ctr2
    state: absent

- name: Log out of one session
  linuxsan.host.iscsi_node:
    session_id: 3
    state: disconnected
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order. Without logins at portals where nothing answers, which check mode asks for too.
  returned: success
  type: list
  elements: str
  sample: ["login session iqn.2004-08.com.qsantechnology:dev0.ctr1 10.10.10.100:3260"]
sessions:
  description: The sessions of the chosen targets and portals afterwards. In check mode, as they are.
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: Name of the target.
      type: str
      sample: iqn.2004-08.com.qsantechnology:dev0.ctr1
    portal:
      description: Portal of the target, as in its record.
      type: str
      sample: 10.10.10.100:3260
    tpgt:
      description: Portal group tag.
      type: int
      sample: 1
    iface:
      description: Name of the open-iscsi interface.
      type: str
      sample: default
    sid:
      description: Session id.
      type: int
      sample: 3
    state:
      description: V(LOGGED_IN), V(FAILED) or V(FREE), as the kernel shows it.
      type: str
      sample: LOGGED_IN
    recovery_tmo:
      description: Seconds until I/O fails after the connection is lost.
      type: int
      sample: 5
    devices:
      description: The disks of the session, with C(name), C(hctl), C(lun), C(size) in bytes, C(wwid) as multipath has it and C(state).
      type: list
      elements: dict
      sample:
        - {name: sdb, hctl: "2:0:0:0", lun: 0, size: 1073741824, wwid: "360014050000000000000000000000001", state: running}
failed_portals:
  description: The portals that did not work, those of discovery and those of targets.
  returned: always, empty when all work
  type: list
  elements: dict
  contains:
    portal:
      description: The portal.
      type: str
      sample: 192.168.195.22:3260
    target:
      description: Name of the target, none when the portal failed at discovery.
      type: str
      sample: iqn.2004-08.com.qsantechnology:dev0.ctr2
    reason:
      description: Why it failed.
      type: str
      sample: authorization failure
    status:
      description:
        - Exit status of C(iscsiadm) by the name that iscsiadm(8) has for it, such as V(ISCSI_ERR_TRANS), V(ISCSI_ERR_TRANS_TIMEOUT) or
          V(ISCSI_ERR_LOGIN_AUTH_FAILED).
        - Null when it had not answered yet, or not so that it can be read.
      type: str
      sample: ISCSI_ERR_LOGIN_AUTH_FAILED
targets:
  description: Names of the chosen targets.
  returned: success
  type: list
  elements: str
  sample: ["iqn.2004-08.com.qsantechnology:dev0.ctr1"]
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 2.4
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.asked_text import asked_for
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_arguments import CHAP
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_work import NodeWork

ARGUMENTS = {
    "state": {"type": "str", "choices": ["connected", "present", "disconnected", "absent"], "default": "connected"},
    "portals": {"type": "list", "elements": "str"},
    "discovery": {"type": "str", "choices": ["sendtargets", "isns", "static"], "default": "sendtargets"},
    "targets": {"type": "list", "elements": "str"},
    "target_portals": {"type": "list", "elements": "str"},
    "ifaces": {"type": "list", "elements": "str"},
    "chap": CHAP,
    "discovery_chap": CHAP,
    "startup": {"type": "str", "choices": ["automatic", "manual", "onboot"]},
    "settings": {"type": "dict"},
    "min_portals": {"type": "str", "default": "1"},
    "timeout": {"type": "int", "default": 30},
    "wait_for_devices": {"type": "bool", "default": True},
    "rescan": {"type": "bool", "default": False},
    "session_id": {"type": "int"},
    "force": {"type": "bool", "default": False},
    "exclusive": {"type": "bool", "default": False},
}


def work(module, tools=NodeWork):
    """What see_and_do gives, or raises, and the time that it took."""
    started = time.monotonic()
    try:
        return dict(see_and_do(module, tools), elapsed=elapsed(started))
    except SanError as error:
        error.facts = {"failed_portals": [], **error.facts, "elapsed": elapsed(started)}
        raise


def see_and_do(module, tools):
    """See, plan, do, report."""
    live = not module.check_mode
    host = tools(asked_for(module.params), live)
    try:
        with host.turn():
            steps = host.plan()
            failures = host.apply(steps) if live else host.foretell(steps)
            return host.report(steps, failures)
    finally:
        warn(module, host.warnings)


def elapsed(started):
    """Seconds since then."""
    return round(time.monotonic() - started, 3)


def main():
    """Entry point."""
    module = AnsibleModule(
        ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("portals", "targets", "session_id")],
        mutually_exclusive=[("session_id", "portals"), ("session_id", "targets")],
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
