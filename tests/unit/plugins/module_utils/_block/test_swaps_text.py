# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.swaps_text import Swap, parse_swaps
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def test_partitions_and_files_are_told_apart():
    text = HEADER + "/dev/dm-1                               partition\t2097148\t\t0\t\t-2\n/swap\\040file file\t\t1048572\t\t12\t\t-3\n"
    assert parse_swaps(text) == (Swap("/dev/dm-1", "partition"), Swap("/swap file", "file"))


@pytest.mark.parametrize("name", [r"/dev/dm-1\040(deleted)", "/dev/dm-1 (deleted)"])
def test_a_device_whose_node_was_removed_is_still_swapped_to(name):
    assert parse_swaps(HEADER + name + " partition 8 0 -2\n") == (Swap("/dev/dm-1", "partition"),)


def test_no_swap_is_no_swap():
    assert parse_swaps(HEADER) == ()


def test_the_table_of_this_host_is_read():
    text = Path("/proc/swaps").read_text(encoding="utf-8")
    assert len(parse_swaps(text)) == len(text.splitlines()) - 1


@given(st.text())
def test_anything_else_is_a_parse_error(text):
    with pytest.raises(ParseError):
        parse_swaps("x" + text)


@pytest.mark.parametrize("line", ["/dev/sda", "/dev/sda moon 1 2 3"])
def test_an_unknown_line_is_an_error_with_its_number(line):
    with pytest.raises(ParseError, match="line 2"):
        parse_swaps(HEADER + line)
