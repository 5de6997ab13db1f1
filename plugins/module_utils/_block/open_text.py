# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `dmsetup info` tells about device-mapper devices that are open."""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError


def parse_open_counts(text):
    """`dmsetup info -c --noheadings -o minor,open` -> dict of kernel name (dm-0) and how often the device is open. Raises ParseError."""
    counts = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = re.fullmatch(r"([0-9]+):([0-9]+)", line)
        if not match:
            if line == "No devices found":
                continue
            raise ParseError(f"dmsetup info: {line!r} is not MINOR:OPEN. Run `dmsetup info -c -o minor,open` and look.")
        counts[f"dm-{match.group(1)}"] = int(match.group(2))
    return counts
