# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration sets, as one flat table: of a file, of several in order, of what multipath and multipathd print.

The key of a value is a tuple: ("defaults", "polling_interval"), ("devices", (vendor, product, revision), "prio"),
("multipaths", (wwid,), "alias"), ("overrides", (protocol,), "fast_io_fail_tmo"); what is merely there has no third
part: ("multipaths", (wwid,)), ("blacklist", ("devnode", "^sda")), ("blacklist", ("device", vendor, product)).
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Attr
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import NEVER_CHECKED, hangs, judges, pattern_taken, taken, unsets
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import is_regex
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import is_reservation_key
from ansible_collections.linuxsan.host.plugins.module_utils._printable import printable

# section: the keyword of its stanzas and what identifies one. Stanzas of the same identity are one to libmultipath.
STANZAS = {
    "devices": ("device", ("vendor", "product", "revision")),
    "multipaths": ("multipath", ("wwid",)),
    "overrides": ("protocol", ("type",)),
}
LISTS = ("blacklist", "blacklist_exceptions")
# A stanza that lacks one of these is dropped; one of multipaths since 0.8.6, and by Red Hat's build of 0.8.4.
_NEEDED = {"devices": ("vendor", "product"), "multipaths": ("wwid",), "overrides": ("type",)}
KEEPS_NAMELESS = (0, 8, 4)
# Before it, a WWID with several stanzas got the first one; since then they are merged and the later value wins.
_MERGES_MULTIPATHS = (0, 7, 9)


@dataclass(frozen=True)
class Setting:
    """One value. text: as written; meaning: what it is taken for; path, number: its file and line."""

    # As many as lines, see Attr.
    __slots__ = ("text", "meaning", "path", "number")
    text: str
    meaning: str
    path: str
    number: int

    @property
    def place(self):
        """Where it is, for a message."""
        return f"{self.path} line {self.number}"


def identity_of(section, block, release=None):
    """What identifies a stanza to a release; a part that it lacks is None."""
    if section == "overrides":
        # A type that is none leaves the one before it.
        types = [attr.value for attr in block.attrs() if attr.known and attr.name == "type" and taken(attr.spec.kind, attr.value) is not None]
        return (types[-1] if types else None,)
    found = tuple(block.value(keyword) for keyword in STANZAS[section][1])
    return tuple(map(pattern_taken, found, [release] * len(found))) if section == "devices" else found


def entry_of(item, release=None):
    """What identifies an entry of a blacklist: (keyword, expression), or ("device", vendor, product), a part that it lacks None."""
    parts = (item.value,) if isinstance(item, Attr) else (item.value("vendor"), item.value("product"))
    return (item.keyword, *(pattern_taken(part, release) for part in parts))


def entry_in_force(item, conf):
    """What is left of an entry of a blacklist where a file loses the lines that are no regular expressions."""
    keyword, *parts = entry_of(item, conf.keywords.release)
    return (keyword, *(part if part is None or not conf.drop_in or is_regex(part) else None for part in parts))


def is_complete(section, block, release):
    """Whether a stanza has what it is known by; libmultipath drops one that has not."""
    old = section == "multipaths" and release is not None and release < KEEPS_NAMELESS
    found = dict(zip(STANZAS[section][1], identity_of(section, block, release)))
    return old or all(found[keyword] is not None for keyword in _NEEDED[section])


def merges_multipaths(release):
    """Whether a release makes one of several stanzas of a WWID."""
    return release is None or release >= _MERGES_MULTIPATHS


def settings_of(conf):
    """The table of one Conf: {key: Setting}, the Setting that wins where several lines set a key.

    A value that the release does not take, and a keyword that it ignores, set nothing.
    """
    table = {}
    for section in conf.sections:
        if section.keyword in LISTS:
            table.update(_list_entries(conf, section))
            continue
        for attr in section.attrs():
            _put(table, (section.keyword, attr.name), conf, attr)
        for stanza in _stanzas(section):
            if is_complete(section.keyword, stanza, conf.keywords.release):
                _add_stanza(table, conf, section.keyword, stanza)
    return table


def merged_settings(confs):
    """The table of several files, in the order in which libmultipath reads them."""
    table = {}
    for conf in confs:
        table.update(settings_of(conf))
    return table


def show_key(key):
    """A key as changed_keys has it: defaults.prio, multipaths[3600...].alias, blacklist[devnode,^sda]."""
    shown, *parts = printable(key)
    for part in parts:
        shown += f".{part}" if isinstance(part, str) else f"[{','.join(word for word in part if word is not None)}]"
    return shown


def _stanzas(section):
    return section.blocks(STANZAS[section.keyword][0]) if section.keyword in STANZAS else ()


def _add_stanza(table, conf, section, stanza):
    release = conf.keywords.release
    exists = (section, identity_of(section, stanza, release))
    if section == "multipaths" and exists in table and not merges_multipaths(release):
        return
    table.setdefault(exists, _plain(conf, "", stanza.line))
    own = {}
    for attr in stanza.attrs():
        if attr.keyword not in STANZAS[section][1]:
            _put(own, (*exists, attr.name), conf, attr)
    # What is not set in it leaves what one before it has set (libmultipath/config.c merge_hwe, merge_mpe).
    table.update(own)


def _list_entries(conf, section):
    for item in section.items:
        entry = entry_in_force(item, conf)
        # A device of a vendor alone is any of its products, and the other way round.
        if (item.known and entry[1] is not None) if isinstance(item, Attr) else any(entry[1:]):
            yield (section.keyword, entry), _plain(conf, item.value if isinstance(item, Attr) else "", item.line)


def _put(table, key, conf, attr):
    release = conf.keywords.release
    if attr.spec is None or attr.spec.ignored_by(release):
        return
    if conf.drop_in and attr.spec.kind == "reservation_key" and not is_reservation_key(attr.value):
        return
    meaning = taken(attr.spec.kind, attr.value, release, attr.quoted)
    if meaning is None and attr.spec.kind == "interval" and key not in table and judges(release) and not hangs(release):
        meaning = NEVER_CHECKED
    if meaning is not None:
        table[key] = Setting(attr.value, meaning, conf.path, attr.line + 1)
    elif not judges(release) or unsets(attr.spec.kind, attr.value):
        # What was set before is lost.
        table.pop(key, None)


def _plain(conf, text, line):
    """The Setting of what is merely there."""
    return Setting(text, "", conf.path, line + 1)
