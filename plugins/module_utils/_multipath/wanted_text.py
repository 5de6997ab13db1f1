# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted settings of a playbook, checked against the keywords of a release, as the texts that go into the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Mapping, Optional, Sequence, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import LISTS, STANZAS
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.feature_text import STAND_INS, without_feature
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import canonical, dotted, was_ever
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import LATER, PLUG_INS, meaning
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import alias_problem
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import wanted_text

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
class Value:
    """A keyword and the text it shall have; text None: it shall go.

    meaning: what the text is taken for. note: what the user should know when it is written otherwise than he gave it.
    only: it shall go only while it means this.
    """

    keyword: str
    text: Optional[str]
    meaning: Optional[str] = None
    note: str = ""
    only: Optional[str] = None

    @property
    def name(self):
        """The keyword under which the value counts."""
        return canonical(self.keyword)


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
        return Section(section, values=_values((section,), given, state, keywords))
    if section == "overrides":
        given = dict(given)
        stanzas = given.pop("protocol", ())
        listed = _listed_protocols(stanzas)
        return Section(section, _values((section,), given, state, keywords), _stanzas(section, listed, state, keywords), emptied=stanzas is None)
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
    pairs = tuple((part, _text((*path, part), entry[part], keywords)) for part in parts if entry.get(part) is not None)
    texts = dict(pairs)
    values = {name: value for name, value in entry.items() if name not in parts}
    return Stanza(tuple(texts.get(part) for part in parts), pairs, _values(path, values, state, keywords))


def _values(path, given, state, keywords):
    _check_names(path, given)
    found = []
    for name, value in given.items():
        if value is None or state == "absent":
            # What goes may be a keyword of any release.
            if not was_ever((*path, name)):
                keywords.check((*path, name))
            found.append(Value(name, None))
        else:
            found.append(_value((*path, name), value, keywords))
    if state == "absent":
        return (*found, *_written_for(given))
    for feature in STAND_INS:
        found = _with_stand_in(path, found, feature, keywords)
    return tuple(found)


def _written_for(given):
    """What _with_stand_in has written in the place of features that are to go, unless it is named itself."""
    features = given.get("features")
    for feature, stand_in in STAND_INS.items():
        keyword, text = stand_in[:2]
        if isinstance(features, str) and without_feature(features, feature)[1] and keyword not in given:
            yield Value(keyword, None, only=text)


def _check_names(path, given):
    """Raises SanError for two names of one value: the later line would win, and the other be changed again on every run."""
    names = {}
    for name in given:
        other = names.setdefault(canonical(name), name)
        if other != name:
            raise SanError(f"{' '.join(path)}: {other} and {name} are two names of one keyword. Keep one of them.")


def _value(path, value, keywords):
    text, kind = _text(path, value, keywords), keywords.known(path).kind
    return Value(path[-1], text, meaning(kind, text), _note(path, value, text, kind))


def _note(path, value, text, kind):
    where, since = " ".join(path), LATER.get((kind, value))
    if since and text != value:
        return f"{where}: {value!r} is known since multipath-tools {dotted(since)}; {text!r} says the same here."
    if kind == "name" and alias_problem(text):
        return f"{where}: {text!r} {alias_problem(text)}."
    return _plug_in_note(where, text.split()[0], kind) if kind in PLUG_INS else ""


def _plug_in_note(where, name, kind):
    if name in PLUG_INS[kind]:
        return ""
    known = ", ".join(sorted(PLUG_INS[kind]))
    brought, without = ("Linux brings", "no map is made") if kind == "path_selector" else ("multipath-tools bring", "the paths are not judged")
    return f"{where}: {name!r} is none of those that {brought} ({known}). Without its plug-in {without}."


def _with_stand_in(path, values, feature, keywords):
    """The values with a keyword in the place of the feature that libmultipath takes for it, where the keyword may stand."""
    keyword, meant, since = STAND_INS[feature]
    features = next((value for value in values if value.keyword == "features" and value.text and without_feature(value.text, feature)[1]), None)
    if features is None or keywords.known((*path, keyword)) is None:
        return values
    given = next((value for value in values if value.keyword == keyword and value.text), None)
    what = f"left out, since {keyword} {given.text} wins over it" if given else f"written as {keyword} {meant}, which wins over it"
    note = f"{' '.join(path)} features: {feature} is {what} since multipath-tools {dotted(since)}."
    text = without_feature(features.text, feature)[0]
    kept = replace(features, text=text, meaning=text, note=f"{features.note} {note}".strip())
    others = tuple(kept if value is features else value for value in values if value.keyword != keyword)
    return (*others, given or _value((*path, keyword), meant, keywords))


def _entry(section, entry, state, keywords):
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise SanError(f"{section}: {entry!r} is no dictionary of one key. Write one of wwid, devnode, property, protocol, device.")
    ((keyword, value),) = entry.items()
    read = _removed_text if state == "absent" else _text
    if keyword != "device":
        return (keyword, read((section, keyword), value, keywords))
    if not isinstance(value, Mapping) or not value or set(value) - {"vendor", "product"}:
        raise SanError(f"{section}: device: {value!r} is no dictionary of vendor and product, or of one of them.")
    texts = {part: read((section, keyword, part), text, keywords) for part, text in value.items()}
    return (keyword, texts.get("vendor"), texts.get("product"))


def _text(path, value, keywords):
    keyword = keywords.check(path)
    try:
        text = wanted_text(keyword.kind, value, keywords.release)
    except SanError as error:
        raise SanError(f"{' '.join(path)}: {error}") from None
    return text


def _removed_text(path, value, keywords):
    """The text of what shall go, which may be one that cannot be set, and of any release."""
    if not was_ever(path):
        keywords.check(path)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SanError(f"{' '.join(path)}: {value!r} is neither a text nor a number. Write the expression that shall go, as the file has it.")
    return str(value)


def _shown(identity):
    return ", ".join(part for part in identity if part is not None)


def _keys(entry):
    return ", ".join(f"{key}={value}" for key, value in entry.items()) or "it is empty"
