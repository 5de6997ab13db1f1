# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GNU dd writes to stderr, and the sizes it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError

RECORDS = re.compile(r"([0-9]+)\+([0-9]+) records (in|out)")
# Since coreutils 8.25 two sizes in the parentheses, one before, none below 1000 bytes; coreutils 5 and BSD say "transferred in".
COPIED = re.compile(r"([0-9]+) bytes?(?: \([^()]*\))? copied, ([0-9.]+(?:e[+-]?[0-9]+)?) s, .+")
TRANSFERRED = re.compile(r"([0-9]+) bytes transferred in ([0-9.]+) sec(?:ond)?s \(.+\)")
TRUNCATED = re.compile(r"[0-9]+ truncated records?")
COMPLAINT = re.compile(r"dd: .+")
SIZE = re.compile(r"([1-9][0-9]{0,17})(?:([kKMGT])(iB|B)?)?")
POWERS = {"k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
# option: what it takes, and of what it is a number.
TAKES = {"bs": ("a size", "bytes"), "count": ("a number of blocks", "blocks")}


@dataclass(frozen=True)
class DdReport:
    """One finished copy: bytes, seconds, and the full and partial blocks read and written."""

    bytes: int
    seconds: float
    records_in: Tuple[int, int]
    records_out: Tuple[int, int]


def parse_dd(text):
    """The stderr of one dd that ended well -> DdReport. Raises ParseError for anything else, also for a complaint of dd."""
    records, copied = {}, None
    # status=progress overwrites its line: only what follows the last carriage return stands.
    for number, line in enumerate((line.rpartition("\r")[2].strip() for line in text.split("\n")), 1):
        count, total = RECORDS.fullmatch(line), COPIED.fullmatch(line) or TRANSFERRED.fullmatch(line)
        if count:
            records[count.group(3)] = (int(count.group(1)), int(count.group(2)))
        elif total and copied is None and len(records) == 2:
            copied = (int(total.group(1)), _seconds(total.group(2), number, line))
        elif line and not (total and not records) and not TRUNCATED.fullmatch(line):
            raise ParseError(f"dd line {number}: not a statistic: {line!r}. Look at what dd says, or report it with its version.")
    if copied is None:
        raise ParseError(f"dd: no line with the bytes copied in {text.strip()!r}. Install GNU coreutils, whose dd prints one.")
    return DdReport(*copied, records["in"], records["out"])


def complaints(text):
    """What a dd that failed had to say, without its statistics, on one line."""
    return "; ".join(line.strip() for line in re.split("[\r\n]", text) if COMPLAINT.fullmatch(line.strip()))


def parse_size(text, name):
    """A number as dd takes it for bs: 4096, 4k, 4K and 4KiB are the same, 4kB is 4000. name: of the option, one of TAKES."""
    match = SIZE.fullmatch(text.strip())
    if not match:
        what, unit = TAKES[name]
        raise SanError(f"{name}: {text!r} is not {what}. Give a number of {unit} above 0, or one with k, M, G or T, for example 1M.")
    number, letter, suffix = match.groups()
    return int(number) * (1000 if suffix == "B" else 1024) ** POWERS.get(letter, 0)


def _seconds(text, number, line):
    try:
        return float(text)
    except ValueError as error:
        raise ParseError(f"dd line {number}: not a time: {line!r}. Report it with its version.") from error
