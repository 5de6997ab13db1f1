# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning again on a plan's own outcome is empty, from whatever state the maps are in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_choice_plan import Choice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_plan import (
    find_hazards,
    find_lacks,
    plan_absent,
    plan_present,
    unmet_absence,
    unmet_names,
    unmet_told,
)
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_plan import Host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun, LunPath
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import join_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import Binding
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path

POLICIES = ("multibus", "failover")
# Of each LUN: does it have a map, its name, what multipathd calls it, its policy, is the link there, suspended, registered.
lun_states = st.tuples(
    st.booleans(),
    st.sampled_from(["wwid", "alias", "old"]),
    st.sampled_from(["same", "late", "unknown"]),
    st.sampled_from(POLICIES),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def told_map(wwid, name, policy):
    paths = tuple(Path(f"sd{wwid}{side}", dm_state="active", checker_state="ready") for side in "xy")
    groups = (Group(1, paths=paths),) if policy == "multibus" else tuple(Group(number, paths=(path,)) for number, path in enumerate(paths, 1))
    return Map(name, wwid, groups=groups)


def build(states):
    """The Host of some states; the WWID of a LUN is its number."""
    devices, told, links, registered = [], [], {}, set()
    for number, (mapped, name, daemon, policy, linked, suspended, known) in enumerate(states):
        wwid = str(number)
        current = {"wwid": wwid, "alias": f"alias{wwid}", "old": f"old{wwid}"}[name]
        if known:
            registered.add(wwid)
        if mapped:
            devices.append(DmDevice(f"dm-{number}", current, f"mpath-{wwid}", suspended=suspended))
            if linked:
                links[current] = f"dm-{number}"
            if daemon != "unknown":
                told.append(told_map(wwid, "former" if daemon == "late" else current, policy))
    luns = tuple(Lun(str(number), paths=(LunPath(f"sd{number}x"), LunPath(f"sd{number}y"))) for number in range(len(states)))
    return Host(luns=luns, devices=tuple(devices), maps=join_maps(tuple(told), tuple(devices)), links=links, wwids=frozenset(registered))


def outcome(states, choices):
    """Every map as asked, every WWID registered."""
    return build([(True, "alias", "same", choice.texts["path_grouping_policy"], True, False, True) for choice in choices])


@given(st.lists(st.tuples(lun_states, st.sampled_from(POLICIES)), max_size=4))
def test_present_reaches_what_was_asked(cases):
    states = [state for state, policy in cases]
    choices = tuple(Choice(f"alias{number}", str(number), {"path_grouping_policy": policy}) for number, (state, policy) in enumerate(cases))
    host, after = build(states), outcome(states, choices)
    plan = plan_present(choices, host, (), True)
    # multipathd may be late with a new name: nothing is to be done about that.
    as_asked = all(
        mapped and name == "alias" and daemon != "unknown" and current == policy and linked and not suspended
        for (mapped, name, daemon, current, linked, suspended, known), policy in cases
    )
    assert bool(plan.steps) is not as_asked
    assert [step.verb for step in plan.steps].count("reload") == (0 if as_asked else 1)
    assert plan_present(choices, after, (), True).steps == ()
    assert not any(unmet_names(choice, after) or unmet_told(choice, after) for choice in choices)


@given(st.lists(lun_states, max_size=4))
def test_absent_touches_only_maps_that_have_the_alias(states):
    choices = tuple(Choice(f"alias{number}", str(number)) for number in range(len(states)))
    host = build(states)
    named = [number for number, state in enumerate(states) if state[0] and state[1] == "alias"]
    assert [step.verb for step in plan_absent(choices, host, (), True).steps] == (["reload", *["rename"] * len(named)] if named else [])
    after = build([(state[0], "wwid", *state[2:]) for state in states])
    assert plan_absent(choices, after, (), True).steps == ()


def test_a_name_of_the_bindings_file_stays():
    host = build([(True, "alias", "same", "multibus", True, False, True)])
    choice = Choice("alias0", "0")
    assert unmet_absence(choice, host)
    assert unmet_absence(choice, Host(devices=host.devices, bindings=(Binding("alias0", "0"),))) == ()


def test_an_alias_that_is_the_wwid_stays_without_it():
    host = build([(True, "wwid", "same", "multibus", True, False, True)])
    choice = Choice("0", "0")
    assert unmet_absence(choice, host) == ()
    assert plan_absent((choice,), host, (), True).steps == ()
    assert find_lacks([choice], host, False, True, True) == ()


def test_lacks():
    missing = Choice("a", None, missing="no LUN matches")
    assert len(find_lacks([missing], Host(), True, True, False)) == 1
    assert find_lacks([missing], Host(), False, True, True) == ()
    assert "multipathd does not run" in find_lacks([], Host(), False, True, False)[0]
    assert find_lacks([], Host(), False, False, False) == ()


def test_queueing_that_nothing_limits_is_told():
    told = (Map("a", "0", features="1 queue_if_no_path"), Map("b", "1", features="1 queue_if_no_path", queueing="12 chk"))
    host = Host(maps=join_maps(told, ()))
    assert ["a: queues" in said for said in find_hazards([Choice("a", "0"), Choice("b", "1")], host)] == [True]
