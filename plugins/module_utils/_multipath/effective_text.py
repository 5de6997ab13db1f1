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
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import meaning, readable

# section: the keyword of its stanzas and what identifies one. Stanzas of the same identity are one to libmultipath.
STANZAS = {
    "devices": ("device", ("vendor", "product", "revision")),
    "multipaths": ("multipath", ("wwid",)),
    "overrides": ("protocol", ("type",)),
}
LISTS = ("blacklist", "blacklist_exceptions")
# Before it, a WWID with several stanzas got the first one; since then they are merged and the later value wins.
MERGES_MULTIPATHS = (0, 7, 9)


@dataclass(frozen=True)
class Setting:
    """One value. text: as written; meaning: what it is taken for; path, number: its file and line."""

    text: str
    meaning: str
    path: str
    number: int

    @property
    def place(self):
        """Where it is, for a message."""
        return f"{self.path} line {self.number}"


def identity_of(section, block):
    """What identifies a stanza; a part that it lacks is None."""
    return tuple(block.value(keyword) for keyword in STANZAS[section][1])


def settings_of(conf):
    """The table of one Conf: {key: Setting}, the Setting that wins where several lines set a key."""
    table = {}
    for section in conf.sections:
        if section.keyword in LISTS:
            table.update(_list_entries(conf, section))
            continue
        for attr in section.attrs():
            if attr.known:
                table[(section.keyword, attr.name)] = _setting(conf, (section.keyword,), attr)
        for stanza in _stanzas(section):
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
    shown = key[0]
    for part in key[1:]:
        shown += f".{part}" if isinstance(part, str) else f"[{','.join(word for word in part if word is not None)}]"
    return shown


def fatal_settings(conf, table):
    """Messages on values of a table, made of conf, that make libmultipath refuse the whole file, or hang."""
    release = conf.keywords.release
    found = []
    for key, setting in table.items():
        kind = _kind_of(conf, key)
        if _refuses(kind, release) and not readable(kind, setting.text):
            found.append(f"{setting.place}: {show_key(key)}: {setting.text!r} makes libmultipath {_harm(kind)}.")
    return tuple(found)


def _refuses(kind, release):
    if kind == "regex":
        # Red Hat's build of 0.8.4 reads a bad expression as .*
        return release != (0, 8, 4)
    if kind in ("seconds", "count", "integer", "verbosity") and release in ((0, 8, 5), (0, 8, 6)):
        return True
    if kind == "seconds":
        return release is None or release >= (0, 10, 0)
    return kind == "reservation_key"


def _harm(kind):
    return "hang" if kind == "seconds" else "refuse the whole configuration"


def _kind_of(conf, key):
    section, middle = key[0], key[1]
    if section in LISTS:
        return "regex"
    if isinstance(middle, str):
        path = (section, middle)
    else:
        path = (section, STANZAS[section][0], key[2] if len(key) > 2 else STANZAS[section][1][0])
    keyword = conf.keywords.known(path)
    return keyword.kind if keyword else "text"


def _stanzas(section):
    return section.blocks(STANZAS[section.keyword][0]) if section.keyword in STANZAS else ()


def _add_stanza(table, conf, section, stanza):
    identity = identity_of(section, stanza)
    exists = (section, identity)
    release = conf.keywords.release
    if section == "multipaths" and exists in table and release and release < MERGES_MULTIPATHS:
        return
    path = (section, stanza.keyword)
    table.setdefault(exists, _plain(conf, "", stanza.line))
    for attr in stanza.attrs():
        if attr.known and attr.keyword not in STANZAS[section][1]:
            table[(*exists, attr.name)] = _setting(conf, path, attr)


def _list_entries(conf, section):
    for item in section.items:
        if isinstance(item, Attr):
            if item.known:
                yield (section.keyword, (item.keyword, item.value)), _plain(conf, item.value, item.line)
        else:
            device = (item.keyword, item.value("vendor"), item.value("product"))
            # A regular expression that is refused is told by whichever of the two it is.
            bad = [text for text in device[1:] if text is not None and not readable("regex", text)]
            yield (section.keyword, device), _plain(conf, bad[0] if bad else ".", item.line)


def _setting(conf, path, attr):
    keyword = conf.keywords.known((*path, attr.keyword))
    taken = meaning(keyword.kind if keyword else "text", attr.value)
    return Setting(attr.value, taken, conf.path, attr.line + 1)


def _plain(conf, text, line):
    """The Setting of what is merely there."""
    return Setting(text, "", conf.path, line + 1)
