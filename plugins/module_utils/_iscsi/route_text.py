# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/proc/net/route: the IPv4 networks that each network device is in.

Iface   Destination     Gateway         Flags   RefCnt  Use     Metric  Mask            MTU     Window  IRTT
eth1    000A0A0A        00000000        0001    0       0       0       00FFFFFF        0       0       0
"""

from __future__ import annotations

import ipaddress
import sys

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

COLUMNS = 8
NO_GATEWAY = "00000000"


def parse_networks(text):
    """-> dict of network (10.10.10.0/24) and the tuple of devices that are in it. Raises ParseError."""
    found = {}
    for number, line in enumerate(text.split("\n")[1:], 2):
        fields = line.split()
        if not fields:
            continue
        if len(fields) < COLUMNS:
            raise ParseError(f"/proc/net/route line {number}: has {len(fields)} columns: {line!r}.")
        device, destination, gateway, mask = fields[0], fields[1], fields[2], fields[7]
        if gateway == NO_GATEWAY and mask != NO_GATEWAY:
            network = ipaddress.ip_network((_address(destination), str(_address(mask))), strict=False)
            found.setdefault(str(network), {})[device] = None
    return {network: tuple(devices) for network, devices in found.items()}


def _address(word):
    # The kernel prints the four bytes as a number of the machine's own byte order.
    try:
        return ipaddress.IPv4Address(int(word, 16).to_bytes(4, sys.byteorder))
    except (ValueError, OverflowError):
        raise ParseError(f"/proc/net/route: {word!r} is no address.") from None
