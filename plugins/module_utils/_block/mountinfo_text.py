# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/proc/self/mountinfo: what is mounted where, as proc_pid_mountinfo(5) describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# Mount id, parent, device, root, mount point, options; then optional fields up to a lone dash; then type, source, options.
FIELDS_BEFORE_OPTIONAL = 6
FIELDS_AFTER_DASH = 3
DEVICE = re.compile(r"[0-9]+:[0-9]+")
OCTAL = re.compile(rb"\\([0-3][0-7]{2})")


@dataclass(frozen=True)
class Mount:
    """One mount: dev is major:minor as st_dev has it (0:N for btrfs, overlay and the like), root the mounted part of the file system.

    id: as mnt_id in /proc/PID/fdinfo has it, of one mount only in all mount namespaces.
    """

    dev: str
    root: str
    mountpoint: str
    fstype: str
    source: str
    id: str


def parse_mountinfo(text):
    """mountinfo text -> tuple of Mount, in the file's order (a later one hides an earlier one). Raises ParseError."""
    return tuple(_mount(number, line) for number, line in enumerate(text.split("\n"), 1) if line)


def unescape(word):
    r"""The kernel writes blank, tab, newline, backslash and # in a path as \040 and so on."""
    raw = word.encode("utf-8", "surrogateescape")
    return OCTAL.sub(lambda match: bytes([int(match.group(1), 8)]), raw).decode("utf-8", "surrogateescape")


def _mount(number, line):
    fields = line.split(" ")
    # Searched for from the optional fields on: a mount point may be a dash.
    dash = fields.index("-", FIELDS_BEFORE_OPTIONAL) if "-" in fields[FIELDS_BEFORE_OPTIONAL:] else None
    if dash is None or len(fields) < dash + 1 + FIELDS_AFTER_DASH or not DEVICE.fullmatch(fields[2]):
        raise ParseError(f"mountinfo line {number}: not a mount: {line!r}. Report it with the kernel's version.")
    return Mount(
        dev=fields[2],
        root=unescape(fields[3]),
        mountpoint=unescape(fields[4]),
        fstype=unescape(fields[dash + 1]),
        source=unescape(fields[dash + 2]),
        id=fields[0],
    )
