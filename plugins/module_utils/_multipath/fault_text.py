# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values and stanzas of a multipath.conf that libmultipath takes otherwise than they look, or not at all.

parse_conf reports what is not right about lines and blocks; this reports what is not right about what they say.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Attr, Problem
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import STANZAS, identity_of, is_complete
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.feature_text import QUEUEING, without_feature
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.interval_text import deadly_interval
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import dotted
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import (
    CHOICES,
    NEVER_CHECKED,
    RED_HAT,
    hangs,
    judges,
    meaning,
    refuses,
    taken,
    unsets,
)
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import check_regex
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import is_reservation_key

# Red Hat's build of 0.8.4 reads "*" as ".*".
_READS_STAR = RED_HAT[0]
# From here on, and in Red Hat's build of 0.8.7, keywords are announced that will be ignored.
_ANNOUNCES = RED_HAT[1]
_ANNOUNCED = ("config_dir", "multipath_dir", "bindings_file", "wwids_file", "prkeys_file")
_OLD_WORDS = ("yes", "no", "1", "0")

FATAL = ("refused", "hang")
_REFUSES = "libmultipath refuses the whole configuration"


def faults_of(conf):
    """A tuple of Problem, in the order of the lines. Codes of FATAL: the whole file is refused, or the program hangs."""
    found = []
    for section in conf.sections:
        _look_at(found, conf, section, (section.keyword,))
        if section.keyword in STANZAS:
            found += _incomplete(conf, section)
    found += [*_repeated(conf), *_unfit_to_blacklist(conf)]
    deadly = deadly_interval(conf) if hangs(conf.keywords.release) else None
    if deadly:
        found = [problem for problem in found if problem.line != deadly.line] + [_problem(conf, deadly, ("defaults",), "hang", _why_deadly(conf, deadly))]
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.line))


def _why_deadly(conf, attr):
    if taken(attr.spec.kind, attr.value, conf.keywords.release, attr.quoted) in (None, "0"):
        return f"{attr.value!r} is no number above 0, on which libmultipath hangs or ends"
    return f"with {attr.value!r}, and what else is set of polling_interval and max_polling_interval, libmultipath hangs or ends"


def _look_at(found, conf, block, path):
    good = set()
    for item in block.items:
        if not isinstance(item, Attr):
            _look_at(found, conf, item, (*path, item.keyword))
        elif item.spec is not None:
            fault = _fault(conf, item, item.name in good)
            if fault:
                found.append(_problem(conf, item, path, *(_in_drop_in(*fault) if conf.drop_in else fault)))
            else:
                good.add(item.name)


def _problem(conf, attr, path, code, words):
    return Problem(code, attr.line, path, attr.keyword, f"{conf.place(attr.line)}: {' '.join(path)} {attr.keyword}: {words}")


def _fault(conf, attr, set_before):
    """(code, words) for a value that is not taken as it stands, else None."""
    spec, text, release = attr.spec, attr.value, conf.keywords.release
    if spec.ignored_by(release):
        return "deprecated", f"ignored since {dotted(spec.ignored)}{', ' + spec.instead + ' does its work' if spec.instead else ''}"
    if spec.kind == "regex":
        # Of devices, see _unfit_to_blacklist.
        return None if spec.name == "product_blacklist" else _expression_fault(text, release)
    if spec.kind == "reservation_key":
        return None if is_reservation_key(text) else ("refused", f"{text!r} is no reservation key, so {_REFUSES}")
    got = taken(spec.kind, text, release, attr.quoted)
    if got is None:
        return _value_fault(spec.kind, text, release, set_before)
    if spec.kind == "pattern":
        return _pattern_fault(text, got)
    if got != meaning(spec.kind, text) and spec.kind != "mode":
        return "prefix" if spec.kind in (*CHOICES, "dev_loss_tmo") else "capped", f"{text!r} is taken for {got}"
    return _deprecation(spec, text, release)


def _in_drop_in(code, words):
    return ("value", words.replace(_REFUSES, "it is ignored")) if code == "refused" else (code, words)


def _deprecation(spec, text, release):
    if spec.name in _ANNOUNCED and release >= _ANNOUNCES:
        return "deprecated", f"ignored by multipath-tools {dotted(spec.ignored)} and later"
    if spec.kind == "flush_on_last_del" and text in _OLD_WORDS and (release is None or release >= (0, 9, 9)):
        return "deprecated", f"{text!r} is called {meaning(spec.kind, text)!r} since 0.9.9"
    if spec.kind == "counted" and without_feature(text, QUEUEING)[1]:
        return "queueing", f"{QUEUEING} is taken for no_path_retry queue, and ignored where no_path_retry is set. Write that"
    return None


def _expression_fault(text, release):
    if text == "*" and release == _READS_STAR:
        return "star", "'*' is read as '.*'"
    try:
        check_regex(text)
    except SanError as error:
        return "refused", f"{_REFUSES}, since {str(error).rstrip('.')}"
    return None


def _pattern_fault(text, got):
    if got != text:
        return "star", f"{text!r} is read as {got!r}"
    try:
        check_regex(text)
    except SanError as error:
        return "never", f"matches no device, since {str(error).rstrip('.')}"
    return None


def _value_fault(kind, text, release, set_before):
    if refuses(kind, text, release):
        return "refused", f"{text!r} is no number, so {_REFUSES}"
    if kind == "interval" and not set_before and judges(release) and not hangs(release):
        return "value", f"{text!r} is no number and taken for {NEVER_CHECKED}"
    if unsets(kind, text):
        return "unset", f"{text!r} stands for not set"
    if kind in ("counted", "path_selector"):
        return "count", f"{text!r} says a wrong count of arguments and is ignored"
    return ("value", f"{text!r} is none of its values and is ignored") if judges(release) else None


def _unfit_to_blacklist(conf):
    """Expressions of which no entry of the blacklist can be made for product_blacklist, when all files have been read (blacklist.c setup_default_blist)."""
    release = conf.keywords.release
    stanzas = [(identity_of("devices", stanza, release), stanza) for stanza in conf.blocks("devices", "device") if is_complete("devices", stanza, release)]
    listed = {identity for identity, stanza in stanzas if stanza.value("product_blacklist") is not None}
    for stanza in (stanza for identity, stanza in stanzas if identity in listed):
        # The last of a keyword counts.
        parts = {attr.name: attr for attr in stanza.attrs() if attr.known and attr.name in ("vendor", "product_blacklist")}
        faults = ((attr, _expression_fault(attr.value, release)) for attr in parts.values())
        yield from (_problem(conf, attr, ("devices", "device"), *fault) for attr, fault in faults if fault)


def _incomplete(conf, section):
    for stanza in section.blocks(STANZAS[section.keyword][0]):
        if not is_complete(section.keyword, stanza, conf.keywords.release):
            words = f"{conf.place(stanza.line)}: {stanza.keyword}: dropped, it lacks what it is known by"
            yield Problem("incomplete", stanza.line, (section.keyword,), stanza.keyword, words)


def _repeated(conf):
    for section, (keyword, parts) in STANZAS.items():
        seen = set()
        for stanza in conf.blocks(section, keyword):
            identity = identity_of(section, stanza, conf.keywords.release)
            if not is_complete(section, stanza, conf.keywords.release):
                continue
            if identity in seen and section != "overrides":
                shown = ", ".join(part for part in identity if part is not None)
                words = f"{conf.place(stanza.line)}: {keyword} {shown}: there is one with the same {' and '.join(parts)} before"
                yield Problem("twice", stanza.line, (section,), keyword, words)
            seen.add(identity)
