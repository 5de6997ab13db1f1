# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `dmsetup status --target multipath` prints: a line per map, in which each path has its number and A (active) or F (failed).

qsan: 0 2097152 multipath 2 0 1 0 2 1 A 0 1 2 8:16 A 0 0 1 E 0 1 2 8:32 F 3 0 1
"""

from __future__ import annotations

import re

# drivers/md/dm-mpath.c, multipath_status().
PATH = re.compile(r"(?<= )([0-9]+:[0-9]+) ([AF])(?= )")
LINE = re.compile(r".+: [0-9]+ [0-9]+ multipath .+")


def parse_failed_paths(text):
    """-> frozenset of the numbers (major:minor) of paths that the kernel sends no I/O to. Other lines, such as `No devices found`, have none."""
    lines = (line for line in text.split("\n") if LINE.fullmatch(line))
    return frozenset(number for line in lines for number, state in PATH.findall(line + " ") if state == "F")
