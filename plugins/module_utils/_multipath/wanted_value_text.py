# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wanted keyword and its value, checked against the keywords of a release, as the text that goes into the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.feature_text import STAND_INS, without_feature
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import canonical, dotted, was_ever
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import LATER, PLUG_INS, meaning
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import alias_problem
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import wanted_text


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


def values_of(path, given, state, keywords):
    """What a section or stanza (path) shall say -> tuple of Value. given: keyword -> value of the playbook. Raises SanError naming it."""
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
    text, kind = text_of(path, value, keywords), keywords.known(path).kind
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


def text_of(path, value, keywords):
    """The text of one value. Raises SanError."""
    keyword = keywords.check(path)
    try:
        text = wanted_text(keyword.kind, value, keywords.release)
    except SanError as error:
        raise SanError(f"{' '.join(path)}: {error}") from None
    return text


def removed_text_of(path, value, keywords):
    """The text of what shall go, which may be one that cannot be set, and of any release."""
    if not was_ever(path):
        keywords.check(path)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SanError(f"{' '.join(path)}: {value!r} is neither a text nor a number. Write the expression that shall go, as the file has it.")
    return str(value)
