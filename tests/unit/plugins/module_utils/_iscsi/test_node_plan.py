# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps between what a host has and what it should have."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import NodeRecord
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH, NR_SESSIONS, Wanted, plan_discovery, plan_nodes, plan_session
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import LOGGED_IN, Login, Session
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

IQN = "iqn.2004-08.com.qsantechnology:dev0.ctr1"
PORTAL = Portal("10.10.10.100")
NODE = Node(IQN, PORTAL, "default", PORTAL.host, 1)
CHAP = {AUTH + "authmethod": "CHAP", AUTH + "username": "host", AUTH + "password": Secret("SECRET-VALUE")}
NO_CHAP = {AUTH + "authmethod": "None", AUTH + "username": None, AUTH + "password": None, AUTH + "username_in": None, AUTH + "password_in": None}


def record(node=NODE, broken=None, **values):
    return NodeRecord(node.target, node.portal, node.iface, node.address, node.tpgt, f"/records/{node.key}/{node.tpgt}", dict(values), broken)


def session(node=NODE, sid=1, state=LOGGED_IN, login=Login()):
    return Session(sid, node.target, node.portal, node.portal, node.tpgt, node.iface, state, 120, login=login)


def outcome(steps, records, sessions):
    """The host after the steps."""
    records, sessions = list(records), list(sessions)
    for step in steps:
        if step.verb in ("delete", "retire"):
            records.remove(step.args)
        elif step.verb == "create":
            node, values, like = step.args
            values = {**(like.values if like else {}), **values}
            made = record(node, **{key: value for key, value in values.items() if value is not None})
            records = [*(each for each in records if each.path != made.path), made]
        elif step.verb == "update":
            old, changes = step.args
            records[records.index(old)] = dataclasses.replace(old, values={k: v for k, v in {**old.values, **changes}.items() if v is not None})
        elif step.verb in ("logout", "relogin"):
            sessions.remove(step.args if step.verb == "logout" else step.args[1])
        if step.verb in ("login", "relogin"):
            node = step.args if step.verb == "login" else step.args[0]
            mine = next(each for each in records if each.key == node.key)
            login = Login(*(mine.values.get(AUTH + name) for name in ("username", "password", "username_in", "password_in")))
            count = int(mine.values.get(NR_SESSIONS, 1)) - sum(each.key == node.key for each in sessions)
            sessions.extend(session(node, sid=100 + len(sessions), login=login) for number in range(count))
    return records, sessions


def verbs(wanted, records=(), sessions=()):
    return [step.verb for step in plan_nodes(wanted, records, sessions)]


def test_a_fresh_host_gets_record_and_session():
    assert verbs(Wanted("connected", (NODE,))) == ["create", "login"]
    assert verbs(Wanted("present", (NODE,))) == ["create"]


def test_connected_is_connected():
    assert verbs(Wanted("connected", (NODE,)), [record()], [session()]) == []


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(NODE, target=IQN + "0"),
        dataclasses.replace(NODE, portal=Portal(PORTAL.host, 326)),
        dataclasses.replace(NODE, portal=Portal("10.10.10.10"), address="10.10.10.10"),
        dataclasses.replace(NODE, iface="fabric-a"),
    ],
    ids=["target", "port", "address", "iface"],
)
def test_another_session_is_not_this_one(other):
    assert verbs(Wanted("connected", (NODE,)), [record(other)], [session(other)]) == ["create", "login"]


def test_a_session_in_recovery_is_not_logged_in_twice():
    assert verbs(Wanted("connected", (NODE,)), [record()], [session(state="FAILED")]) == []


def test_more_sessions_per_portal():
    assert verbs(Wanted("connected", (NODE,), values={NR_SESSIONS: "2"}), [record()], [session()]) == ["update", "login"]


def test_only_differing_keys_change():
    values = {"node.startup": "automatic", "node.session.timeo.replacement_timeout": "30"}
    (step,) = plan_nodes(Wanted("present", (NODE,), values=values), [record(**{**values, "node.startup": "manual"})], [])
    assert step.args[1] == {"node.startup": "automatic"}
    assert (step.before, step.after) == ("node.startup=manual", "node.startup=automatic")


def test_no_secret_in_a_step():
    steps = plan_nodes(Wanted("connected", (NODE,), values=CHAP), [record(**{AUTH + "password": Secret("OLD-VALUE")})], [session()])
    steps += plan_nodes(Wanted("connected", (NODE,), values=CHAP), [], [])
    assert {"update", "relogin", "create", "login"} == {step.verb for step in steps}
    assert not any(word in repr(step) for step in steps for word in ("SECRET-VALUE", "OLD-VALUE"))


