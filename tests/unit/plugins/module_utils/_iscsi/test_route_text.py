# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interface leads to a portal and which share a network, by the kernel's tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import interface_for, parse_routes, parse_routes6, shared_networks

V4 = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t000A0A0A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth3\t000A0A0A\t00000000\t0001\t0\t0\t200\t00FFFFFF\t0\t0\t0
eth2\t00C3A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t000000AC\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0
"""
V6 = """\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
"""


@pytest.mark.parametrize(
    ("host", "interface"),
    [
        ("10.10.10.100", "eth1"),
        ("192.168.195.22", "eth2"),
        ("8.8.8.8", "eth0"),
        ("fd00::7", "eth1"),
        ("fe80::1%eth2", "eth2"),
        ("array.example.com", None),
    ],
)
def test_interface(host, interface):
    assert interface_for(host, (*parse_routes(V4), *parse_routes6(V6))) == interface


def test_a_route_that_refuses_is_none():
    assert [route.interface for route in parse_routes(V4)] == ["eth0", "eth1", "eth3", "eth2"]
    assert interface_for("::1", parse_routes6(V6)) == "eth0"
    assert interface_for("10.10.10.100", ()) is None


def test_interfaces_in_one_network():
    """The default route and one over a gateway are no networks of their interface."""
    over_gateway = "eth2\t0000140A\t010A0A0A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    assert shared_networks(parse_routes(V4 + over_gateway)) == {"10.10.10.0/24": ("eth1", "eth3"), "192.168.195.0/24": ("eth2",)}
    assert shared_networks(()) == {}


def test_the_routes_of_this_machine():
    """Written in this machine's own byte order: none has bits beyond its mask, which ipaddress would refuse."""
    with open("/proc/net/route", encoding="ascii") as file:
        text = file.read()
    usable = [words for words in (line.split() for line in text.splitlines()[1:]) if words[0] != "lo" and int(words[3], 16) & 0x201 == 1]
    assert len(parse_routes(text)) == len(usable)


@given(st.text())
def test_other_text_has_no_routes_and_raises_nothing(text):
    assert isinstance(parse_routes(text), tuple)
    assert isinstance(parse_routes6(text), tuple)
