# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted sections of a playbook, checked against the keywords of a release, as the texts that go into the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import LISTS, STANZAS
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wanted_value_text import Value, removed_text_of, text_of, values_of

SECTIONS = ("defaults", "blacklist", "blacklist_exceptions", "devices", "overrides", "multipaths")
# What a stanza is known by; the others of STANZAS may be left out.
_REQUIRED = {"devices": ("vendor", "product"), "multipaths": ("wwid",), "overrides": ("type",)}


@dataclass(frozen=True)
class Wanted:
    """The options of linuxsan.host.multipath_conf, as given. None: the section is not named.

    A value None removes its keyword. state: present merges what is listed, absent removes it.
    exclusive: the sections named become exactly what is listed.
    """

    defaults: Optional[Mapping] = None
    overrides: Optional[Mapping] = None
    blacklist: Optional[Sequence] = None
    blacklist_exceptions: Optional[Sequence] = None
    devices: Optional[Sequence] = None
    multipaths: Optional[Sequence] = None
    state: str = "present"
    exclusive: bool = False

    def named(self):
        """The sections that are named, in the order in which a new file has them."""
        return tuple(section for section in SECTIONS if getattr(self, section) is not None)


@dataclass(frozen=True)
class Stanza:
    """What a stanza shall say. pairs: the keywords that identify it, as they are written."""

    identity: Tuple[Optional[str], ...]
    pairs: Tuple[Tuple[str, str], ...]
    values: Tuple[Value, ...]

    @property
    def only_removes(self):
        """Whether it names nothing but keywords that shall go."""
        return bool(self.values) and all(value.text is None for value in self.values)


@dataclass(frozen=True)
class Section:
    """What a section shall say. entries: of a blacklist, each a tuple as in effective_text. emptied: stanzas that are not listed go."""

    keyword: str
    values: Tuple[Value, ...] = ()
    stanzas: Tuple[Stanza, ...] = ()
    entries: Tuple[Tuple[Optional[str], ...], ...] = ()
    emptied: bool = False


def notes_of(sections):
    """What the user should know about values that are written otherwise than he gave them."""
    values = [value for section in sections for value in (*section.values, *(value for stanza in section.stanzas for value in stanza.values))]
    return tuple(value.note for value in values if value.note)


def read_wanted(wanted, keywords):
    """A tuple of Section. Raises SanError naming the section and keyword of what the release does not take."""
    if wanted.state == "absent" and wanted.exclusive:
        raise SanError("exclusive: cannot be combined with state absent. List what shall stay, with state present.")
    return tuple(_section(section, getattr(wanted, section), wanted.state, keywords) for section in wanted.named())


def _section(section, given, state, keywords):
    if section in LISTS:
        return Section(section, entries=tuple(_entry(section, entry, state, keywords) for entry in given))
    if section == "defaults":
        return Section(section, values=values_of((section,), given, state, keywords))
    if section == "overrides":
        given = dict(given)
        stanzas = given.pop("protocol", ())
        listed = _listed_protocols(stanzas)
        return Section(section, values_of((section,), given, state, keywords), _stanzas(section, listed, state, keywords), emptied=stanzas is None)
    return Section(section, stanzas=_stanzas(section, given, state, keywords))


def _listed_protocols(given):
    listed = () if given is None else [given] if isinstance(given, Mapping) else given
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise SanError(
            f"overrides protocol: {given!r} is no list of dictionaries. Write each protocol as one, with its type and its keywords, such as "
            "{type: 'scsi:iscsi', fast_io_fail_tmo: 30}."
        )
    return listed


def _stanzas(section, given, state, keywords):
    stanzas = tuple(_stanza(section, entry, state, keywords) for entry in given)
    for identity, times in Counter(stanza.identity for stanza in stanzas).items():
        if times > 1:
            raise SanError(f"{section}: {_shown(identity)} is listed {times} times. List it once, with all its settings.")
    return stanzas


def _stanza(section, entry, state, keywords):
    keyword, parts = STANZAS[section]
    if not isinstance(entry, Mapping):
        raise SanError(f"{section}: {entry!r} is no dictionary. Write the keywords of one {keyword}, each with its value.")
    missing = [part for part in _REQUIRED[section] if entry.get(part) is None]
    if missing:
        raise SanError(f"{section}: an entry lacks {' and '.join(missing)}: {_keys(entry)}. A {keyword} is known by it.")
    path = (section, keyword)
    pairs = tuple((part, text_of((*path, part), entry[part], keywords)) for part in parts if entry.get(part) is not None)
    texts = dict(pairs)
    values = {name: value for name, value in entry.items() if name not in parts}
    return Stanza(tuple(texts.get(part) for part in parts), pairs, values_of(path, values, state, keywords))


def _entry(section, entry, state, keywords):
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise SanError(f"{section}: {entry!r} is no dictionary of one key. Write one of wwid, devnode, property, protocol, device.")
    ((keyword, value),) = entry.items()
    read = removed_text_of if state == "absent" else text_of
    if keyword != "device":
        return (keyword, read((section, keyword), value, keywords))
    if not isinstance(value, Mapping) or not value or set(value) - {"vendor", "product"}:
        raise SanError(f"{section}: device: {value!r} is no dictionary of vendor and product, or of one of them.")
    texts = {part: read((section, keyword, part), text, keywords) for part, text in value.items()}
    return (keyword, texts.get("vendor"), texts.get("product"))


def _shown(identity):
    return ", ".join(part for part in identity if part is not None)


def _keys(entry):
    return ", ".join(f"{key}={value}" for key, value in entry.items()) or "it is empty"