def test_a_killed_run_has_updated_but_not_relogged():
    chap = record(**CHAP)
    assert verbs(Wanted("connected", (NODE,), values=CHAP), [chap], [session(login=Login("host", Secret("OLD-VALUE")))]) == ["relogin"]
    assert verbs(Wanted("connected", (NODE,), values=CHAP), [chap], [session(login=Login("host", Secret("SECRET-VALUE")))]) == []
    assert verbs(Wanted("connected", (NODE,)), [chap], [session()]) == []


def test_chap_taken_away_leaves_no_name():
    have = ([record(**CHAP)], [session(login=Login("host", Secret("SECRET-VALUE")))])
    records, sessions = outcome(plan_nodes(Wanted("connected", (NODE,), values=NO_CHAP), *have), *have)
    assert records[0].values == {AUTH + "authmethod": "None"}
    assert sessions[0].login == Login()


def test_a_broken_record_is_made_anew():
    steps = plan_nodes(Wanted("connected", (NODE,)), [record(broken="empty")], [session()])
    assert [step.verb for step in steps] == ["delete", "create"]
    assert steps[0].before == "empty"


def test_a_record_that_says_another_place_keeps_its_values():
    old = record(broken="node.name is iqn.b in it", **CHAP)
    (made,) = plan_nodes(Wanted("present", (NODE,)), [old], [])
    assert (made.verb, made.before, made.after, made.args) == ("create", old.broken, "with its old values", (NODE, {}, old))
    moved = dataclasses.replace(NODE, tpgt=2)
    assert [(step.verb, step.subject[-5:]) for step in plan_nodes(Wanted("present", (moved,), partial=True), [old], [])] == [
        ("create", ":3260"),
        ("retire", ":3260"),
    ]
    assert [step.args for step in plan_nodes(Wanted("present", (NODE,)), [record(), dataclasses.replace(old, path="/other")], [])] == [
        dataclasses.replace(old, path="/other")
    ]


def test_another_portal_group_is_another_record():
    moved = dataclasses.replace(NODE, tpgt=2)
    old = record(**{"node.session.auth.username": "host", "node.session.auth.password": Secret("SECRET-VALUE")})
    (made, retired) = plan_nodes(Wanted("connected", (moved,), values={"node.startup": "manual"}), [old], [session()])
    assert ((made.verb, made.after), made.args) == (("create", "node.startup=manual, as in portal group 1"), (moved, {"node.startup": "manual"}, old))
    assert (retired.verb, retired.args) == ("retire", old)
    # Another portal may advertise the group of the record.
    assert verbs(Wanted("connected", (moved,), partial=True), [old], [session()]) == ["create"]
    assert verbs(Wanted("connected", (dataclasses.replace(NODE, tpgt=None),)), [record()], [session()]) == []
    assert verbs(Wanted("connected", (NODE,)), [record(dataclasses.replace(NODE, tpgt=None))], [session()]) == []


def test_exclusive_takes_the_others_away_first():
    other = dataclasses.replace(NODE, target="iqn.other")
    have = ([record(), record(other)], [session(), session(other, sid=2)])
    assert verbs(Wanted("connected", (NODE,)), *have) == []
    assert verbs(Wanted("connected", (NODE,), exclusive=True), *have) == ["logout", "delete"]
    moved = dataclasses.replace(NODE, iface="new")
    assert verbs(Wanted("connected", (moved,), exclusive=True), [record()], [session()]) == ["logout", "delete", "create", "login"]


def test_taking_away():
    have = ([record()], [session(), session(sid=2)])
    assert verbs(Wanted("disconnected", keys=frozenset([NODE.key])), *have) == ["logout", "logout"]
    assert verbs(Wanted("absent", keys=frozenset([NODE.key])), *have) == ["logout", "logout", "delete"]
    assert verbs(Wanted("absent", keys=frozenset()), *have) == []
    assert [step.args.sid for step in plan_session(2, have[1])] == [2]
    assert plan_session(3, have[1]) == ()


def test_a_portal_in_two_groups_keeps_both_records():
    twice = dataclasses.replace(NODE, others=(2,))
    both = [record(), record(dataclasses.replace(NODE, tpgt=2))]
    assert verbs(Wanted("connected", (twice,)), both, [session()]) == []
    assert verbs(Wanted("connected", (twice,), values={"node.startup": "manual"}), both, [session()]) == ["update", "update"]
    stale = record(dataclasses.replace(NODE, tpgt=3))
    (gone,) = plan_nodes(Wanted("connected", (twice,)), [*both, stale], [session()])
    assert (gone.verb, gone.args) == ("retire", stale)


