# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dmsetup prints of multipath maps."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.table_text import (
    Table,
    TableGroup,
    TableStatus,
    parse_statuses,
    parse_tables,
)

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
names = st.from_regex(r"[A-Za-z0-9+.:=@_-]{1,12}", fullmatch=True)
devices = st.from_regex(r"[0-9]{1,3}:[0-9]{1,5}", fullmatch=True)


def counted(words):
    return st.lists(st.sampled_from(words), max_size=3).map(lambda chosen: " ".join([str(len(chosen)), *chosen]))


selectors = st.tuples(st.sampled_from(["round-robin", "service-time", "historical-service-time"]), counted(["0", "7"])).map(" ".join)
groups = st.builds(TableGroup, selectors, st.lists(devices, max_size=3).map(tuple))
tables = st.builds(Table, names, counted(["queue_if_no_path", "retain_attached_hw_handler"]), counted(["alua", "emc"]), st.lists(groups, max_size=3).map(tuple))


def print_table(table):
    """As dm-mpath.c does: each path with one argument, its repeat count."""
    shown = (f"{group.selector} {len(group.devices)} 1 " + "".join(f"{device} 1 " for device in group.devices) for group in table.groups)
    return f"{table.name}: 0 2048 multipath {table.features} {table.hwhandler} {len(table.groups)} 1 {''.join(shown)}\n"


@given(st.lists(tables, max_size=3).map(tuple))
def test_tables(told):
    assert parse_tables("".join(map(print_table, told))) == told


@given(st.text())
def test_other_text_raises_nothing_else(text):
    for parse in (parse_tables, parse_statuses):
        try:
            parse(text)
        except ParseError as error:
            assert "dmsetup" in str(error)


@pytest.mark.parametrize("parse", [parse_tables, parse_statuses])
def test_nothing(parse):
    assert parse("No devices found\n") == parse("") == parse("suspended-and-empty: \n") == ()


def test_dmsetup_of_debian_13():
    """Captured: two maps of two paths in one group, each with a file system mounted."""
    told = {name: (FIXTURES / f"dmsetup-1.02.205-{name}.txt").read_text() for name in ("table", "status")}
    assert [(table.name, table.features, table.hwhandler, table.queues) for table in parse_tables(told["table"])] == [
        ("files", "1 queue_if_no_path", "1 alua", True),
        ("qsan", "1 queue_if_no_path", "1 alua", True),
    ]
    assert parse_tables(told["table"])[0].groups == (TableGroup("service-time 0", ("8:64", "8:80")),)
    assert parse_statuses(told["status"])[0] == TableStatus("files", ("active",), {"8:64": "active", "8:80": "active"})


def test_status():
    text = "qsan: 0 1048576 multipath 2 0 0 1 1 2 1 A 0 2 0 8:0 A 0 8:48 F 3 E 0 1 2 8:16 A 0 0 1 \n"
    assert parse_statuses(text) == (TableStatus("qsan", ("active", "enabled"), {"8:0": "active", "8:48": "failed", "8:16": "active"}),)


@pytest.mark.parametrize(
    "text", ["qsan: 0 8 multipath 1", "qsan: 0 8 multipath 0 0 1 1 round-robin 0 2 1 8:0 1", "qsan: 0 8 linear 8:0 0", "qsan: 0 8 multipath x"]
)
def test_a_cut_line_is_an_error(text):
    with pytest.raises(ParseError):
        parse_tables(text)
