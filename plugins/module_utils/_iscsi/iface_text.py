# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of an interface record and the text of their values (libopeniscsiusr/idbm.c and usr/iface.c, 2.0.877 to 2.1.11).

iscsiadm refuses the whole database for one record with a key that is not the record's: then it lists no interface or no node at all. Which
keys are a record's goes by its name: one with "ipv6" in it has those of IPv6, any other those of IPv4 (_idbm_iface_rec_link). An address of
the other family has iscsiadm itself write keys that it refuses from then on, in every node record that it makes (iface_get_iptype).
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.kind_text import TEXT, Kind, nearest, render_kind

UINT8 = Kind(number=True, high=2**8 - 1)
UINT16 = Kind(number=True, high=2**16 - 1)
UINT32 = Kind(number=True, high=2**32 - 1)
# ISCSI_MAX_STR_LEN of usr/config.h with its closing zero.
SHORT = Kind(longest=79)
# What open-iscsi knows for on and off; it passes over any other word.
STATE = Kind(choices=("enable", "disable"))

BOTH = {
    "iface.prefix_len": UINT8,
    "iface.state": STATE,
    # 12 and 3 bits of IEEE 802.1Q.
    "iface.vlan_id": Kind(number=True, high=4095),
    "iface.vlan_priority": Kind(number=True, high=7),
    "iface.vlan_state": STATE,
    "iface.iface_num": UINT32,
    "iface.mtu": UINT16,
    "iface.port": UINT16,
    "iface.delayed_ack": STATE,
    "iface.tcp_nagle": STATE,
    "iface.tcp_wsf_state": STATE,
    "iface.tcp_wsf": UINT8,
    "iface.tcp_timer_scale": UINT8,
    "iface.tcp_timestamp": STATE,
    "iface.redirect": STATE,
    "iface.def_task_mgmt_timeout": UINT16,
    "iface.header_digest": STATE,
    "iface.data_digest": STATE,
    "iface.immediate_data": STATE,
    "iface.initial_r2t": STATE,
    "iface.data_seq_inorder": STATE,
    "iface.data_pdu_inorder": STATE,
    "iface.erl": Kind(number=True, high=2),
    "iface.max_receive_data_len": UINT32,
    "iface.first_burst_len": UINT32,
    "iface.max_outstanding_r2t": UINT16,
    "iface.max_burst_len": UINT32,
    "iface.chap_auth": STATE,
    "iface.bidi_chap": STATE,
    "iface.strict_login_compliance": STATE,
    "iface.discovery_auth": STATE,
    "iface.discovery_logout": STATE,
}
IPV4 = {
    "iface.bootproto": Kind(choices=("static", "dhcp")),
    "iface.subnet_mask": TEXT,
    "iface.gateway": TEXT,
    "iface.dhcp_alt_client_id_state": STATE,
    "iface.dhcp_alt_client_id": SHORT,
    "iface.dhcp_dns": STATE,
    "iface.dhcp_learn_iqn": STATE,
    "iface.dhcp_req_vendor_id_state": STATE,
    "iface.dhcp_vendor_id_state": STATE,
    "iface.dhcp_vendor_id": SHORT,
    "iface.dhcp_slp_da": STATE,
    "iface.fragmentation": STATE,
    "iface.gratuitous_arp": STATE,
    "iface.incoming_forwarding": STATE,
    "iface.tos_state": STATE,
    "iface.tos": UINT8,
    "iface.ttl": UINT8,
}
IPV6 = {
    "iface.ipv6_autocfg": Kind(choices=("nd", "dhcpv6", "disable")),
    "iface.linklocal_autocfg": SHORT,
    "iface.router_autocfg": SHORT,
    "iface.ipv6_linklocal": TEXT,
    "iface.ipv6_router": TEXT,
    "iface.dup_addr_detect_cnt": UINT8,
    "iface.flow_label": UINT32,
    "iface.gratuitous_neighbor_adv": STATE,
    "iface.hop_limit": UINT8,
    "iface.mld": STATE,
    "iface.nd_reachable_tmo": UINT32,
    "iface.nd_rexmit_time": UINT32,
    "iface.nd_stale_tmo": UINT32,
    "iface.router_adv_link_mtu": UINT32,
    "iface.traffic_class": UINT8,
}


def render_setting(name, key, value):
    """The text of a value for a key of the interface of that name. Raises SanError."""
    own, other = (IPV6, IPV4) if _is_ipv6(name) else (IPV4, IPV6)
    kinds = {**BOTH, **own}
    if key in kinds:
        return render_kind(key, kinds[key], value)
    if key in other:
        raise SanError(f"settings: {key} is no key of it: {_why_family(name)}")
    # All of them begin alike.
    guess = nearest(key, kinds, 0.75) or "`iscsiadm -m iface -I default` shows the keys."
    raise SanError(f"settings: {key} is no key of an interface record, and with it iscsiadm would refuse the whole database. {guess}")


def check_family(name, address):
    """Raise SanError when an interface of that name cannot have the address."""
    # Told by the dot, as open-iscsi does.
    if _is_ipv6(name) != ("." not in address):
        raise SanError(f"ipaddress: {address} cannot be its address: {_why_family(name)}")


def _is_ipv6(name):
    return "ipv6" in name


def _why_family(name):
    if _is_ipv6(name):
        return f"open-iscsi takes {name} for an IPv6 interface by its name. Choose a name without ipv6 in it for IPv4."
    return f"open-iscsi takes {name} for an IPv4 interface by its name. Choose a name with ipv6 in it for IPv6."
