#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An interface of open-iscsi: sessions bound to a network device."""

from __future__ import annotations

DOCUMENTATION = r"""
module: iscsi_iface
short_description: Bind iSCSI sessions to a network device
version_added: 0.1.0
description:
  - Makes, changes or deletes an interface record of open-iscsi. M(linuxsan.host.iscsi_node) connects through it with
    O(linuxsan.host.iscsi_node#module:ifaces), so that two network devices give two sessions to one portal.
  - Node records that go through a changed interface get the new values. Sessions that are up keep the old ones until their next login,
    and a warning names them.
  - The interface V(default), which open-iscsi has by itself, is never touched.
  - A warning tells when the interface names no network device, or one that is not there. If open-iscsi is not installed, check mode predicts what
    would be done and warns. A real run fails.
extends_documentation_fragment:
  - linuxsan.host.attributes
author:
  - linuxsan contributors (@linuxsan)
options:
  name:
    description: Name of the interface. One with C(ipv6) in it is an IPv6 interface for open-iscsi, any other one of IPv4.
    type: str
    required: true
  state:
    description:
      - V(present) has the record, with the values that are named; others stay.
      - V(absent) deletes it, whatever it holds. Refused while a node record or a session goes through it. The other options are checked as
        ever and have no effect.
    type: str
    choices: [present, absent]
    default: present
  net_ifacename:
    description:
      - The network device that connections are made through. A O(hwaddress) that the record has is cleared, for open-iscsi would go by that one.
      - A warning tells when another device is in the same IPv4 network and C(rp_filter) or C(arp_ignore) would get in the way.
    type: str
  hwaddress:
    description:
      - The hardware address of the network device, in the place of its name. A O(net_ifacename) that the record has is cleared. Not both in one task.
      - With another O(transport) than V(tcp) and V(iser) it names the adapter, and each of the two leaves the other as it is.
    type: str
  ipaddress:
    description:
      - The address of the interface, for adapters with an iSCSI engine of their own. The software transport does not use it.
      - An IPv6 address needs a O(name) with C(ipv6) in it, and an IPv4 address one without, or C(iscsiadm) lists no node any more.
    type: str
  initiator_name:
    description: A name of the initiator for the sessions through this interface, in the place of the host's.
    type: str
  transport:
    description: The transport. V(tcp) when the record is made and none is given.
    type: str
    choices: [tcp, iser, bnx2i, cxgb3i, cxgb4i, be2iscsi, qla4xxx, qedi, ocs]
  settings:
    description:
      - Further C(iface.) keys of the record, such as V(iface.mtu). V(null) clears a key, also one that open-iscsi does not know.
      - A key or value that open-iscsi does not know is refused, for with it C(iscsiadm) lists no interface and no node any more.
        The keys of IPv6, such as V(iface.ipv6_autocfg), need a O(name) with C(ipv6) in it, and those of IPv4 one without.
    type: dict
seealso:
  - module: linuxsan.host.iscsi_node
  - module: linuxsan.host.iscsi_info
"""

EXAMPLES = r"""
- name: Have an interface for each network device
  linuxsan.host.iscsi_iface:
    name: "{{ item }}"
    net_ifacename: "{{ item }}"
  loop: [eth1, eth2]

- name: Log in through both of them
  linuxsan.host.iscsi_node:
    portals: [10.10.10.100]
    ifaces: [eth1, eth2]

- name: Forget one that nothing uses
  linuxsan.host.iscsi_iface:
    name: eth2
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order.
  returned: success
  type: list
  elements: str
  sample: ["create iface eth1"]
iface:
  description: The interface afterwards, as M(linuxsan.host.iscsi_info) returns it, none when it is absent. In check mode, as it is.
  returned: success
  type: dict
  sample: {name: eth1, transport: tcp, net_ifacename: eth1, hwaddress: null, ipaddress: null, initiatorname: null, broken: null}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import Places
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_plan import asked_iface
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_work import IfaceWork


def work(module, places=None):
    """See, plan, do, report."""
    params = module.params
    host = IfaceWork(params["name"], params["state"], asked_iface(params), places or Places(), not module.check_mode)
    with host.turn():
        steps = host.plan()
        if not module.check_mode:
            host.apply(steps)
    warn(module, host.warnings())
    return host.report(steps)


def main():
    """Entry point."""
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "net_ifacename": {"type": "str"},
            "hwaddress": {"type": "str"},
            "ipaddress": {"type": "str"},
            "initiator_name": {"type": "str"},
            "transport": {"type": "str", "choices": ["tcp", "iser", "bnx2i", "cxgb3i", "cxgb4i", "be2iscsi", "qla4xxx", "qedi", "ocs"]},
            "settings": {"type": "dict"},
        },
        mutually_exclusive=[("net_ifacename", "hwaddress")],
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
