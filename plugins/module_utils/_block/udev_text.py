# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The udev database, /run/udev/data/b<major>:<minor>: what the udev rules found out about a device.

A line is a letter, a colon and a value (systemd, src/libsystemd/sd-device/device-private.c); E: lines are the properties
that `udevadm info` prints. Read from the file, since one udevadm process per disk is slow on a host with many.
"""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

LINE = re.compile(r"([A-Z]):(.*)")


def parse_udev(text):
    """A database file -> dict of its properties (E:KEY=VALUE). Lines of other letters are other things. Raises ParseError."""
    return dict(_property(number, line) for number, line in _of_kind("E", text))


def _of_kind(letter, text):
    for number, line in enumerate(text.split("\n"), 1):
        match = LINE.fullmatch(line)
        if line and not match:
            raise ParseError(f"udev database line {number}: not a letter and a value: {line!r}. Report it with the version of systemd.")
        if match and match.group(1) == letter:
            yield number, match.group(2)


def _property(number, value):
    key, equals, text = value.partition("=")
    if not key or not equals:
        raise ParseError(f"udev database line {number}: not a property: {value!r}. Report it with the version of systemd.")
    return key, text
