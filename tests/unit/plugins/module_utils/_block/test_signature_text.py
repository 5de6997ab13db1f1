# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_text import (
    Signature,
    parse_blkid,
    parse_wipefs,
)
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

FIXTURES = Path(__file__).parent / "fixtures"
LABEL = 'a,b c"d'
LABELS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=16)


def fixture(name):
    return (FIXTURES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("what", "types"),
    [
        ("ext4", {("ext4", "filesystem")}),
        ("xfs", {("xfs", "filesystem")}),
        ("swap", {("swap", "other")}),
        ("gpt", {("gpt", "partition-table")}),
        ("dos", {("dos", "partition-table")}),
    ],
)
def test_blkid_and_wipefs_find_the_same(what, types):
    by_blkid, by_wipefs = (
        parse_blkid(fixture(f"blkid-2.38-{what}.txt")),
        parse_wipefs(fixture(f"wipefs-2.38-{what}.txt")),
    )
    assert {(each.type, each.usage) for each in by_blkid} == types
    # A GPT has a protective MBR, which only wipefs names.
    assert {(each.type, each.usage) for each in by_wipefs} - {("PMBR", "partition-table")} == types


def test_a_label_with_commas_and_quotes_is_read_from_both():
    (by_blkid,), (by_wipefs,) = (
        parse_blkid(fixture("blkid-2.38-ext4.txt")),
        parse_wipefs(fixture("wipefs-2.38-ext4.txt")),
    )
    assert by_blkid.label == by_wipefs.label == LABEL
    assert by_blkid.uuid == by_wipefs.uuid
    # The magic number of ext4 is at byte 56 of the superblock at 1024.
    assert by_wipefs.offset == 1024 + 56


def test_wipefs_names_both_where_blkid_names_none():
    assert {each.type for each in parse_wipefs(fixture("wipefs-2.38-ambivalent.txt"))} == {"ext4", "romfs"}


def test_the_entry_of_a_partition_in_its_table_is_no_signature_on_it():
    assert parse_blkid("DEVNAME=/dev/sda1\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_UUID=1\n") == ()


def test_a_find_without_a_type_is_still_a_signature():
    assert parse_blkid("DEVNAME=/dev/sda\nUUID=1\n") == (Signature("blkid", "unknown", None, None, "1", None),)


def test_a_partition_table_and_a_file_system_are_both_named():
    assert [each.type for each in parse_blkid("PTTYPE=dos\nTYPE=vfat\nUSAGE=filesystem\n")] == ["dos", "vfat"]


def test_no_output_is_no_signature():
    assert parse_wipefs("") == parse_blkid("") == ()


def test_a_heading_of_wipefs_is_no_signature():
    assert parse_wipefs("# offset,usage,type,uuid,label\n") == ()


@given(st.integers(0, 1 << 60), st.sampled_from(["ext4", "LVM2_member"]), LABELS)
def test_any_signature_of_wipefs_is_read_back(offset, kind, label):
    escaped = label.replace("\\", r"\x5c").replace(" ", r"\x20")
    assert parse_wipefs(f"0x{offset:x},filesystem,{kind},,{escaped}\n") == (Signature("wipefs", kind, "filesystem", offset, None, label or None),)


@given(LABELS.filter(bool))
def test_any_label_of_blkid_is_read_back(label):
    escaped = "".join(f"\\{each}" if each in "\"\\'$` <>&|;()" else each for each in label)
    assert parse_blkid(f"TYPE=ext4\nLABEL={escaped}\n")[0].label == label


@given(st.text(), st.sampled_from([parse_blkid, parse_wipefs]))
def test_other_text_is_a_parse_error_or_empty(text, parse):
    try:
        found = parse(text)
    except ParseError:
        return
    assert all(each.type for each in found)


@pytest.mark.parametrize(
    ("parse", "line"),
    [
        (parse_blkid, "nonsense"),
        (parse_blkid, "type=x"),
        (parse_wipefs, "0x0,ext4"),
        (parse_wipefs, "DEVICE OFFSET TYPE UUID LABEL"),
    ],
)
def test_an_unknown_line_is_an_error_with_its_number(parse, line):
    with pytest.raises(ParseError, match="line 1"):
        parse(line)
