# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions, the records that ask for one, and the fabric of each."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import parse_routes
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.link_plan import Link, find_links

HEADER = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
ROUTES = parse_routes(HEADER + "eth1 000A0A0A 0 0001 0 0 0 00FFFFFF 0 0 0\neth2 00C3A8C0 0 0001 0 0 0 00FFFFFF 0 0 0\n")
A, B = Portal("10.10.10.100"), Portal("192.168.195.22")


def made(portal, iface="default", **more):
    return SimpleNamespace(target="ctr1", portal=portal, iface=iface, key=("ctr1", portal, iface), **more)


def record(portal, startup, iface="default"):
    return made(portal, iface, values={"node.startup": startup})


def test_a_session_takes_the_place_of_its_record():
    session = made(A)
    assert find_links([session], [record(A, "automatic")], ROUTES) == (Link("ctr1", "10.10.10.100:3260", "eth1", session),)


@pytest.mark.parametrize(("startup", "wanted"), [("automatic", True), ("onboot", True), ("manual", False), (None, False)])
def test_a_record_counts_when_it_asks_for_a_login_at_boot(startup, wanted):
    links = find_links([made(A)], [record(B, startup)], ROUTES)
    assert links[1:] == ((Link("ctr1", "192.168.195.22:3260", "eth2"),) if wanted else ())


def test_a_bound_iface_is_a_fabric_whatever_the_routes_are():
    links = find_links([made(A, "one"), made(A, "two"), made(Portal("array.example.com"))], [], ROUTES)
    assert [link.fabric for link in links] == ["one", "two", None]
