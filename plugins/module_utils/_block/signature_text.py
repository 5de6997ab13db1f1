# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What blkid and wipefs print about the signatures on a device: file systems, partition tables, RAID and LVM labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# What parse_wipefs() reads. The label comes last: wipefs does not escape a comma in it.
WIPEFS_COLUMNS = ("OFFSET", "USAGE", "TYPE", "UUID", "LABEL")
# Of blkid's keys, those that say nothing about the contents: the name, and the entry of a partition in its disk's table.
NO_CONTENT = re.compile("DEVNAME|PART_ENTRY_.*")
HEX = re.compile(rb"\\x([0-9a-fA-F]{2})")
OFFSET = re.compile("0x[0-9a-f]+")


@dataclass(frozen=True)
class Signature:
    """found_by: blkid or wipefs. type: ext4, LVM2_member, gpt, ... usage: filesystem, raid, partition-table, ... offset: bytes, None from blkid."""

    found_by: str
    type: str
    usage: Optional[str]
    offset: Optional[int]
    uuid: Optional[str]
    label: Optional[str]


def parse_blkid(text):
    """`blkid -p -o export` of one device -> tuple of Signature: a file system or the like, a partition table, both or none. Raises ParseError."""
    values = dict(_pair(number, line) for number, line in enumerate(text.splitlines(), 1) if line)
    found = []
    if "PTTYPE" in values:
        found.append(Signature("blkid", values["PTTYPE"], "partition-table", None, values.get("PTUUID"), None))
    if "TYPE" in values:
        found.append(Signature("blkid", values["TYPE"], values.get("USAGE"), None, values.get("UUID"), values.get("LABEL")))
    unknown = [key for key in values if not NO_CONTENT.fullmatch(key)]
    if unknown and not found:
        # Something is there that has no type. To call that nothing would offer the device to mkfs.
        found.append(Signature("blkid", "unknown", values.get("USAGE"), None, values.get("UUID"), values.get("LABEL")))
    return tuple(found)


def parse_wipefs(text):
    """`wipefs --parsable --output WIPEFS_COLUMNS` of one device -> tuple of Signature. Raises ParseError."""
    # Some versions print the names of the columns in a comment.
    return tuple(_row(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#"))


def _pair(number, line):
    key, equals, value = line.partition("=")
    if not equals or not re.fullmatch("[A-Z0-9_]+", key):
        raise ParseError(f"blkid line {number}: not a key and a value: {line!r}. Report it with the version of util-linux.")
    return key, re.sub(r"\\(.)", r"\1", value)


def _row(number, line):
    fields = line.split(",", len(WIPEFS_COLUMNS) - 1)
    if len(fields) != len(WIPEFS_COLUMNS) or not OFFSET.fullmatch(fields[0]):
        raise ParseError(f"wipefs line {number}: not a signature: {line!r}. Report it with the version of util-linux.")
    usage, kind, uuid, label = (_decode(field) or None for field in fields[1:])
    return Signature("wipefs", kind or "unknown", usage, int(fields[0], 16), uuid, label)


def _decode(field):
    return HEX.sub(lambda match: bytes([int(match.group(1), 16)]), field.encode("utf-8", "surrogateescape")).decode("utf-8", "backslashreplace")
