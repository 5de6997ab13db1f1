# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a device is open, by dmsetup."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_text import parse_open_counts
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def test_open_counts():
    assert parse_open_counts((FIXTURES / "dmsetup-1.02.205-open.txt").read_text(encoding="utf-8")) == {"dm-0": 1, "dm-1": 1}
    assert parse_open_counts("0:2\n1:0\n") == {"dm-0": 2, "dm-1": 0}
    assert parse_open_counts("No devices found\n") == {}
    with pytest.raises(ParseError):
        parse_open_counts("Device does not exist.\n")


@given(st.text())
def test_only_parse_errors(text):
    try:
        parse_open_counts(text)
    except ParseError:
        pass
