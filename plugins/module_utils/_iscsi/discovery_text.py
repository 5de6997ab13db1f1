# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `iscsiadm -m discovery` and `-m node` print: one portal and target per line.

10.10.10.100:3260,1 iqn.2004-08.com.qsantechnology:dev0.ctr1
[2001:db8::1]:3260,1 iqn.2004-08.com.qsantechnology:dev0.ctr1
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host

# A name with a slash in it would be the path of another directory than a target's.
LINE = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^\s,\[\]]+)):(?P<port>[0-9]{1,5}),(?P<tpgt>-?[0-9]+) (?P<target>[^\s/][^/]*?)\s*")
# Said among the answers of an interface of cxgb3i (usr/initiator_common.c; log_info() goes to stdout), and no fault.
REMARK = re.compile(r"Optional iface\.ipaddress for iface .* not set\.")
# PORTAL_GROUP_TAG_UNKNOWN of usr/config.h, as %d and as %u print it.
UNKNOWN_TAGS = (-1, 4294967295)


@dataclass(frozen=True)
class Found:
    """One advertised portal of a target. address: as the target spells it, which is how its record is named. tpgt: None when unknown."""

    target: str
    portal: Portal
    address: str
    tpgt: Optional[int]


def parse_discovery(text):
    """The list -> tuple of Found, each once, in order. Raises ParseError."""
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip() and not REMARK.fullmatch(line))
    return tuple(dict.fromkeys(_found(number, line) for number, line in lines))


def known_tag(number):
    """A portal group tag, or None for the number that stands for none."""
    return None if number in UNKNOWN_TAGS else number


def _found(number, line):
    match = LINE.fullmatch(line)
    if not match:
        # An empty record file makes iscsiadm print `[]:3260,4294967295 ` with exit status 0.
        raise ParseError(f"iscsiadm line {number}: not a portal and target: {line!r}. Look for an empty file among the node records.")
    address = match["v6"] or match["host"]
    return Found(match["target"], Portal(canonical_host(address), int(match["port"])), address, known_tag(int(match["tpgt"])))
