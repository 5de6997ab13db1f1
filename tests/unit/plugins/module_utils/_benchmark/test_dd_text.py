# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_text import (
    DdReport,
    complaints,
    parse_dd,
    parse_size,
)
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError

FIXTURES = Path(__file__).parent / "fixtures"
COUNTS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))
REPORTS = st.builds(DdReport, st.integers(0, 1 << 60), st.floats(1e-6, 1e6), COUNTS, COUNTS)


def fixture(name):
    text = (FIXTURES / f"dd-9.1-{name}.txt").read_text()
    # dd puts a carriage return before a progress line, which no editor keeps.
    return "\r" + text if name == "progress" else text


def render(report):
    records = "".join("{}+{} records {}\n".format(*count, way) for count, way in ((report.records_in, "in"), (report.records_out, "out")))
    return f"{records}{report.bytes} bytes (1 MB, 1 MiB) copied, {report.seconds!r} s, 1.0 MB/s\n"


@given(REPORTS)
def test_any_report_is_read_back(report):
    assert parse_dd(render(report)) == report


@pytest.mark.parametrize(("name", "moved"), [("copied", 64 << 20), ("small", 100), ("nothing", 0), ("progress", 60000 << 20)])
def test_what_dd_prints_is_read(name, moved):
    report = parse_dd(fixture(name))
    assert report.bytes == moved
    assert report.seconds > 0


@pytest.mark.parametrize(
    "line",
    [
        "1 byte copied, 2e-05 s, 50 kB/s",
        "231 bytes (231 B) copied, 0.000164855 s, 1.4 MB/s",
        "10485760 bytes transferred in 0.028418 seconds (368981986 bytes/sec)",
        "1021592274 bytes transferred in 480.752682 secs (2124985 bytes/sec)",
    ],
)
def test_other_spellings_are_read(line):
    assert parse_dd(f"1+0 records in\n1+0 records out\n{line}\n").bytes == int(line.split()[0])


def test_of_a_progress_line_only_the_end_counts():
    assert parse_dd("\r5 bytes copied, 1 s, 5 B/s\r8 bytes copied, 2 s, 4 B/s\n" + render(DdReport(9, 3.0, (1, 0), (1, 0)))).bytes == 9


@pytest.mark.parametrize("name", ["full", "missing", "noxfer"])
def test_what_is_no_success_is_an_error(name):
    with pytest.raises(ParseError):
        parse_dd(fixture(name))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "64+0 Datensätze ein\n",
        "1+0 records in\n1+0 records out\n9 bytes copied, 0,5 s, 2 B/s\n",
        "1+0 records in\n1+0 records out\n9 bytes copied, 1.2.3 s, 2 B/s\n",
        render(DdReport(1, 1.0, (1, 0), (1, 0))) * 2,
    ],
)
def test_another_language_or_half_a_report_is_an_error(text):
    with pytest.raises(ParseError):
        parse_dd(text)


LINES = st.sampled_from(["1+0 records in\n", "1+0 records out\n", "9 bytes copied, 0.5 s, 18 B/s\n", "9 bytes copied, 1.2.3 s, 2 B/s\n", "\r", "dd: no\n"])


@given(st.lists(st.one_of(LINES, st.text()), max_size=6).map("".join))
def test_nothing_but_a_parse_error_is_raised(text):
    with contextlib.suppress(ParseError):
        parse_dd(text)


def test_the_words_of_dd_are_found_between_its_numbers():
    assert complaints(fixture("full")) == "dd: error writing '/dev/full': No space left on device"


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("4k", 4096), ("4K", 4096), ("4KiB", 4096), ("4kB", 4000), ("1M", 1 << 20), ("2MB", 2 * 10**6), ("1G", 1 << 30), ("1T", 1 << 40)],
)
def test_sizes_are_those_of_dd(text, size):
    assert parse_size(text, "bs") == size


@given(st.one_of(st.text().filter(lambda text: not text.strip()[:1].isdigit()), st.sampled_from(["0", "0M", "1X", "1.5M", "-1", "1M2", "1e3", "9" * 30])))
def test_what_is_no_size_is_refused_by_name(text):
    with pytest.raises(SanError, match="^bs: "):
        parse_size(text, "bs")
