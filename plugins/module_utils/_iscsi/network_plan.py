# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What in the network of the host would keep the sessions through its interfaces from working."""

from __future__ import annotations

# Values of rp_filter; of arp_announce the second is wanted too (Documentation/networking/ip-sysctl.rst).
STRICT, LOOSE = 1, 2
TCP = "tcp"
# Of an interface record, the name of a network device and a hardware address that bind to none (DEFAULT_NETDEV of usr/config.h).
UNBOUND = (None, "", "default")


def network_warnings(bound, devices):
    """Why sessions through these network devices may not work -> tuple of str. bound: names."""
    by_name = {device.name: device for device in devices}
    found = [f"network device {name}: not there, so a login through it fails" for name in bound if name not in by_name]
    for device in (by_name[name] for name in bound if name in by_name):
        for network, several in device.networks:
            found.extend(_of_network(device, network, several) if len(several) > 1 else ())
    return tuple(dict.fromkeys(found))


def binding_warnings(name, values, devices):
    """Why sessions through the interface of that name may not work -> tuple of str. values: of its record."""
    device = net_device_of(values, devices)
    if device:
        return network_warnings((device,), devices)
    address, ip, initiator = (values.get(f"iface.{key}") for key in ("hwaddress", "ipaddress", "initiatorname"))
    if by_adapter(values):
        return ()
    if address not in UNBOUND:
        return (f"network device with the address {address}: not there, so a login through it fails",)
    if ip not in UNBOUND:
        return (f"iface {name}: has an address and names no network device, and open-iscsi fails a login through it. Give net_ifacename in its place",)
    # Sessions with another initiator name need no other way.
    if initiator:
        return ()
    return (f"iface {name}: names no network device, so its sessions go as the routing table has it. Give net_ifacename or hwaddress",)


def by_adapter(values):
    """True when the values of a record have an adapter connect by itself. What this host's network reaches tells nothing about it then."""
    return values.get("iface.transport_name", TCP) != TCP


def net_device_of(values, devices):
    """The network device that the values of a record bind its sessions to, or None. As iscsid has it, the address goes first (usr/io.c, bind_conn_to_iface)."""
    name, address = (values.get(key) for key in ("iface.net_ifacename", "iface.hwaddress"))
    if address not in UNBOUND:
        return next((device.name for device in devices if device.hwaddress == address.lower()), None)
    return None if name in UNBOUND else name


def _of_network(device, network, several):
    """Two devices in one network: the kernel routes by one of them and answers ARP for both on each."""
    both = f"{' and '.join(several)} are in one network, {network}"
    if device.rp_filter == STRICT:
        yield (
            f"{both}, and net.ipv4.conf.{device.name}.rp_filter is strict (1): what comes in on the one that the kernel does not route by is dropped. "
            f"Set it to {LOOSE}"
        )
    if not device.arp_ignore or (device.arp_announce or 0) < LOOSE:
        yield (f"{both}, and a target may learn the address of the wrong one: set net.ipv4.conf.{device.name}.arp_ignore to 1 and arp_announce to {LOOSE}")
