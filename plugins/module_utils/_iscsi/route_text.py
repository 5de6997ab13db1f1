# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/proc/net/route and /proc/net/ipv6_route (net/ipv4/fib_trie.c, net/ipv6/route.c): over which network interface a portal is reached, and which
interfaces share a network."""

from __future__ import annotations

import ipaddress
import re
import sys
from dataclasses import dataclass
from typing import Any

# include/uapi/linux/route.h
RTF_UP, RTF_GATEWAY, RTF_REJECT = 0x1, 0x2, 0x200
LOOPBACK = "lo"
HEX32 = re.compile(r"[0-9A-Fa-f]{8}")
HEX128 = re.compile(r"[0-9A-Fa-f]{32}")


@dataclass(frozen=True)
class Route:
    """One route. network: an ipaddress network; metric: the lower one counts where two fit alike. direct: the interface is in that network itself."""

    interface: str
    network: Any
    metric: int = 0
    direct: bool = True


def parse_routes(text):
    """/proc/net/route -> tuple of Route. Lines that are no usable route are left out."""
    return tuple(filter(None, (_route4(line.split()) for line in text.splitlines()[1:])))


def parse_routes6(text):
    """/proc/net/ipv6_route -> tuple of Route. Lines that are no usable route are left out."""
    return tuple(filter(None, (_route6(line.split()) for line in text.splitlines())))


def interface_for(host, routes):
    """The name of the interface over which an address is reached, None for a host name and for what no route leads to."""
    plain, percent, zone = host.partition("%")
    if zone:
        # A link-local address names its interface.
        return zone
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return None
    fitting = [route for route in routes if route.network.version == address.version and address in route.network]
    best = min(fitting, key=lambda route: (-route.network.prefixlen, route.metric), default=None)
    return best.interface if best else None


def shared_networks(routes):
    """-> dict of network (10.10.10.0/24) and the tuple of interfaces that are in it."""
    found = {}
    for route in routes:
        if route.direct and route.network.prefixlen:
            found.setdefault(str(route.network), {})[route.interface] = None
    return {network: tuple(interfaces) for network, interfaces in found.items()}


def _route4(words):
    if len(words) < 8 or not all(HEX32.fullmatch(words[at]) for at in (1, 7)):
        return None
    # The kernel prints the four bytes as a number of the machine's own byte order.
    destination, mask = (ipaddress.IPv4Address(int(words[at], 16).to_bytes(4, sys.byteorder)) for at in (1, 7))
    try:
        network = ipaddress.ip_network(f"{destination}/{mask}")
        return _usable(words[0], network, int(words[3], 16), int(words[6]))
    except ValueError:
        return None


def _route6(words):
    if len(words) < 10 or not HEX128.fullmatch(words[0]):
        return None
    try:
        network = ipaddress.IPv6Network((int(words[0], 16), int(words[1], 16)))
        return _usable(words[9], network, int(words[8], 16), int(words[5], 16))
    except ValueError:
        return None


def _usable(interface, network, flags, metric):
    if not flags & RTF_UP or flags & RTF_REJECT or interface == LOOPBACK:
        return None
    return Route(interface, network, metric, not flags & RTF_GATEWAY)
