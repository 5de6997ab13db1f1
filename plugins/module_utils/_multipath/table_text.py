# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's own words on multipath maps: `dmsetup table` and `dmsetup status` (drivers/md/dm-mpath.c multipath_status)."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# NAME: START LENGTH multipath ARGUMENTS. A name can hold a colon.
LINE = re.compile(r"(?P<name>.+): [0-9]+ [0-9]+ multipath (?P<words>.+)")
# The two letters of `dmsetup status` for a path, and the three for a group, in the words of multipathd.
PATH_STATES = {"A": "active", "F": "failed"}
GROUP_STATES = {"A": "active", "E": "enabled", "D": "disabled"}


@dataclass(frozen=True)
class TableGroup:
    """One path group. selector: its name and arguments (round-robin 0); devices: major:minor of each path."""

    selector: str
    devices: Tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The table of one map. features, hwhandler: with their count, as multipathd tells them (1 queue_if_no_path)."""

    name: str
    features: str
    hwhandler: str
    groups: Tuple[TableGroup, ...] = ()

    @property
    def queues(self):
        """True when I/O waits while there is no path."""
        return "queue_if_no_path" in self.features.split()


@dataclass(frozen=True)
class TableStatus:
    """The states in one map. groups: active, enabled or disabled, in their order; paths: major:minor -> active or failed."""

    name: str
    groups: Tuple[str, ...]
    paths: dict


def parse_tables(text):
    """`dmsetup table --target multipath` -> tuple of Table. Raises ParseError."""
    return tuple(_read(name, words, _table) for name, words in _lines(text))


def parse_statuses(text):
    """`dmsetup status --target multipath` -> tuple of TableStatus. Raises ParseError."""
    return tuple(_read(name, words, _status) for name, words in _lines(text))


def _lines(text):
    for line in filter(None, map(str.strip, text.splitlines())):
        match = LINE.fullmatch(line)
        if match:
            yield match["name"], match["words"]
        # Without a device dmsetup says so in words, and a device whose table is not loaded yet has none.
        elif line != "No devices found" and not line.endswith(":"):
            raise ParseError(f"dmsetup: {line[:120]!r} is not the line of a multipath map. Run `dmsetup table --target multipath` and look.")


def _read(name, words, parse):
    try:
        return parse(name, iter(words.split()))
    except (ValueError, KeyError) as error:
        raise ParseError(f"dmsetup: the line of {name} cannot be understood: {words[:120]!r}. Run `dmsetup table {name}` and look.") from error


def _table(name, words):
    features, hwhandler = _counted(words), _counted(words)
    # The second number is the group that comes first.
    number = _numbers(words)[0]
    return Table(name, features, hwhandler, tuple(_table_group(words) for group in range(number)))


def _table_group(words):
    selector = f"{_take(words, 1)[0]} {_counted(words)}"
    paths, arguments = _numbers(words)
    return TableGroup(selector, tuple(_take(words, 1 + arguments)[0] for path in range(paths)))


def _status(name, words):
    _counted(words)
    _counted(words)
    # The second number is the group in use.
    number = _numbers(words)[0]
    groups = [_status_group(words) for group in range(number)]
    return TableStatus(name, tuple(state for state, paths in groups), {device: state for group, paths in groups for device, state in paths})


def _status_group(words):
    state = GROUP_STATES[_take(words, 1)[0]]
    _counted(words)
    paths, arguments = _numbers(words)
    lines = [_take(words, 3 + arguments) for path in range(paths)]
    return state, [(device, PATH_STATES[letter]) for device, letter, *rest in lines]


def _numbers(words):
    """Two of them."""
    return [int(word) for word in _take(words, 2)]


def _counted(words):
    """A count and so many words, with the count in front."""
    count = _take(words, 1)[0]
    return " ".join([count, *_take(words, int(count))])


def _take(words, count):
    taken = list(itertools.islice(words, count))
    if len(taken) != count:
        raise ValueError("the line ends too early")
    return taken
