# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.udev_text import parse_udev
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

KEYS = st.from_regex(r"[A-Z_]{1,12}", fullmatch=True)
VALUES = st.text(st.characters(blacklist_characters="\n\0", blacklist_categories=("Cs",)), max_size=20)


@given(st.dictionaries(KEYS, VALUES))
def test_properties_are_read_back(properties):
    lines = "".join(f"E:{key}={value}\n" for key, value in properties.items())
    assert parse_udev(f"S:disk/by-path/x\nL:10\nI:7654321\n{lines}G:systemd\nQ:systemd\nV:1\n") == properties


@given(st.text())
def test_anything_else_is_a_parse_error_or_has_no_properties(text):
    try:
        properties = parse_udev(text)
    except ParseError:
        return
    assert bool(properties) == any(line.startswith("E:") for line in text.split("\n"))


@pytest.mark.parametrize("text", ["E:ID_SERIAL\n", "E:=x\n", "ID_SERIAL=x\n"])
def test_an_unknown_line_is_an_error_with_its_number(text):
    with pytest.raises(ParseError, match="line 1"):
        parse_udev(text)
