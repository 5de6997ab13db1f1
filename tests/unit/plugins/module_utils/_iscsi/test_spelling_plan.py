# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host name and its address as one portal."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import NodeRecord
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import portals_at, respell
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Session

IQN = "iqn.2004-08.com.example:dev0.ctr1"
A, B, NAME, OTHER = "10.10.10.100", "10.10.10.200", "array.example", "other.example"
DNS = {NAME: (A, B), OTHER: (B,), A: (A,), B: (B,)}


def found(host, target=IQN, port=3260, tpgt=1):
    return Found(target, Portal(host, port), host, tpgt)


def record(host, target=IQN, address=None, broken=None):
    return NodeRecord(target, Portal(host), "default", address or host, 1, f"/{target}/{host}", {}, broken)


def session(host, real=None, sid=1):
    return Session(sid, IQN, Portal(host), Portal(real or host), 1, "default", "LOGGED_IN", 5)


def hosts(several, records=(), sessions=(), dns=None):
    return [each.portal.host for each in respell(several, records, sessions, lambda host: (DNS if dns is None else dns).get(host, ()))]


@pytest.mark.parametrize(
    "wanted, records, sessions, expected",
    [
        (A, [record(NAME)], [], NAME),
        (NAME, [record(A)], [], A),
        (A, [], [session(NAME, A)], NAME),
        # Only the first address of a name is gone by.
        (B, [record(NAME)], [], B),
        # A name that was given in turn its second address when the session was made.
        (B, [], [session(NAME, B)], NAME),
        # The record that was made twice counts less than the session.
        (A, [record(A), record(NAME)], [session(NAME, A)], NAME),
        (A, [record(NAME)], [session(NAME, A), session(A, sid=2)], A),
        (A, [record(NAME, target="iqn.b")], [], A),
        (A, [record(NAME, broken="empty")], [], A),
        (A, [record(B)], [session(B)], A),
        # Redirected: the name leads elsewhere than the connection.
        (B, [], [session(NAME, "10.10.10.7")], B),
        ("10.10.10.7", [], [session(NAME, "10.10.10.7")], "10.10.10.7"),
    ],
)
def test_the_spelling_that_the_host_has_counts(wanted, records, sessions, expected):
    assert hosts([found(wanted)], records, sessions) == [expected]


def test_the_connection_tells_when_the_name_cannot_be_resolved():
    assert hosts([found(A)], [], [session(NAME, A)], {A: (A,)}) == [NAME]
    assert hosts([found(A)], [record(NAME)], [], {A: (A,)}) == [A]
    assert hosts([found(NAME)], [record(A)], [], {}) == [NAME]


def test_another_port_is_another_place():
    assert hosts([found(A, port=3261)], [record(NAME)]) == [A]


def test_one_place_is_there_once():
    assert hosts([found(A), found(NAME), found(OTHER), found(B)]) == [A, OTHER]


def test_the_record_gives_the_address_as_it_spells_it():
    (each,) = respell([found(A)], [record(NAME, address="Array.Example.")], [session(NAME, A)], lambda host: DNS.get(host, ()))
    assert (each.portal, each.address) == (Portal(NAME), "Array.Example.")


def test_no_name_nobody_is_asked():
    assert respell([found(A), found(B)], [record(A)], [session(B)], pytest.fail) == (found(A), found(B))
    assert portals_at([Portal(A)], [record(B)], [session(B)], pytest.fail) == {Portal(A)}


def test_each_host_is_resolved_once():
    asked = []

    def resolve(host):
        asked.append(host)
        return DNS[host]

    respell([found(A), found(B)], [record(NAME), record(OTHER)], [session(NAME, A)], resolve)
    assert sorted(asked) == sorted(set(asked))
    asked.clear()
    portals_at([Portal(A), Portal(B)], [record(NAME), record(OTHER)], [session(NAME, A)], resolve)
    assert sorted(asked) == sorted(set(asked))


def test_portals_at():
    def resolve(host):
        return DNS.get(host, ())

    assert portals_at([Portal(NAME)], [record(A), record(B)], [], resolve) == {Portal(NAME), Portal(A)}
    assert portals_at([Portal(A)], [], [session(NAME, A)], resolve) == {Portal(NAME), Portal(A)}
