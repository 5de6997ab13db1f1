# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface records: what is asked for, and the steps to it."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_text import check_family, render_setting
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.name_text import check_name
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import changes_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, EXAMPLE_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step

NAME_KEY = "iface.iscsi_ifacename"
TRANSPORT = "iface.transport_name"
IP_ADDRESS = "iface.ipaddress"
OPTION_KEYS = {
    "net_ifacename": "iface.net_ifacename",
    "hwaddress": "iface.hwaddress",
    "ipaddress": IP_ADDRESS,
    "initiator_name": "iface.initiatorname",
    "transport": TRANSPORT,
}
# The ways to say which network device the host's own network stack uses; of an adapter with an engine of its own the address says which it is.
BINDINGS = ("iface.hwaddress", "iface.net_ifacename")
SOFTWARE = ("tcp", "iser")
# ISCSI_MAX_IFACE_LEN of usr/config.h with its closing zero. The name is a file's.
IFACE_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.:-]{1,64}")
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}|([0-9a-f]{2}:){19}[0-9a-f]{2}")
# IFNAMSIZ of the kernel with its closing zero.
NET_NAME = re.compile(r"[^\s/:]{1,15}")


def asked_iface(params):
    """The options of iscsi_iface -> dict of key and text, None to clear it. Raises SanError."""
    name = params["name"]
    # Told to delete one, open-iscsi deletes every node record instead.
    if name in BUILT_IN_IFACES:
        raise SanError(f"iface {name}: is built into open-iscsi and cannot be changed or deleted. Choose another name.")
    if name == EXAMPLE_IFACE:
        raise SanError(f"iface {name}: is the example that comes with open-iscsi, which passes it over. Choose another name.")
    if not IFACE_NAME.fullmatch(name):
        raise SanError(f"iface {name!r}: no name for an interface. Up to 64 letters, digits, - . _ and : are fine, no dot first.")
    values = {key: params[option] or None for option, key in OPTION_KEYS.items() if params[option] is not None}
    for key, value in (params["settings"] or {}).items():
        if not re.fullmatch(r"iface\.[a-z0-9_]+", key) or key == NAME_KEY or key in OPTION_KEYS.values():
            raise SanError(f"settings: {key} is no key of an interface record for this option. Keys such as iface.mtu are.")
        # What should not be there can be cleared.
        values[key] = None if value is None else render_setting(name, key, value)
    _check(name, values)
    return values


def plan_iface(state, name, values, record, nodes, sessions):
    """-> tuple of Step. record: NamedRecord or None; nodes, sessions: those that go through the interface."""
    if state == "absent":
        return () if record is None else (_removal(record, nodes, sessions),)
    first = ()
    values = _rebound(values, record)
    if record is None or record.broken:
        wanted = {NAME_KEY: name, TRANSPORT: "tcp", **values}
        shown = {key: value for key, value in wanted.items() if value is not None and key != NAME_KEY}
        first = (Step("create", f"iface {name}", f"unreadable ({record.broken})" if record else None, _line(shown), wanted),)
    elif changes_of(record.values, values):
        changes = changes_of(record.values, values)
        first = (Step("update", f"iface {name}", _line(record.values, changes), _line(changes), (record, changes)),)
    return (*first, *_node_steps(values, nodes))


def outcome_iface(steps, record):
    """The values of the interface after the steps -> dict, or None when it is not there. record: as it is now, or None."""
    for step in steps:
        if step.verb == "create":
            return step.args
        if step.verb == "delete":
            return None
        if step.args[0] is record:
            return {**record.values, **step.args[1]}
    return record.values if record else None


def untaken(steps, sessions):
    """What to tell about the sessions that go through a changed interface."""
    names = [describe(session) for session in sessions]
    return (f"{', '.join(names)}: keeps the old binding until it is logged out and in again",) if steps and names else ()


def _rebound(values, record):
    """The values with the other binding cleared when one is asked for: of two, iscsid goes by the hardware address (usr/io.c, bind_conn_to_iface)."""
    known = {TRANSPORT: "tcp", **(record.values if record else {}), **values}
    asked = any(values.get(key) for key in BINDINGS) and known[TRANSPORT] in SOFTWARE
    return {**dict.fromkeys(BINDINGS), **values} if asked else values


def _check(name, values):
    address, device, initiator = (values.get(OPTION_KEYS[option]) for option in ("hwaddress", "net_ifacename", "initiator_name"))
    if address is not None and not MAC.fullmatch(address.lower()):
        raise SanError(f"hwaddress: {address!r} is no hardware address. Write it as 52:54:00:12:34:56.")
    if device is not None and not NET_NAME.fullmatch(device):
        raise SanError(f"net_ifacename: {device!r} is no name of a network device. Write it as `ip link` shows it.")
    if initiator is not None:
        check_name(initiator)
    if values.get(IP_ADDRESS) is not None:
        try:
            ipaddress.ip_address(values[IP_ADDRESS])
        except ValueError as error:
            raise SanError(f"ipaddress: {error}.") from None
        check_family(name, values[IP_ADDRESS])


def _removal(record, nodes, sessions):
    users = [f"session {describe(session)}" for session in sessions] + [f"node record {describe(node)}" for node in nodes]
    if users:
        raise SanError(
            f"iface {record.name}: deleting refused: {', '.join(users)} goes through it. "
            f"Take these away first (iscsi_node with ifaces=[{record.name}], targets=['*'], state=absent)."
        )
    return Step("delete", f"iface {record.name}", record.broken or _line(record.values, list(OPTION_KEYS.values())), None, record)


def _node_steps(values, nodes):
    """A node record has a copy of its interface, and the copy is what a login goes by."""
    for node in nodes:
        changes = changes_of(node.values, values) if node.broken is None else {}
        if changes:
            yield Step("update", f"node record {describe(node)}", _line(node.values, changes), _line(changes), (node, changes))


def _line(values, keys=None):
    shown = values if keys is None else {key: values[key] for key in keys if key in values}
    return ", ".join(f"{key}={'-' if value is None else value}" for key, value in shown.items()) or None
