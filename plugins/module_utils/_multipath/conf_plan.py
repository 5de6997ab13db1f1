# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wanted settings and a parsed multipath.conf to the new text, everything that is not named kept byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Conf, parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import LISTS, STANZAS, settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import FATAL, faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_list_text import OLDEST
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import dotted
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.section_plan import SectionEditor
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verify_plan import check_aliases, overridden
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wanted_text import Wanted, notes_of, read_wanted

__all__ = ["Edit", "Wanted", "edit_conf"]


@dataclass(frozen=True)
class Edit:
    """conf: the new Conf; changed_keys: what changed, such as multipaths[3600..].alias; warnings: what the user should know.

    wanted: {key: meaning or None} as in effective_text, what the new configuration has to say; None: no longer there.
    complaints: what is not right about the file, which the installed libmultipath would say itself.
    """

    conf: Conf
    changed_keys: Tuple[str, ...]
    warnings: Tuple[str, ...]
    wanted: Tuple[Tuple[tuple, str], ...] = ()
    complaints: Tuple[str, ...] = ()

    @property
    def text(self):
        """The new text."""
        return self.conf.text


def edit_conf(conf, wanted, keywords=None):
    """The Edit that makes conf say what is wanted; editing its outcome again changes nothing.

    keywords: None takes conf.keywords. Raises SanError with file and line when the file or a value is not safe to edit.
    """
    if keywords is not None and keywords != conf.keywords:
        conf = parse_conf(conf.text, conf.path, keywords, conf.drop_in)
    release = conf.keywords.release
    if release is not None and release < OLDEST:
        raise SanError(f"{conf.path}: multipath-tools {dotted(release)} read it otherwise than newer ones. Upgrade to {dotted(OLDEST)} or later.")
    editor = SectionEditor(conf, wanted.exclusive, wanted.state == "absent")
    sections = read_wanted(wanted, conf.keywords)
    for section in sections:
        editor.edit(section)
    new = conf
    if editor.sheet.changed:
        _check_structure(conf, wanted)
        new = parse_conf(editor.sheet.render(), conf.path, conf.keywords, conf.drop_in)
    table = settings_of(new)
    faults = faults_of(new)
    for fault in faults:
        if fault.code in FATAL:
            raise SanError(f"{fault.message}. Mend that line and run again; nothing was changed.")
    if new is not conf:
        _check_outcome(conf, table, editor.wanted)
    _check_limit(table, editor.wanted)
    check_aliases(editor.wanted, table)
    keys = tuple(dict.fromkeys(show_key(key) for key in editor.keys))
    return Edit(new, keys, (*notes_of(sections), *overridden(editor.wanted.items(), table)), tuple(editor.wanted.items()), _complaints(new, faults))


def _check_structure(conf, wanted):
    """Raises SanError when a line makes libmultipath read a named section otherwise than it looks."""
    named = wanted.named()
    words = {*named, *(STANZAS[section][0] for section in named if section in STANZAS), *("device" for section in named if section in LISTS)}
    for problem in conf.problems:
        reason = _hinders(conf, problem, named, words)
        if reason:
            raise SanError(f"{problem.message}. {reason} Mend it and run again; nothing was changed.")


def _hinders(conf, problem, named, words):
    tokens = conf.lines.tokens(problem.line)
    inside = bool(problem.block) and problem.block[0] in named
    # Braces that belong to each other on one line, as in an expression without quotes, open and close nothing.
    loose = len({sum(token.text == brace and not token.quoted for token in tokens[1:]) for brace in "{}"}) > 1
    if problem.code == "unclosed":
        return "What follows it is read as a part of it." if _swallows(conf, problem) else None
    if problem.code in ("unknown block", "missing") and problem.word in (words if problem.block else named):
        return "What it holds is not read, so its keywords cannot be set there."
    if problem.code == "unknown block" and inside and loose:
        return f"Its closing brace ends {problem.block[-1]} instead."
    if problem.code == "extra" and tokens[0].text in words:
        return "A block needs its opening line, its closing brace and each of its values on lines of their own."
    if problem.code == "extra" and loose and (problem.word in words or inside):
        return "A brace counts only at the beginning of its line."
    return None


def _swallows(conf, problem):
    """Whether a block that is not closed has something in it that was meant to stand behind it, and not merely the end of the file."""
    path = (*problem.block, problem.word)
    return any(other.code == "unknown block" and other.line > problem.line and other.block[: len(path)] == path for other in conf.problems)


def _check_outcome(conf, table, wanted):
    """Raises SanError when the new text would be read otherwise than: what was named changed, all else as before."""
    expected = {key: setting.meaning for key, setting in settings_of(conf).items() if wanted.get(key, "") is not None and wanted.get(key[:2], "") is not None}
    expected.update((key, meaning) for key, meaning in wanted.items() if meaning is not None)
    outcome = {key: setting.meaning for key, setting in table.items()}
    if outcome != expected:
        wrong = sorted(show_key(key) for key in {*expected, *outcome} if expected.get(key) != outcome.get(key))
        raise SanError(
            f"{conf.path}: cannot be edited safely: libmultipath would read {', '.join(wrong[:5])} otherwise than it should. "
            "Look at the braces around it; nothing was changed."
        )


def _check_limit(table, wanted):
    """Raises SanError for a polling_interval that libmultipath lowers to max_polling_interval, when one of them is named."""
    keys = (("defaults", "polling_interval"), ("defaults", "max_polling_interval"))
    interval, limit = map(table.get, keys)
    if any(map(wanted.get, keys)) and interval and limit and int(interval.meaning) > int(limit.meaning):
        raise SanError(
            f"defaults: polling_interval {interval.text} ({interval.place}) is above max_polling_interval {limit.text} ({limit.place}), "
            "to which libmultipath lowers it. Set both; nothing was changed."
        )


def _complaints(conf, faults):
    return tuple(f"{problem.message}." for problem in sorted((*conf.problems, *faults), key=lambda problem: problem.line))
