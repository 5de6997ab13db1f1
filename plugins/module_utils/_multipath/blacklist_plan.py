# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices a blacklist leaves alone, which paths of maps new files would blacklist, and what that does to the maps.

Sources: libmultipath/blacklist.c filter_path; multipathd takes blacklisted paths out of their maps and flushes a map that has none left
(multipathd/main.c coalesce_maps, libmultipath/structs_vec.c update_pathvec_from_dm).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import LISTS, settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import matches
from ansible_collections.linuxsan.host.plugins.module_utils._printable import printable


@dataclass(frozen=True)
class PathFacts:
    """What a blacklist knows a path by. protocol: as in multipath.conf, None when unknown; properties: names of what udev knows of it."""

    name: str
    wwid: Optional[str] = None
    vendor: Optional[str] = None
    product: Optional[str] = None
    protocol: Optional[str] = None
    properties: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A map that loses paths to an entry of the blacklist. entry: as changed_keys has it, or in words; device: DmDevice; paths: their names."""

    device: object
    entry: str
    paths: Tuple[str, ...]


def lists_of(confs, files):
    """What both lists hold: (section, keyword) -> the entries, each a tuple of expressions.

    confs: Conf, of files or of a listing, in which a device of a vendor alone and one of a product alone behind it are one device.
    files: the Conf of what it lists, to tell; None when they are not known. Then it is one in the blacklist and two among the exceptions,
    so that nothing counts as blacklisted that may not be.
    """
    known = set(_entries(files)) if files is not None else None
    lists = {}
    for section, entry in _entries(confs):
        halves = _halves(entry)
        is_two = section == LISTS[1] if known is None else {(section, half) for half in halves} <= known
        for keyword, *expressions in halves if halves and is_two else (entry,):
            lists.setdefault((section, keyword), {})[tuple(expressions)] = None
    return {key: tuple(entries) for key, entries in lists.items()}


def find_hits(before, after, maps):
    """The maps with paths that are blacklisted from now on, as a tuple of Hit. before, after: of lists_of; maps: pairs of a DmDevice and its PathFacts."""
    if before == after:
        return ()
    found = []
    for device, paths in maps:
        entries = {path.name: _entry(after, path) for path in paths if not _entry(before, path)}
        lost = tuple(name for name, entry in entries.items() if entry)
        if lost:
            found.append(Hit(device, entries[lost[0]], lost))
    return tuple(found)


def left_alone(lists, luns):
    """Those of some LUNs that the blacklist has for their vendor and product and no exception spares, as a list.

    lists: of lists_of, of what is in force, built-in entries and all.
    """
    return [lun for lun in luns if _device_entry(lists, lun)]


def tell_hit(hit, users):
    """What becomes of a map, as a sentence. users: who uses it, in words, none when it is idle."""
    name = f"{hit.device.name} ({', '.join(hit.paths)})"
    if not users:
        return f"{name} is blacklisted by {hit.entry}, and in no use: multipathd removes the map when it loads the files."
    return (
        f"{name} is {', '.join(users)}, and would be blacklisted by {hit.entry}: multipathd would take its paths from it. "
        "Free it first, or except it (blacklist_exceptions)."
    )


def _entries(confs):
    """(section, entry) of both lists, in order."""
    return [printable(key) for conf in confs for key in settings_of(conf) if key[0] in LISTS]


def _halves(entry):
    """The device of its vendor alone and that of its product alone, of an entry that has both."""
    return () if entry[0] != "device" or None in entry else ((*entry[:2], None), ("device", None, entry[2]))


def _entry(lists, path):
    """What blacklists a path, or None. An exception counts for the entries of its keyword only."""
    found = (
        _property_entry(lists, path.properties),
        _listed(lists, "devnode", (path.name,)),
        _device_entry(lists, path),
        _listed(lists, "protocol", (path.protocol,)),
        _listed(lists, "wwid", (path.wwid,)),
    )
    return next(filter(None, found), None)


def _device_entry(lists, device):
    """device: PathFacts or a Lun."""
    return _listed(lists, "device", (device.vendor, device.product)) if device.vendor and device.product else None


def _property_entry(lists, properties):
    blacklist, exceptions = (lists.get((section, "property"), ()) for section in LISTS)
    for name in sorted(properties):
        if _fitting(exceptions, (name,)):
            return None
        fitting = _fitting(blacklist, (name,))
        if fitting:
            return show_key((LISTS[0], ("property", *fitting)))
    return "its lack of a property of blacklist_exceptions" if exceptions and properties else None


def _listed(lists, keyword, words):
    blacklist, exceptions = (lists.get((section, keyword), ()) for section in LISTS)
    fitting = None if _fitting(exceptions, words) else _fitting(blacklist, words)
    return show_key((LISTS[0], (keyword, *fitting))) if fitting else None


def _fitting(entries, words):
    """The first entry whose expressions all fit; one that has none for a word fits any."""
    if None in words:
        return None
    return next((entry for entry in entries if all(part is None or matches(part, word) for part, word in zip(entry, words))), None)
