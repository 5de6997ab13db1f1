# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that multipathd knows, also those in no map."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.paths_text import parse_paths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Path

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def test_paths():
    text = "sda|active|ready|running|mpatha\nsdd|active|i/o pending|running|data | lun\nsdz|undef|undef|unknown|[orphan]\nsdy|undef|ready|running|[orphan]\n"
    assert parse_paths(text) == (
        Path("sda", None, "active", "running", "ready"),
        Path("sdd", None, "active", "running", "i/o pending"),
        Path("sdz", None, "orphan", "unknown", "undef"),
        Path("sdy", None, "orphan", "running", "ready"),
    )
    assert parse_paths("") == ()


def test_multipathd_of_debian_13():
    """Captured with two LUNs in maps, and two that find_multipaths strict leaves alone."""
    told = {path.name: path for path in parse_paths((FIXTURES / "multipathd-0.11.1-show_paths.txt").read_text())}
    assert {name for name, path in told.items() if path.dm_state == "orphan"} == {"sdg", "sdh", "sdi", "sdj"}
    assert all(told[name].up for name in ("sdc", "sdd", "sde", "sdf"))


@pytest.mark.parametrize("text", ["timeout\n", "fail\n", "sda|active|ready\n", "|active|ready|running|x\n"])
def test_no_paths(text):
    with pytest.raises(ParseError, match="its paths cannot be understood"):
        parse_paths(text)


@given(st.text())
def test_other_text_raises_nothing_else(text):
    try:
        assert isinstance(parse_paths(text), tuple)
    except ParseError as error:
        assert "show paths" in str(error)
