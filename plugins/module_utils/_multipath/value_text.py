# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of multipath.conf: what a keyword takes, when two mean the same, and how one is written.

libmultipath drops a value that it cannot read with at most a warning, and some releases hang on one or refuse the whole
file, so a value is judged before it is written. Sources: libmultipath/dict.c, multipath.conf(5).
"""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import CHOICES, NUMBERS, PROTOCOLS, has_right_count, is_later, spelled
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import check_regex

# libmultipath reads lines of at most this many bytes (fgets with 1024); the rest becomes a line of its own.
LONGEST_LINE = 1023

_INTEGER = re.compile(r"-?[0-9]+\Z")
_NEEDS_QUOTES = re.compile(r'[\s{}#!"]|[^\x00-\x7f]')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# YAML has made another number of 0660 and of 0x1f.
_NOT_DECIMAL = ("mode", "reservation_key")
_TEXTS = ("identity", "regex", "pattern", "name", "infix", "text")
# The word that a YAML boolean stands for: YAML reads yes, no, on and off as one.
_BOOLEANS = {
    "yes_no": ("yes", "no"),
    "find_multipaths": ("yes", "no"),
    "marginal_pathgroups": ("on", "off"),
    "flush_on_last_del": ("yes", "no"),
    "off_or_seconds": (None, "off"),
    "max_retries": (None, "off"),
    "no_or_count": (None, "no"),
}


def wanted_text(kind, value, release):
    """The text to write for a value from a playbook (str, int, float or bool). Raises SanError when it is none of kind."""
    text = spelled(kind, _plain(kind, value), release)
    _check_letters(text, release)
    if kind in CHOICES:
        _check_choice(kind, text)
    elif kind in NUMBERS:
        _check_number(kind, text)
    elif kind == "reservation_key":
        if not is_reservation_key(text) or text.partition(":")[2] not in ("", "aptpl"):
            raise SanError(f"{text!r} is not file or up to 16 hexadecimal digits, with or without :aptpl.")
    elif kind in _PATTERNS:
        pattern, shape = _PATTERNS[kind]
        if not pattern.match(text):
            raise SanError(f"{text!r} is not {shape}.")
    elif kind in ("counted", "path_selector"):
        _check_counted(kind, text)
    elif kind == "protocol_type" and text not in PROTOCOLS:
        raise SanError(f"{text!r} is no protocol. Known are {', '.join(sorted(PROTOCOLS))}.")
    elif kind == "regex":
        _check_expression(text)
    _check_age(kind, text, release)
    return text


def needs_quotes(text):
    """Whether a value is read whole only between quotes."""
    return not text or _NEEDS_QUOTES.search(text) is not None


def is_reservation_key(text):
    """Whether a text is one as libmultipath reads it; it refuses the whole file for another. A flag that it does not know is nothing to it."""
    digits = text.partition(":")[0]
    # One leading 0 is no digit to it, so that 0 is no key.
    digits = digits[digits.startswith("0") :]
    digits = digits[digits[:1] in ("x", "X") :]
    return text == "file" or re.match(r"[0-9A-Fa-f]{1,16}\Z", digits) is not None


def render_value(text, quote=False):
    """A value as written. quote: also where it is not needed, never an integer: releases up to 0.7.5 read that as 0."""
    if needs_quotes(text) or (quote and not _INTEGER.match(text)):
        return '"' + text.replace('"', '""') + '"'
    return text


def _plain(kind, value):
    if isinstance(value, bool):
        word = _BOOLEANS.get(kind, (None, None))[0 if value else 1]
        if word is None:
            raise SanError(f"{str(value).lower()} is no value for it. Quote it in the playbook when a word is meant.")
        return word
    if isinstance(value, (int, float)) and (kind in _NOT_DECIMAL or (isinstance(value, float) and kind in _TEXTS)):
        raise SanError(f"{value!r} was read as a decimal number, and may have been written otherwise. Quote it in the playbook.")
    if isinstance(value, (str, int, float)):
        return str(value)
    raise SanError(f"{value!r} is neither a text nor a number.")


def _check_letters(text, release):
    if _CONTROL.search(text):
        raise SanError(f"{text!r} has a line break or a control character, which multipath.conf cannot hold.")
    if release is None:
        return
    if release < (0, 7, 6) and ('"' in text or text[:1].isspace()):
        raise SanError(f"{text!r}: multipath-tools before 0.7.6 cannot read a quote or a leading blank in a value.")
    # Fixed in 0.8.5, and in Red Hat's build of 0.8.4.
    if release < (0, 8, 4) and text[:1] in ("#", "!"):
        raise SanError(f"{text!r}: multipath-tools before 0.8.5 read a value that begins with # or ! as an empty one.")


def _check_age(kind, text, release):
    since = is_later(kind, text, release)
    if since:
        raise SanError(f"{text!r} needs multipath-tools {'.'.join(map(str, since))}; this host has {'.'.join(map(str, release))}.")


def _check_choice(kind, text):
    if text not in CHOICES[kind]:
        raise SanError(f"{text!r} is none of {', '.join(CHOICES[kind])} (small letters).")


def _check_expression(text):
    # An empty template variable, more often than a wish: regexec(3) finds an empty expression in everything.
    if not text:
        raise SanError("'' matches every device. Write .* if that is meant.")
    check_regex(text)


def _check_number(kind, text):
    words, low, high = NUMBERS[kind]
    if text in words:
        return
    if not _INTEGER.match(text) or not low <= int(text) <= high:
        others = f"{', '.join(words)} or " if words else ""
        raise SanError(f"{text!r} is not {others}a number from {low} to {high}.")


def _check_counted(kind, text):
    if not has_right_count(kind, text):
        example = "'service-time 0'" if kind == "path_selector" else "'1 queue_if_no_path'"
        raise SanError(f"{text!r} lacks the right count of arguments, so it would be ignored. Write it like {example}.")


_PATTERNS = {
    **dict.fromkeys(("prio", "checker"), (re.compile(r"\S+\Z"), "one word")),
    # Nothing: the WWID is read from sysfs.
    "property": (re.compile(r"\S*\Z"), "one word, or nothing"),
    "name": (re.compile(r"[^/]+\Z"), "a name of at least one character that is free of slashes"),
    # Nothing between a name and what follows it is a choice of its own.
    "infix": (re.compile(r"[^/]*\Z"), "free of slashes"),
    "identity": (re.compile(r".+\Z"), "a value: it is empty"),
    "group": (re.compile(r"[0-9]+\Z"), "a number, and a name would be looked up among the users"),
    "uid_attrs": (re.compile(r"[^\s:]+:[^\s:]+( [^\s:]+:[^\s:]+)*\Z"), "a list of names with their attributes, such as 'sd:ID_SERIAL dasd:ID_UID'"),
    "path": (re.compile(r"/.*\Z"), "an absolute path"),
    "mode": (re.compile(r"0?[0-7]{1,4}\Z"), "an octal mode such as 0660; quote it in the playbook"),
    "owner": (re.compile(r"[0-9]+\Z|[A-Za-z_][A-Za-z0-9_.-]*\$?\Z"), "a number or a name"),
}
