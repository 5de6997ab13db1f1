# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a device is blank: the question before mkfs. Pure; each answer that is not yes has its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_text import Signature

MIB = 1 << 20
HEAD_BYTES = 2 * MIB
TAIL_BYTES = MIB


@dataclass(frozen=True)
class Findings:
    """All that was found out about a device. None in a field means that it is not known.

    in_use_by, partitions: as of Use and Node. claimed: whether the kernel grants no exclusive use. head_zero, tail_zero: whether the first 2 MiB
    and the last 1 MiB hold zeros only. signatures: of blkid and wipefs. ambivalent: blkid found several that contradict each other.
    troubles: why a field is not known, one sentence each.
    """

    size: Optional[int]
    partitions: Tuple[str, ...]
    in_use_by: Tuple[str, ...]
    claimed: Optional[bool]
    head_zero: Optional[bool]
    tail_zero: Optional[bool]
    signatures: Optional[Tuple[Signature, ...]]
    ambivalent: Optional[bool]
    troubles: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """blank: True, False, or None when it cannot be told. reasons: why it is not True."""

    blank: Optional[bool]
    reasons: Tuple[str, ...]


def regions(size):
    """Where the head and the tail of a device of size bytes are -> ((offset, length), (offset, length)); they overlap on a small one."""
    return (0, min(HEAD_BYTES, size)), (max(0, size - TAIL_BYTES), min(TAIL_BYTES, size))


def judge(findings):
    """Findings -> Verdict. One sign of data makes it False, whatever else is unknown; True needs every question answered."""
    signs = tuple(_signs(findings))
    if signs:
        return Verdict(False, signs)
    unknown = findings.troubles or tuple(_unknown(findings))
    return Verdict(None, unknown) if unknown else Verdict(True, ())


def _signs(findings):
    yield from findings.in_use_by
    if findings.partitions:
        yield f"has partitions {', '.join(findings.partitions)}"
    if findings.claimed and not findings.in_use_by:
        yield "has an exclusive user that the kernel does not name"
    names = (f"{each.type} ({each.usage or 'unknown usage'}, {each.found_by})" for each in findings.signatures or ())
    yield from (f"has a signature of {name}" for name in dict.fromkeys(names))
    if findings.ambivalent:
        yield "has signatures that contradict each other"
    if findings.head_zero is False:
        yield "its first 2 MiB hold data"
    if findings.tail_zero is False:
        yield "its last 1 MiB holds data"


def _unknown(findings):
    if not findings.size:
        yield "it has no size"
    for name in ("claimed", "head_zero", "tail_zero", "signatures", "ambivalent"):
        if getattr(findings, name) is None:
            yield f"{name.replace('_', ' ')}: not known"
