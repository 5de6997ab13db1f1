# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology as multipathd prints it: one key per line, nothing escaped."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path, parse_topology

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
MAP_KEYS = (
    ("name", "name"),
    ("uuid", "wwid"),
    ("sysfs", "dm"),
    ("failback", "failback"),
    ("queueing", "queueing"),
    ("write_prot", "write_protect"),
    ("dm_st", "state"),
    ("features", "features"),
    ("hwhandler", "hwhandler"),
    ("vend", "vendor"),
    ("prod", "product"),
    ("rev", "revision"),
)
PATH_KEYS = (
    ("dev", "name"),
    ("dev_t", "dev_t"),
    ("dm_st", "dm_state"),
    ("dev_st", "device_state"),
    ("chk_st", "checker_state"),
    ("checker", "checker"),
    ("target_wwnn", "target"),
    ("host_adapter", "host_adapter"),
    ("lun_hex", "lun_hex"),
)
# What a release says where it knows nothing, by key.
UNKNOWN = {"vend": "##", "prod": "##", "rev": "##", "queueing": "-", "failback": "undef", "checker": "(null)"}


def fields(record, keys, indent):
    values = ((key, getattr(record, field)) for key, field in keys)
    return "".join(f'{indent}"{key}" : "{UNKNOWN.get(key, "[undef]") if value is None else value}",\n' for key, value in values)


def print_path(path):
    marginal = "marginal" if path.marginal else "normal"
    return f'{{\n{fields(path, PATH_KEYS, " " * 12)}            "pri" : {path.priority},\n            "marginal_st" : "{marginal}"\n         }}'


def print_group(group):
    marginal = "marginal" if group.marginal else "normal"
    paths = ",".join(map(print_path, group.paths))
    return (
        f'{{\n         "selector" : "{group.selector}",\n         "pri" : {group.priority},\n         "dm_st" : "{group.state}",\n'
        f'         "marginal_st" : "{marginal}",\n         "group" : {group.number},\n         "paths": [{paths}]\n      }}'
    )


def print_map(item):
    groups = ",".join(map(print_group, item.groups))
    return f'{{\n{fields(item, MAP_KEYS, " " * 6)}      "path_faults" : {item.path_faults},\n      "path_groups": [{groups}]\n   }}'


def print_topology(maps):
    """The inverse of parse_topology, in the layout of libmultipath/print.c."""
    return f'{{\n   "major_version": 0,\n   "minor_version": 1,\n   "maps": [{",".join(map(print_map, maps))}]\n}}\n'


# All that can be in a name or an INQUIRY string, quotes and backslashes above all; blanks at the ends are cut.
words = st.text(st.one_of(st.sampled_from('"\\ ,:{}[]'), st.characters(exclude_characters="\n\r", exclude_categories=("Cs",))), min_size=1).filter(
    lambda text: text == text.strip() and text not in ("", "-", "##", "[undef]", "undef", "(null)")
)
maybe = st.one_of(st.none(), words)
numbers = st.integers(-1, 100)
paths = st.builds(Path, words, maybe, words, words, words, maybe, numbers, maybe, maybe, st.one_of(st.none(), st.just("0x0001000000000000")), st.booleans())


def numbered(groups):
    return tuple(Group(number, group.selector, group.priority, group.state, group.marginal, group.paths) for number, group in enumerate(groups, 1))


groups = st.builds(Group, st.just(1), words, numbers, words, st.booleans(), st.lists(paths, max_size=3).map(tuple))
maps = st.builds(Map, words, words, *([maybe] * 8), maybe, words, st.integers(0, 9), st.lists(groups, max_size=3).map(numbered))


@given(st.lists(maps, max_size=3).map(tuple))
def test_what_is_printed_is_read(told):
    assert parse_topology(print_topology(told)) == told


@given(st.lists(maps, min_size=1, max_size=2), st.data())
def test_a_cut_answer_is_an_error(told, data):
    text = print_topology(told).rstrip("\n")
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ParseError, match=f"answered {cut} characters"):
        parse_topology(text[:cut])


@given(st.text())
def test_other_text_raises_nothing_else(text):
    try:
        assert isinstance(parse_topology(text), tuple)
    except ParseError as error:
        assert "multipathd show maps json" in str(error)


@pytest.mark.parametrize(
    "text",
    ["", "timeout\n", "fail\n", "[]", "{}", '{"maps": {}}', '{"maps": [1]}', '{"maps": [{"name": "a"}]}', '{"map": {"name": "", "uuid": "3"}}', "[" * 100000],
)
def test_no_topology(text):
    with pytest.raises(ParseError):
        parse_topology(text)


def test_an_older_release_tells_less():
    text = '{\n"major_version": 0,\n"map":{\n"name" : "a",\n"uuid" : "3",\n"path_groups": [{\n"paths": [{\n"dev" : "sdb"\n}]\n}]\n}\n}\n'
    assert parse_topology(text) == (Map("a", "3", groups=(Group(1, paths=(Path("sdb"),)),)),)


@pytest.mark.parametrize(
    ("dm_state", "checker_state", "usable"),
    [
        ("active", "ready", True),
        ("active", "ghost", True),
        ("failed", "ready", False),
        ("active", "faulty", False),
        ("active", "i/o pending", False),
        ("active", "a state of tomorrow", False),
        ("undef", "undef", False),
    ],
)
def test_states(dm_state, checker_state, usable):
    path = Path("sdb", "8:16", dm_state, "running", checker_state, priority=1)
    told = (Map("a", "3", path_faults=0, groups=(Group(1, "service-time 0", 1, "active", paths=(path,)),)),)
    assert parse_topology(print_topology(told))[0].paths[0].checker_state == checker_state
    assert told[0].paths[0].usable is usable


def test_multipathd_of_debian_13():
    """Captured with two LUNs of LIO behind two targets, one multibus and one failover."""
    text = (FIXTURES / "multipathd-0.11.1-show_maps.json").read_text()
    told = {item.name: item for item in parse_topology(text)}
    assert {name: [[path.name for path in group.paths] for group in item.groups] for name, item in told.items()} == {
        "data": [["sda", "sdd"]],
        "mpatha": [["sdb"], ["sdc"]],
    }
    assert all(path.usable and path.target.startswith("iqn.2004-08.com.qsantechnology:") for item in told.values() for path in item.paths)
    assert (told["data"].vendor, told["data"].product, told["data"].hwhandler) == ("Qsan", "P600Q-D316", "1 alua")
