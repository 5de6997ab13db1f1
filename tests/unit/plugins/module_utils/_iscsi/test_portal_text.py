# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portals: every spelling of one portal is one Portal."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import (
    ISCSI_PORT,
    Portal,
    parse_filter,
    parse_portal,
)

ports = st.integers(1, 65535)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.10.10.100", "10.10.10.100", ISCSI_PORT),
        (" 10.10.10.100:860 ", "10.10.10.100", 860),
        ("[2001:DB8:0:0::1]:860", "2001:db8::1", 860),
        ("2001:db8::1", "2001:db8::1", ISCSI_PORT),
        ("[fe80::1%eth1]", "fe80::1%eth1", ISCSI_PORT),
        ("Array.Example.com.", "array.example.com", ISCSI_PORT),
    ],
)
def test_spellings(text, host, port):
    assert parse_portal(text) == Portal(host, port)


@pytest.mark.parametrize(
    "text", ["", ":3260", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:0", "10.0.0.1:70000", "10.0.0.256", "[10.0.0.1", "[name]:1", "a b", "1.2.3", "-p", "a/b"]
)
def test_no_portal(text):
    with pytest.raises(ParseError):
        parse_portal(text)


@given(st.ip_addresses(), ports)
def test_round_trip(address, port):
    portal = Portal(str(address), port)
    assert parse_portal(str(portal)) == portal


@given(st.ip_addresses(v=6), ports)
def test_any_spelling_of_ipv6_is_the_same(address, port):
    assert parse_portal(f"[{address.exploded.upper()}]:{port}") == parse_portal(f"[{address.compressed}]:{port}")


@pytest.mark.parametrize(
    "text, admitted",
    [("fe80::1%eth1", {"fe80::1%eth1"}), ("[FE80:0::1%eth1]:3260", {"fe80::1%eth1"}), ("fe80::1", {"fe80::1%eth1", "fe80::1%eth2", "fe80::1"})],
)
def test_a_zone_is_a_part_of_the_address(text, admitted):
    hosts = ("fe80::1%eth1", "fe80::1%eth2", "fe80::1", "fe80::2%eth1")
    assert {host for host in hosts if parse_filter(text).admits(Portal(host))} == admitted


@given(st.text())
def test_only_parse_errors(text):
    for parse in (parse_portal, parse_filter):
        try:
            parse(text)
        except ParseError:
            pass


@given(st.ip_addresses(), st.integers(0, 128))
def test_network_admits_its_addresses(address, length):
    network = ipaddress.ip_network((address, min(length, address.max_prefixlen)), strict=False)
    chosen = parse_filter(str(network))
    assert chosen.admits(Portal(str(address)))
    outside = (
        ipaddress.ip_address(
            int(address) ^ (1 << (address.max_prefixlen - 1)),
        )
        if address.version == 4
        else None
    )
    if outside and network.prefixlen:
        assert not chosen.admits(Portal(str(outside)))


def test_filter_with_a_port_is_exact():
    assert parse_filter("10.0.0.1:860").admits(Portal("10.0.0.1", 860))
    assert not parse_filter("10.0.0.1:860").admits(Portal("10.0.0.1"))
    assert not parse_filter("10.0.0.1").admits(Portal("10.0.0.10"))
    assert parse_filter("San").admits(Portal("san"))
    assert not parse_filter("10.0.0.0/8").admits(Portal("san"))
