# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning again on a plan's own outcome is empty, and no plan makes a map smaller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_plan import Host, Naming
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun, LunPath
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import join_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_state_plan import (
    Target,
    choose_map,
    plan_absent,
    plan_present,
    plan_resized,
    unmet_present,
)
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import Binding
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Map

TARGET = Target("qsan", "3a")
PATHS = ("sdb", "sdc", "sdd")
sizes = st.integers(0, 3)


def host_of(slaves, size=1, suspended=False, known=True, registered=True, linked=True):
    """A host with one LUN over PATHS. slaves: the paths of its map, None without a map."""
    devices = () if slaves is None else (DmDevice("dm-0", "qsan", "mpath-3a", size, suspended, slaves=slaves),)
    told = (Map("qsan", "3a"),) if known and slaves is not None else ()
    return Host(
        luns=(Lun("3a", san=True, paths=tuple(LunPath(name, size=1) for name in PATHS)),),
        devices=devices,
        maps=join_maps(told, devices),
        links={"qsan": "dm-0"} if linked and devices else {},
        wwids=frozenset({"3a"} if registered else ()),
    )


@given(st.one_of(st.none(), st.lists(st.sampled_from(PATHS), unique=True).map(tuple)), st.booleans(), st.booleans(), st.booleans())
def test_present_is_reached(slaves, suspended, known, registered):
    host = host_of(slaves, suspended=suspended, known=known, registered=registered)
    steps = plan_present(TARGET, host).steps
    assert bool(steps) is bool(unmet_present(TARGET, host))
    after = host_of(PATHS)
    assert (plan_present(TARGET, after).steps, unmet_present(TARGET, after)) == ((), ())


def test_a_link_that_is_late_is_waited_for():
    assert unmet_present(TARGET, host_of(PATHS, linked=False)) == ("qsan: /dev/mapper/qsan is not there",)


@given(sizes, st.dictionaries(st.sampled_from(PATHS), st.tuples(sizes, sizes), min_size=1))
def test_resized_is_reached_or_refused(size, paths):
    """paths: name -> what the array says, what the kernel knows."""
    array = {name: told for name, (told, known) in paths.items()}
    known = {name: known for name, (told, known) in paths.items()}
    possible = len(set(array.values())) == 1 and min(array.values()) >= max(size, 1)
    host = host_of(tuple(paths), size)
    if not possible:
        with pytest.raises(SanError, match="Nothing was changed"):
            plan_resized(TARGET, host, array, known)
        return
    plan = plan_resized(TARGET, host, array, known)
    assert [step.args for step in plan.steps if step.verb == "rescan"] == [name for name in array if array[name] != known[name]]
    assert bool(plan.changes) is any(step.verb == "resize" for step in plan.steps) is (size != min(array.values()))
    assert plan_resized(TARGET, host_of(tuple(paths), min(array.values())), array, array).steps == ()


def test_absent_is_reached():
    assert [step.verb for step in plan_absent(TARGET, host_of(PATHS), ()).steps] == ["flush"]
    assert plan_absent(TARGET, host_of(None), ()).steps == ()
    with pytest.raises(SanError, match="mounted on /mnt"):
        plan_absent(TARGET, host_of(PATHS), ("mounted on /mnt",))


@pytest.mark.parametrize(
    ("name", "wwid", "target"),
    [
        ("qsan", None, Target("qsan", "3a")),
        ("data", None, Target("data", "3b")),
        ("mpathc", None, Target("mpathc", "3c")),
        ("3a", None, Target("3a", "3a")),
        ("nobody", None, Target("nobody", None)),
        (None, "3a", Target("qsan", "3a")),
        (None, "3b", Target("data", "3b")),
        (None, "3z", Target("3z", "3z")),
    ],
)
def test_which_map_is_meant(name, wwid, target):
    known = host_of(PATHS)
    host = Host(luns=known.luns, devices=known.devices, namings=(Naming("3b", "data", "a.conf"),), bindings=(Binding("mpathc", "3c"),))
    assert choose_map(name, wwid, host, "present") == target


@pytest.mark.parametrize("name", ["mpatha", "data"])
@pytest.mark.parametrize("state", ["absent", "resized"])
def test_a_map_that_is_there_is_named_as_it_is_called(name, state):
    known = host_of(PATHS)
    host = Host(luns=known.luns, devices=known.devices, namings=(Naming("3a", "data", "a.conf"),), bindings=(Binding("mpatha", "3a"),))
    assert choose_map(name, None, host, "present") == Target(name, "3a")
    with pytest.raises(SanError, match=f"{name}: is no map, but another name of 3a, whose map is qsan"):
        choose_map(name, None, host, state)
    assert choose_map("3a", None, host, state) == Target("3a", "3a")
    gone = Host(luns=known.luns, namings=host.namings, bindings=host.bindings)
    assert choose_map(name, None, gone, state) == Target(name, "3a")


@pytest.mark.parametrize(("name", "wwid", "option"), [("", None, "name"), (None, "", "wwid")])
def test_an_empty_name_is_refused(name, wwid, option):
    with pytest.raises(SanError, match=f"{option}: is empty"):
        choose_map(name, wwid, host_of(PATHS), "present")
