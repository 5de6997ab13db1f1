# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/proc/swaps: where the host swaps to, as proc_swaps(5) describes it."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._block.mountinfo_text import unescape
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

HEADER = ("Filename", "Type", "Size", "Used", "Priority")
# The kernel appends this to the name of a file or device node that has been removed since.
DELETED = " (deleted)"


@dataclass(frozen=True)
class Swap:
    """One swap space: kind is partition (any block device) or file."""

    path: str
    kind: str


def parse_swaps(text):
    """/proc/swaps -> tuple of Swap. Raises ParseError."""
    lines = text.splitlines()
    if not lines or tuple(lines[0].split()) != HEADER:
        raise ParseError(f"/proc/swaps line 1: not its heading: {text[:80]!r}. Report it with the kernel's version.")
    return tuple(_swap(number, line) for number, line in enumerate(lines[1:], 2) if line.strip())


def _swap(number, line):
    # From the right: older kernels do not escape the blank in front of (deleted).
    fields = line.rsplit(maxsplit=len(HEADER) - 1)
    if len(fields) != len(HEADER) or fields[1] not in ("partition", "file"):
        raise ParseError(f"/proc/swaps line {number}: not a swap space: {line!r}. Report it with the kernel's version.")
    path = unescape(fields[0])
    return Swap(path[: -len(DELETED)] if path.endswith(DELETED) else path, fields[1])
