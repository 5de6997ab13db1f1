# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bindings and wwids files, and what can be an alias."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import (
    LONGEST_NAME,
    Binding,
    alias_problem,
    parse_bindings,
    parse_crypttab,
    parse_fstab_devices,
    parse_wwids,
)

WWID = "36001405c0ffee0000000000000000001"


def test_bindings():
    text = f"# Multipath bindings, Version : 1.0\n#\nmpatha {WWID}\n\nmpathb\t3600 extra # said by hand\nalone\n#mpathc 3601\n"
    assert parse_bindings(text, "/b") == (Binding("mpatha", WWID, "/b"), Binding("mpathb", "3600", "/b"))


def test_wwids():
    assert parse_wwids(f"# Multipath wwids, Version : 1.0\n#\n/{WWID}/\n #/3600/\n/cut") == {WWID}


def test_fstab():
    assert parse_fstab_devices("# /dev/sda /\n\n/dev/mapper/qsan /mnt ext4 _netdev 0 0\n  UUID=1 / ext4\n") == {"/dev/mapper/qsan", "UUID=1"}


def test_crypttab():
    assert parse_crypttab("# name device\nsecret /dev/mapper/qsan none luks\nalone\n") == (("secret", "/dev/mapper/qsan"),)


@given(st.text())
def test_any_text_is_read(text):
    assert all(binding.alias and binding.wwid for binding in parse_bindings(text, "/b"))
    assert "" not in parse_wwids(text)


@pytest.mark.parametrize("alias", ["qsan", "mpatha", "a" * LONGEST_NAME, "LUN_1.data-2", "x:y", "3600", "dm-x", "a+b=c@d"])
def test_good_names(alias):
    assert alias_problem(alias) is None


@pytest.mark.parametrize(
    ("alias", "why"),
    [
        ("", "empty"),
        (None, "empty"),
        ("a" * (LONGEST_NAME + 1), "longer"),
        ("a/b", "characters"),
        ("../a", "characters"),
        ("data lun", "characters"),
        ("größe", "characters"),
        ("a\n", "characters"),
        ('a"b', "characters"),
        ("a#b", "characters"),
        ("a\\x20b", "characters"),
        ("control", "kernel"),
        (".", "kernel"),
        ("..", "kernel"),
        ("dm-0", "device"),
        ("8:16", "device"),
        ("-a", "option"),
    ],
)
def test_bad_names(alias, why):
    assert why in alias_problem(alias)
