# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keyword tree of a release of multipath-tools: what stands in which block of multipath.conf."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Dict, Mapping, Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_list_text import (
    BEFORE,
    DROPPED,
    GAPS,
    IGNORED,
    OLDEST,
    SAME,
    VALUES,
    Release,
)

# Where the release is not known, before the package is there: what a younger one alone ignores is not refused.
UNKNOWN = (0, 14, 3)


@dataclass(frozen=True)
class Keyword:
    """One keyword of one block.

    kind: the type of its value, a name of value_text. since: the first release that reads it; until: the first that
    does not know it; ignored: the first that knows it and does not act on it; None: always, never, never.
    instead: what does its work in newer releases. repeatable: may stand several times in its block.
    sub: the keywords of the block it opens, None for a value. counts_as: the keyword whose value it sets.
    """

    name: str
    kind: str = "text"
    since: Optional[Release] = None
    until: Optional[Release] = None
    ignored: Optional[Release] = None
    instead: str = ""
    repeatable: bool = False
    sub: Optional[Mapping[str, Keyword]] = None
    counts_as: str = ""

    def known_to(self, release):
        """Whether a release (None: the newest) knows this keyword."""
        if release is None:
            return self.until is None
        gap = GAPS.get(self.name, ((), ()))
        return (self.since or OLDEST) <= release and (self.until is None or release < self.until) and not gap[0] <= release < gap[1]

    def ignored_by(self, release):
        """Whether a release (None: UNKNOWN) knows this keyword and does not act on it."""
        return self.ignored is not None and self.ignored <= (release or UNKNOWN)


@dataclass(frozen=True)
class Keywords:
    """The keyword tree of one release. release: None when it is not known, the tree is that of the newest then."""

    release: Optional[Release]
    root: Mapping[str, Keyword]

    def known(self, path):
        """The Keyword at a path such as ("devices", "device", "vendor"), or None when this release does not know it."""
        return _at(self.root, path)

    def check(self, path):
        """The Keyword at a path. Raises SanError: since when or until when it exists, what replaces it, or the nearest."""
        keyword = self.known(path)
        where = " ".join(path)
        if keyword is None:
            raise SanError(f"{where}: {self._why_unknown(path)}")
        if keyword.ignored_by(self.release):
            instead = f" Use {keyword.instead} instead." if keyword.instead else " Leave it out."
            raise SanError(f"{where}: multipath-tools ignore it since {dotted(keyword.ignored)}.{instead}")
        return keyword

    def _why_unknown(self, path):
        name = path[-1]
        ever = _at(EVERY, path)
        here = f"multipath-tools {dotted(self.release)}" if self.release else "multipath-tools"
        if ever is not None and ever.until is not None:
            return f"known until {dotted(ever.until)}, not to {here}. Use {ever.instead} instead."
        if name in GAPS and ever is not None and self.release and ever.since <= self.release:
            return f"not known from {dotted(GAPS[name][0])} to before {dotted(GAPS[name][1])}. Leave it out on this host or upgrade multipath-tools."
        if ever is not None:
            return f"known since {dotted(ever.since)}, not to {here}. Leave it out on this host or upgrade multipath-tools."
        if name in BEFORE:
            return f"not known since 0.6.0.{' Use ' + BEFORE[name] + ' instead.' if BEFORE[name] else ' Leave it out.'}"
        places = sorted(" ".join(other[:-1]) for other in all_paths() if other[-1] == name)
        if places:
            return f"no keyword of this section, but of {', '.join(places)}. Put it there."
        level = _at(self.root, path[:-1])
        near = difflib.get_close_matches(name, level.sub if level and level.sub else self.root, 1)
        return f"no keyword of multipath.conf.{' Did you mean ' + near[0] + '?' if near else ''}"


def keyword_tree(release=None, backported=frozenset()):
    """The Keywords of a release, (0, 9, 4) for 0.9.4; backported: paths that a distribution's build reads besides."""
    return Keywords(release, _filtered(EVERY, release, backported, ()))


def canonical(name):
    """The name under which a keyword's value counts: path_checker for checker."""
    return SAME.get(name, name)


def newer_than(release):
    """The paths of all keywords that came after a release: what a distribution may have backported to it."""
    if release is None:
        return ()
    return tuple(path for path in all_paths() if (_at(EVERY, path).since or OLDEST) > release)


def was_ever(path):
    """Whether any release knows a keyword at a path."""
    return _at(EVERY, path) is not None


def is_keyword(name):
    """Whether any release knows a keyword of that name anywhere."""
    return any(path[-1] == name for path in all_paths())


def all_paths():
    """The path of every keyword of every release."""
    return tuple(_paths(EVERY, ()))


def dotted(release):
    """0.9.4 for (0, 9, 4)."""
    return ".".join(str(part) for part in release)


def _paths(level, above):
    for name, keyword in level.items():
        yield (*above, name)
        if keyword.sub is not None:
            yield from _paths(keyword.sub, (*above, name))


def _at(level, path):
    keyword = None
    for name in path:
        keyword = level.get(name) if level is not None else None
        if keyword is None:
            return None
        level = keyword.sub
    return keyword


def _filtered(level, release, backported, above):
    kept: Dict[str, Keyword] = {}
    for name, keyword in level.items():
        path = (*above, name)
        if not keyword.known_to(release) and path not in backported:
            continue
        if keyword.sub is not None:
            keyword = replace(keyword, sub=_filtered(keyword.sub, release, backported, path))
        kept[name] = keyword
    return MappingProxyType(kept)


def _release(text):
    return tuple(int(part) for part in text.split(".")) if text else None


def _values(block):
    level: Dict[str, Keyword] = {}
    for kind, blocks, names in VALUES:
        for entry in names.split() if block in blocks else ():
            name, first = entry.partition(":")[::2]
            ignored, for_ignored = IGNORED.get(name, (None, ""))
            until, for_dropped = DROPPED.get(name, (None, ""))
            since = _release(first)
            if block == "p":
                since = (0, 9, 0)
            level[name] = Keyword(name, kind, since, until, ignored, for_ignored or for_dropped, counts_as=canonical(name))
    return level


def _list_of(*entries):
    return {entry.name: replace(entry, repeatable=True, counts_as=entry.name) for entry in entries}


def _block(name, sub, since=None):
    return Keyword(name, "block", since, sub=MappingProxyType(sub), counts_as=name)


def _every():
    identity = {name: Keyword(name, "regex", counts_as=name) for name in ("vendor", "product")}
    black = _list_of(
        Keyword("devnode", "regex"),
        Keyword("wwid", "regex"),
        Keyword("property", "regex"),
        Keyword("protocol", "regex", (0, 7, 8)),
        _block("device", identity),
    )
    overrides = {**_values("o"), **_list_of(_block("protocol", _values("p"), (0, 9, 0)))}
    sections = (
        _block("defaults", _values("D")),
        _block("blacklist", black),
        _block("blacklist_exceptions", black),
        _block("devices", _list_of(_block("device", _values("d")))),
        _block("overrides", overrides),
        _block("multipaths", _list_of(_block("multipath", _values("m")))),
    )
    return MappingProxyType({section.name: section for section in sections})


EVERY: Mapping[str, Keyword] = _every()
