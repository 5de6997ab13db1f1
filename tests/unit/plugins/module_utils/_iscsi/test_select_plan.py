# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets, portals and interfaces are meant."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import NodeRecord
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, parse_filter
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import (
    Choice,
    known_keys,
    nodes_of_found,
    nodes_of_known,
    targets_behind,
    unmatched,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Session

A, B = Portal("10.10.10.100"), Portal("192.168.195.22")
ONE, TWO = "iqn.q:dev0.ctr1", "iqn.q:dev0.ctr2"
FOUND = (Found(ONE, A, A.host, 1), Found(ONE, Portal("192.168.4.1"), "192.168.4.1", 1), Found(TWO, B, B.host, 1))


def record(target, portal, iface):
    return NodeRecord(target, portal, iface, portal.host, 1, "/")


def keys(choice, records=()):
    return [node.key for node in nodes_of_found(FOUND, records, (), choice)]


def test_all_of_them():
    assert keys(Choice()) == sorted((each.target, each.portal, "default") for each in FOUND)


def test_patterns_are_whole_names():
    assert {target for target, portal, iface in keys(Choice(("iqn.q:*ctr1",)))} == {ONE}
    assert keys(Choice(("iqn.q:dev0.ctr",))) == []


def test_portals_of_targets():
    assert keys(Choice(filters=(parse_filter("10.10.10.0/24"), parse_filter(str(B))))) == [(ONE, A, "default"), (TWO, B, "default")]


def test_interfaces():
    assert {iface for target, portal, iface in keys(Choice(ifaces=("eth1", "eth2")))} == {"eth1", "eth2"}
    in_use = keys(Choice(), [record(ONE, A, "eth1")])
    assert (ONE, A, "eth1") in in_use and (ONE, A, "default") not in in_use and (TWO, B, "default") in in_use


@pytest.mark.parametrize(
    "startup, live, used",
    [
        ({}, (), {"default"}),
        ({"eth1": "automatic"}, (), {"eth1"}),
        ({"eth1": "onboot"}, ("eth2",), {"eth1", "eth2"}),
        ({}, ("eth2",), {"eth2"}),
    ],
)
def test_what_a_discovery_through_all_interfaces_has_left_is_not_in_use(startup, live, used):
    records = [
        dataclasses.replace(record(ONE, A, iface), values={"node.startup": startup.get(iface, "manual"), "node.conn[0].startup": "manual"})
        for iface in ("default", "eth1", "eth2")
    ]
    sessions = [Session(1, ONE, A, A, 1, iface, "LOGGED_IN", 5) for iface in live]
    assert {node.iface for node in nodes_of_found(FOUND[:1], records, sessions, Choice())} == used


def test_known():
    records = (record(ONE, A, "default"), record(TWO, B, "eth1"))
    assert [node.key for node in nodes_of_known(records, (), Choice(ifaces=("eth1",)))] == [(TWO, B, "eth1")]
    assert known_keys(records, (), Choice((ONE,))) == {(ONE, A, "default")}
    assert targets_behind((B,), records, ()) == {TWO}
    assert unmatched((ONE, "x*"), {ONE}) == ("x*",)
    assert unmatched(None, set()) == ()
