# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`multipathd show paths raw format ...`: the paths that multipathd knows, also those in no map, which the topology leaves out."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import NOTHING, Path

# Kernel name, state in device-mapper, checker state, state of the SCSI device, name of the map. The last can hold anything.
PATHS_FORMAT = "%d|%t|%T|%o|%m"
FIELDS = 5
IN_NO_MAP = "[orphan]"
# What a path in no map is called here; multipathd says undef.
ORPHAN = "orphan"


def parse_paths(text):
    """The answer as a tuple of Path. Raises ParseError for another answer, such as timeout."""
    lines = (line.rstrip() for line in text.splitlines())
    return tuple(_path(line) for line in lines if line)


def _path(line):
    fields = [field.strip() for field in line.split("|", FIELDS - 1)]
    if len(fields) != FIELDS or not fields[0]:
        raise ParseError(f"multipathd: its paths cannot be understood: {line[:120]!r}. Run `multipathd show paths raw format '{PATHS_FORMAT}'` and look.")
    name, dm_state, checker_state, device_state, owner = fields
    words = ["undef" if word in NOTHING else word for word in (dm_state, checker_state, device_state)]
    return Path(name, None, ORPHAN if owner == IN_NO_MAP else words[0], words[2], words[1])
