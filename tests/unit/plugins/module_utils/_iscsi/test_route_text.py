# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and their devices."""

from __future__ import annotations

import socket
import struct

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import parse_networks

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT   \n"


def word(address):
    """As the kernel of this machine prints it."""
    return f"{struct.unpack('=I', socket.inet_aton(address))[0]:08X}"


def line(device, destination, mask, gateway="0.0.0.0"):
    return f"{device}\t{word(destination)}\t{word(gateway)}\t0001\t0\t0\t0\t{word(mask)}\t0\t0\t0\n"


def test_networks():
    text = HEADER + line("eth0", "0.0.0.0", "0.0.0.0", "192.0.2.1") + line("eth1", "10.10.10.0", "255.255.255.0")
    text += line("eth2", "10.10.10.0", "255.255.255.0") + line("eth1", "10.20.0.0", "255.255.0.0", "10.10.10.1")
    assert parse_networks(text) == {"10.10.10.0/24": ("eth1", "eth2")}
    assert parse_networks("") == parse_networks(HEADER) == {}


@pytest.mark.parametrize("bad", ["eth1 0\n", line("eth1", "10.0.0.0", "255.0.0.0").replace(word("10.0.0.0"), "zz")])
def test_what_is_no_route(bad):
    with pytest.raises(ParseError):
        parse_networks(HEADER + bad)


def test_the_routes_of_this_machine():
    with open("/proc/net/route", encoding="ascii") as file:
        assert isinstance(parse_networks(file.read()), dict)
