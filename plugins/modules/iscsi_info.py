#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report the iSCSI initiator, its node records and its sessions."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iscsi_info
short_description: Report iSCSI sessions, node records and interfaces
version_added: 0.1.0
description:
  - Reads C(/sys) and the files of open-iscsi. Needs no daemon, starts no process, and works where open-iscsi is not installed.
  - No secret is returned.
extends_documentation_fragment:
  - linuxsan.host.attributes
  - linuxsan.host.attributes.info
author:
  - linuxsan contributors (@linuxsan)
options: {}
seealso:
  - module: linuxsan.host.iscsi_node
"""

EXAMPLES = r"""
- name: Read the sessions
  linuxsan.host.iscsi_info:
  register: iscsi

- name: Require that every session works
  ansible.builtin.assert:
    that: iscsi.sessions | rejectattr('state', 'eq', 'LOGGED_IN') | length == 0
"""

RETURN = r"""
initiator:
  description: C(name) and C(alias) of the host as an initiator, none where it has none.
  returned: always
  type: dict
  sample: {name: "iqn.1993-08.org.debian:01:abcdef", alias: null}
ifaces:
  description: Interfaces that were defined for open-iscsi, with C(name), C(transport), C(net_ifacename), C(hwaddress), C(ipaddress),
    C(initiatorname) and C(broken), which says what is wrong with a record that cannot be read.
  returned: always
  type: list
  elements: dict
  sample: [{name: fabric-a, transport: tcp, net_ifacename: eth1, hwaddress: null, ipaddress: null, initiatorname: null, broken: null}]
nodes:
  description:
    - Node records, with C(target), C(portal), C(tpgt), C(iface), C(startup), C(authmethod) and C(settings), which has every key without a secret.
    - C(broken) says what is wrong with a record file that cannot be read, and is none otherwise.
  returned: always
  type: list
  elements: dict
  sample:
    - target: iqn.2004-08.com.qsantechnology:dev0.ctr1
      portal: 10.10.10.100:3260
      tpgt: 1
      iface: default
      startup: automatic
      authmethod: None
      settings: {node.session.timeo.replacement_timeout: "120"}
      broken: null
sessions:
  description: Sessions of the host.
  returned: always
  type: list
  elements: dict
  contains:
    sid:
      description: Session id.
      type: int
      sample: 3
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
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import find_root, foreign_keys
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_ifaces, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import iface_facts, initiator_facts, node_facts, session_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions

INITIATOR_FILE = "/etc/iscsi/initiatorname.iscsi"


def work(module, root=None, sysfs="/sys", initiator_file=INITIATOR_FILE):
    """Read and report. root: of the record database, found by itself when None."""
    base = root or find_root()
    return {
        "changed": False,
        "initiator": initiator_facts(read_text(initiator_file) or ""),
        "ifaces": [iface_facts(record) for record in read_ifaces(base)],
        "nodes": [node_facts(record) for record in read_nodes(base, foreign_keys())],
        "sessions": [session_facts(session) for session in read_sessions(sysfs)],
    }


def main():
    """Entry point."""
    run_module(AnsibleModule({}, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
