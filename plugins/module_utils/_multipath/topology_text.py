# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology that multipathd tells: `show maps json` (multipath-tools 0.6.2 and newer).

States are kept as the words of multipathd, known to us or not: "i/o pending" is two words, "disconnected" came with 0.14.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# What multipathd prints where it knows nothing: vendor and product without a path, a name of another transport, no checker.
NOTHING = ("", "-", "##", "[undef]", "undef", "(null)")
# A standby path of an array with ALUA is "ghost": the checker reached it, it waits for its turn.
GOOD_CHECKER_STATES = ("ready", "ghost")
# multipathd prints one key per line and escapes nothing (libmultipath/print.c): all between the first and the last quote is the value.
TEXT_LINE = re.compile(r'^(\s*"[a-z_]+" : )"(.*)"(,?)\s*$')


@dataclass(frozen=True)
class Path:
    """One path of a map. target is the iSCSI name for iSCSI, lun_hex only of 0.8.6 and newer; None is "not told"."""

    name: str
    dev_t: Optional[str] = None
    dm_state: str = "undef"
    device_state: str = "undef"
    checker_state: str = "undef"
    checker: Optional[str] = None
    priority: Optional[int] = None
    target: Optional[str] = None
    host_adapter: Optional[str] = None
    lun_hex: Optional[str] = None
    marginal: bool = False

    @property
    def usable(self):
        """True when I/O can go over the path now."""
        return self.dm_state == "active" and self.checker_state in GOOD_CHECKER_STATES

    @property
    def up(self):
        """True when nothing is wrong with it."""
        return self.usable and self.device_state == "running"


@dataclass(frozen=True)
class Group:
    """One path group. selector is the words of the dm table ("service-time 0"), state active, enabled, disabled or undef."""

    number: int
    selector: Optional[str] = None
    priority: Optional[int] = None
    state: str = "undef"
    marginal: bool = False
    paths: Tuple[Path, ...] = ()


@dataclass(frozen=True)
class Map:
    """One multipath map. dm is its kernel name (dm-0); queueing: off, on, "N chk", "N sec", or None for what the features say."""

    name: str
    wwid: str
    dm: Optional[str] = None
    vendor: Optional[str] = None
    product: Optional[str] = None
    revision: Optional[str] = None
    features: Optional[str] = None
    hwhandler: Optional[str] = None
    failback: Optional[str] = None
    queueing: Optional[str] = None
    write_protect: Optional[str] = None
    state: str = "undef"
    path_faults: Optional[int] = None
    groups: Tuple[Group, ...] = ()

    @property
    def paths(self):
        """All paths, in the order of the groups."""
        return tuple(path for group in self.groups for path in group.paths)


def parse_topology(text):
    """The maps in the answer to `show maps json` or `show map NAME json`. Returns a tuple of Map.

    Raises ParseError for anything else: "timeout", "fail", or an answer that was cut off on its way.
    """
    try:
        data = json.loads("\n".join(_escaped(line) for line in text.split("\n")))
    except (ValueError, RecursionError) as error:
        raise ParseError(_complaint(text, str(error))) from error
    if not isinstance(data, dict) or not ("maps" in data or "map" in data):
        raise ParseError(_complaint(text, "it has no maps"))
    maps = data["maps"] if "maps" in data else [data["map"]]
    return tuple(_map(item, text) for item in _items(maps, text))


def _escaped(line):
    match = TEXT_LINE.match(line)
    return f"{match.group(1)}{json.dumps(match.group(2))}{match.group(3)}" if match else line


def _complaint(text, why):
    start = " ".join(text.split())[:120] or "nothing"
    return (
        f"multipathd: its topology cannot be understood ({why}); it answered {len(text)} characters that begin with: {start}. "
        "Run `multipathd show maps json` and look."
    )


def _items(value, text):
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ParseError(_complaint(text, "a list of objects was expected"))
    return value


def _name(item, key, text):
    if not isinstance(item.get(key), str) or not item[key]:
        raise ParseError(_complaint(text, f"{key} is missing"))
    return item[key]


def _told(item, key):
    value = item.get(key)
    return None if not isinstance(value, str) or value.strip() in NOTHING else value.strip()


def _state(item, key):
    value = item.get(key)
    return value if isinstance(value, str) and value else "undef"


def _number(item, key):
    value = item.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _map(item, text):
    groups = tuple(_group(group, number, text) for number, group in enumerate(_items(item.get("path_groups", []), text), 1))
    return Map(
        name=_name(item, "name", text),
        wwid=_name(item, "uuid", text),
        dm=_told(item, "sysfs"),
        vendor=_told(item, "vend"),
        product=_told(item, "prod"),
        revision=_told(item, "rev"),
        features=_told(item, "features"),
        hwhandler=_told(item, "hwhandler"),
        failback=_told(item, "failback"),
        queueing=_told(item, "queueing"),
        write_protect=_told(item, "write_prot"),
        state=_state(item, "dm_st"),
        path_faults=_number(item, "path_faults"),
        groups=groups,
    )


def _group(item, number, text):
    return Group(
        number=_number(item, "group") or number,
        selector=_told(item, "selector"),
        priority=_number(item, "pri"),
        state=_state(item, "dm_st"),
        marginal=item.get("marginal_st") == "marginal",
        paths=tuple(_path(path, text) for path in _items(item.get("paths", []), text)),
    )


def _path(item, text):
    return Path(
        name=_name(item, "dev", text),
        dev_t=_told(item, "dev_t"),
        dm_state=_state(item, "dm_st"),
        device_state=_state(item, "dev_st"),
        checker_state=_state(item, "chk_st"),
        checker=_told(item, "checker"),
        priority=_number(item, "pri"),
        target=_told(item, "target_wwnn"),
        host_adapter=_told(item, "host_adapter"),
        lun_hex=_told(item, "lun_hex"),
        marginal=item.get("marginal_st") == "marginal",
    )