def test_a_record_without_a_group_gives_way_to_one_with():
    loose = record(dataclasses.replace(NODE, tpgt=None))
    (gone,) = plan_nodes(Wanted("present", (NODE,)), [loose, record()], [])
    assert (gone.verb, gone.args) == ("retire", loose)
    assert verbs(Wanted("present", (NODE,)), [loose]) == []


@pytest.mark.parametrize("text, logins", [("2", 1), ("1", 0), ("many", 0)])
def test_as_many_sessions_as_the_record_says(text, logins):
    (have,) = [record(**{NR_SESSIONS: text})]
    assert verbs(Wanted("connected", (NODE,)), [have], [session()]) == ["login"] * logins


def test_rescan_only_what_is_meant():
    other = dataclasses.replace(NODE, target="iqn.other")
    steps = plan_nodes(Wanted("connected", (NODE,), rescan=True), [record(), record(other)], [session(), session(other, sid=2)])
    assert [(step.verb, step.args.sid) for step in steps] == [("rescan", 1)]


def test_discovery_record():
    values = {"discovery.sendtargets.auth.authmethod": "CHAP", "discovery.sendtargets.auth.password": Secret("SECRET-VALUE")}
    name = str(PORTAL)
    (made,) = plan_discovery(name, "sendtargets", values, None)
    assert (made.verb, "SECRET-VALUE" in repr(made)) == ("create", False)
    assert plan_discovery(name, "sendtargets", {}, None) == ()


nodes = st.builds(
    lambda target, last, iface, tags: Node(target, Portal(f"10.0.0.{last}"), iface, f"10.0.0.{last}", *tags),
    st.sampled_from(["iqn.a", "iqn.b"]),
    st.integers(1, 3),
    st.sampled_from(["default", "eth1"]),
    st.sampled_from([(None,), (1,), (2,), (1, (2,))]),
)
unique_nodes = st.lists(nodes, unique_by=lambda node: node.key, max_size=6).map(tuple)
some_values = st.fixed_dictionaries(
    {},
    optional={
        "node.startup": st.sampled_from(["manual", "automatic"]),
        AUTH + "username": st.sampled_from([None, "a", "b"]),
        AUTH + "password": st.sampled_from([None, Secret("a"), Secret("b")]),
        NR_SESSIONS: st.sampled_from(["1", "2"]),
    },
)
logins = st.builds(Login, st.sampled_from([None, "a"]), st.sampled_from([None, Secret("a")]))
records = st.lists(
    st.tuples(nodes, some_values, st.sampled_from([None, None, "empty", "elsewhere"])), unique_by=lambda each: (each[0].key, each[0].tpgt), max_size=6
).map(
    lambda all_of: [
        record(node, broken, **({} if broken == "empty" else {k: v for k, v in values.items() if v is not None})) for node, values, broken in all_of
    ]
)
sessions = st.lists(st.tuples(nodes, logins), max_size=6, unique_by=lambda each: each[0].key).map(
    lambda all_of: [session(node, sid=sid, login=login) for sid, (node, login) in enumerate(all_of)]
)
wishes = st.builds(
    lambda state, chosen, values, exclusive: Wanted(state, chosen, frozenset(node.key for node in chosen), values, exclusive),
    st.sampled_from(["connected", "present", "disconnected", "absent"]),
    unique_nodes,
    some_values,
    st.booleans(),
)


def test_a_portal_that_moved_to_another_group_keeps_its_number_of_sessions():
    moved = record(dataclasses.replace(NODE, tpgt=2), **{NR_SESSIONS: "2"})
    assert verbs(Wanted("connected", (NODE,)), [moved], [session()]) == ["create", "retire", "login"]


@given(wishes, records, sessions)
def test_planning_again_on_the_outcome_is_empty(wanted, have_records, have_sessions):
    after = outcome(plan_nodes(wanted, have_records, have_sessions), have_records, have_sessions)
    assert plan_nodes(wanted, *after) == ()


@given(wishes, records, sessions)
def test_the_outcome_is_what_was_asked(wanted, have_records, have_sessions):
    left_records, left_sessions = outcome(plan_nodes(wanted, have_records, have_sessions), have_records, have_sessions)
    up = {each.key for each in left_sessions}
    if wanted.state == "connected":
        assert {node.key for node in wanted.nodes} <= up
    if wanted.state in ("disconnected", "absent"):
        assert not up & wanted.keys
        assert {each.key for each in have_sessions} - wanted.keys == up


@given(wishes, records, sessions)
def test_never_a_login_that_was_not_asked(wanted, have_records, have_sessions):
    steps = plan_nodes(wanted, have_records, have_sessions)
    keys = {step.args.key for step in steps if step.verb == "login"} | {step.args[0].key for step in steps if step.verb == "relogin"}
    assert keys <= {node.key for node in wanted.nodes}
