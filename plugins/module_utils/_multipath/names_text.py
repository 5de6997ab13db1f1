# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of maps: the bindings file, the wwids file, and what can be an alias."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._block.mountinfo_text import unescape

# DM_NAME_LEN (include/uapi/linux/dm-ioctl.h) and WWID_SIZE of multipath are 128 with the NUL at the end.
LONGEST_NAME = 127
# What libdevmapper leaves as it is (lib/libdm-common.c): anything else becomes \xNN in /dev/mapper, and the alias would not be there.
# It leaves # alone too, but multipath takes that for a comment in the bindings file.
NAME = re.compile(r"[A-Za-z0-9+.:=@_-]+")
# The kernel's own entries in /dev/mapper and its path components (drivers/md/dm-ioctl.c check_name).
TAKEN_BY_KERNEL = (".", "..", "control")
# multipath reads these as a kernel name and as MAJOR:MINOR, not as an alias (multipath/main.c get_dev_type).
LOOKS_LIKE_DEVICE = re.compile(r"(dm-[0-9]+|[0-9]+:[0-9]+.*)")


@dataclass(frozen=True)
class Binding:
    """A line of a bindings file, of that path: the name that multipathd gave to a WWID by itself, and keeps for it."""

    alias: str
    wwid: str
    path: str = "/etc/multipath/bindings"


def parse_bindings(text, path):
    """The bindings file as a tuple of Binding. Lines that multipathd skips (comments, one word) are skipped."""
    lines = (line.split("#", 1)[0].split() for line in text.splitlines())
    return tuple(Binding(words[0], words[1], path) for words in lines if len(words) >= 2)


def parse_wwids(text):
    """The wwids file as a frozenset of WWIDs. Only lines that begin with a slash count: /WWID/."""
    found = (re.match(r"/([^/]+)/", line) for line in text.split("\n"))
    return frozenset(match.group(1) for match in found if match)


def parse_fstab_devices(text):
    """The devices that an fstab names, as a frozenset: the first field of each line."""
    return frozenset(fields[0] for fields in _fstab_fields(text))


def parse_crypttab(text):
    """What a crypttab names, as a tuple of pairs: the device that it opens, and the one in which that lies."""
    return tuple(fields[:2] for fields in _fstab_fields(text) if len(fields) > 1)


def parse_fstab_points(text):
    """The mount points that an fstab names, as a frozenset: the second field of each line."""
    return frozenset(fields[1] for fields in _fstab_fields(text) if len(fields) > 1)


def alias_problem(alias):
    """Why a name cannot be an alias, as the end of a sentence, or None when it can."""
    if not alias:
        return "is empty"
    if len(alias.encode("utf-8", "surrogateescape")) > LONGEST_NAME:
        return f"is longer than the {LONGEST_NAME} characters that device-mapper takes"
    if not NAME.fullmatch(alias):
        return "has characters that device-mapper would write as \\xNN in /dev/mapper; use letters, digits and + - . : = @ _ only"
    if alias in TAKEN_BY_KERNEL:
        return "is a name that the kernel keeps for itself"
    if LOOKS_LIKE_DEVICE.fullmatch(alias):
        return "is what multipath reads as a device and not as a name"
    if alias.startswith("-"):
        return "begins with a dash, which programs read as an option"
    return None


def _fstab_fields(text):
    """The fields of each line that is no comment. fstab(5) writes blanks as the kernel does in mountinfo."""
    lines = (line.split() for line in text.splitlines())
    return [tuple(map(unescape, words)) for words in lines if words and not words[0].startswith("#")]
