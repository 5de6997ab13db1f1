# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.iostat_text import (
    Sample,
    closes_json,
    parse_iostat,
)
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

FIXTURES = Path(__file__).parent / "fixtures"
RATES = st.floats(0, 1e9)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True).filter(lambda name: name != "device")
KIB, MIB = 1 << 10, 1 << 20


def fixture(name, version="12.6"):
    return (FIXTURES / f"iostat-{version}-{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "version"), [("json", "12.6"), ("json-interrupted", "12.6"), ("table", "12.6"), ("table-mb", "12.6"), ("table", "11.7")])
def test_two_reports_are_two_samples(name, version):
    assert [(each.report, each.device) for each in parse_iostat(fixture(name, version))] == [(0, "vda"), (1, "vda")]


def test_a_table_that_was_cut_off_within_a_line():
    whole, text = parse_iostat(fixture("table", "11.7")), fixture("table", "11.7").rstrip("\n")
    assert parse_iostat(text[:-20]) == whole[:1]


def test_json_that_is_not_closed_is_an_error_and_not_asked_for():
    with pytest.raises(ParseError):
        parse_iostat(fixture("json-interrupted", "11.7"))
    assert not closes_json(fixture("version", "11.7"))


def test_an_iostat_that_ended_before_its_first_interval_has_no_samples():
    assert [each for each in parse_iostat(fixture("json-too-short")) if each.report] == []


@pytest.mark.parametrize("name", ["json-killed", "extended", "human"])
def test_another_format_or_half_a_report_is_an_error(name):
    with pytest.raises(ParseError):
        parse_iostat(fixture(name))


@given(st.lists(st.lists(st.tuples(NAMES, RATES, RATES, RATES)), max_size=4), st.sampled_from([("kB", KIB), ("MB", MIB)]))
def test_json_is_read_back(reports, unit):
    name, size = unit
    rows = [
        {"disk": [{"disk_device": d, "tps": t, f"{name}_read/s": r, f"{name}_wrtn/s": w, f"{name}_dscd/s": 0.0} for d, t, r, w in each]} for each in reports
    ]
    text = json.dumps({"sysstat": {"hosts": [{"nodename": "host", "statistics": rows}]}})
    assert parse_iostat(text) == tuple(Sample(number, d, t, r * size, w * size) for number, each in enumerate(reports) for d, t, r, w in each)


@given(st.lists(st.lists(st.tuples(NAMES, RATES, RATES, RATES)), max_size=4), st.sampled_from(["Device", "Device:"]))
def test_a_table_is_read_back(reports, heading):
    text = "Linux 6.12 (host) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n"
    for each in reports:
        text += f"{heading}  tps  kB_read/s  kB_wrtn/s\n" + "".join(f"{d}  {t!r}  {r!r}  {w!r}\n" for d, t, r, w in each) + "\n\n"
    assert parse_iostat(text) == tuple(Sample(number, d, t, r * KIB, w * KIB) for number, each in enumerate(reports) for d, t, r, w in each)


@given(
    st.one_of(
        st.text(), st.text().map("{".__add__), st.recursive(st.none() | st.text() | st.floats(), st.lists).map(lambda value: json.dumps({"sysstat": value}))
    )
)
def test_nothing_but_a_parse_error_is_raised(text):
    with pytest.raises(ParseError):
        parse_iostat(text)


@pytest.mark.parametrize(
    ("number", "closes"),
    [("10.1.5", False), ("11.2.1.1", False), ("12.0.3", False), ("12.0.4", True), ("12.1.1", False), ("12.1.3", False), ("12.1.4", True), ("12.7.9", True)],
)
def test_closed_json_came_with_a_version(number, closes):
    assert closes_json(f"sysstat version {number}\n") is closes


def test_another_program_has_no_json():
    assert closes_json(fixture("version")) and not closes_json("busybox")
