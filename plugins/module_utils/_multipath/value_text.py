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

INT_MAX = 2**31 - 1
UINT_MAX = 2**32 - 1
# libmultipath reads lines of at most this many bytes (fgets with 1024); the rest becomes a line of its own.
LONGEST_LINE = 1023

_INTEGER = re.compile(r"-?[0-9]+\Z")
_NEEDS_QUOTES = re.compile(r'[\s{}#!"\x80-\U0010ffff]')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# kind: each value that it takes, with what it means; a value that another one stands for means the same as that one.
_CHOICES = {
    "yes_no": {"yes": "yes", "1": "yes", "no": "no", "0": "no"},
    "find_multipaths": {
        **{"yes": "on", "1": "on", "on": "on", "no": "off", "0": "off", "off": "off"},
        **{"strict": "strict", "greedy": "greedy", "smart": "smart"},
    },
    "marginal_pathgroups": {"on": "on", "yes": "on", "1": "on", "off": "off", "no": "off", "0": "off", "fpin": "fpin"},
    "rr_weight": {"uniform": "uniform", "priorities": "priorities"},
    "log_checker_err": {"once": "once", "always": "always"},
    "auto_resize": {"never": "never", "grow_only": "grow_only", "grow_shrink": "grow_shrink"},
    "flush_on_last_del": {
        **{"yes": "always", "1": "always", "always": "always", "no": "unused", "0": "unused", "unused": "unused"},
        "never": "never",
    },
    "path_grouping_policy": {name: name for name in ("failover", "multibus", "group_by_serial", "group_by_prio", "group_by_node_name", "group_by_tpg")},
    "vpd_vendor": {"hp3par": "hp3par"},
}
# kind: what it takes besides a number of the range, with the number or word that means the same.
_NUMBERS = {
    "count": ({}, 0, INT_MAX),
    "seconds": ({}, 1, UINT_MAX),
    "integer": ({}, -INT_MAX, INT_MAX),
    "verbosity": ({}, 0, 6),
    "max_fds": ({"max": "max"}, 1, INT_MAX),
    "failback": ({"immediate": "immediate", "manual": "manual", "followover": "followover"}, 0, INT_MAX),
    "no_path_retry": ({"fail": "0", "queue": "queue"}, 0, INT_MAX),
    "off_or_seconds": ({"off": "off"}, 0, INT_MAX),
    "dev_loss_tmo": ({"infinity": str(UINT_MAX)}, 0, UINT_MAX),
    "max_retries": ({"off": "off"}, 0, 5),
    "no_or_count": ({"no": "no"}, 0, INT_MAX),
}
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
# (kind, value): the first release that takes it, where that is not as old as the keyword.
_LATER = {
    ("find_multipaths", "on"): (0, 7, 7),
    ("find_multipaths", "off"): (0, 7, 7),
    ("find_multipaths", "strict"): (0, 7, 7),
    ("find_multipaths", "greedy"): (0, 7, 7),
    ("find_multipaths", "smart"): (0, 7, 7),
    ("path_grouping_policy", "group_by_tpg"): (0, 9, 6),
    ("marginal_pathgroups", "fpin"): (0, 9, 0),
    # 0.9.9 upstream; Red Hat has it on a base of 0.8.7.
    ("flush_on_last_del", "always"): (0, 8, 7),
    ("flush_on_last_del", "unused"): (0, 8, 7),
    ("flush_on_last_del", "never"): (0, 8, 7),
}
_SCSI = "fcp spi ssa sbp srp iscsi sas adt ata usb unspec"
_NVME = "pcie rdma fc tcp loop apple-nvme unspec"
_PROTOCOLS = frozenset(["ccw", "cciss", "undef", *(f"scsi:{name}" for name in _SCSI.split()), *(f"nvme:{name}" for name in _NVME.split())])


def wanted_text(kind, value, release):
    """The text to write for a value from a playbook (str, int, float or bool). Raises SanError when it is none of kind."""
    text = _plain(kind, value, release)
    _check_letters(text, release)
    if kind in _CHOICES:
        _check_choice(kind, text, release)
    elif kind in _NUMBERS:
        _check_number(kind, text)
    elif kind in _PATTERNS:
        pattern, shape = _PATTERNS[kind]
        if not pattern.match(text):
            raise SanError(f"{text!r} is not {shape}.")
    elif kind in ("counted", "path_selector"):
        _check_counted(kind, text)
    elif kind == "protocol_type" and text not in _PROTOCOLS:
        raise SanError(f"{text!r} is no protocol. Known are {', '.join(sorted(_PROTOCOLS))}.")
    elif kind == "regex":
        check_regex(text)
    return text


def meaning(kind, text):
    """What libmultipath takes a text for: equal for yes and 1, for fail and 0, for 030 and 30."""
    if kind in _CHOICES:
        return _CHOICES[kind].get(text, text)
    if kind in _NUMBERS:
        text = _NUMBERS[kind][0].get(text, text)
        text = "off" if kind in ("off_or_seconds", "max_retries", "no_or_count") and text in ("off", "no") else text
        return str(int(text)) if _INTEGER.match(text) else text
    if kind in ("counted", "path_selector"):
        return " ".join(text.split())
    if kind == "mode" and re.match(r"[0-7]+\Z", text):
        return str(int(text, 8))
    return text


def readable(kind, text):
    """Whether a value that stands in a file is one of its kind."""
    try:
        wanted_text(kind, text, None)
    except SanError:
        return False
    return True


def needs_quotes(text):
    """Whether a value is read whole only between quotes."""
    return not text or _NEEDS_QUOTES.search(text) is not None


def render_value(text, quote=False):
    """A value as written. quote: also where it is not needed, never an integer: releases up to 0.7.5 read that as 0."""
    if needs_quotes(text) or (quote and not _INTEGER.match(text)):
        return '"' + text.replace('"', '""') + '"'
    return text


def check_regex(text):
    """Raises SanError for what regcomp(3) refuses as an extended regular expression: it makes the whole file be refused."""
    pattern = text[1:] if text.startswith("!") else text
    pattern = pattern[2:] if pattern.startswith("\\!") else pattern
    depth, groups, position, may_repeat = 0, 0, 0, False
    while position < len(pattern):
        letter = pattern[position]
        if letter == "[":
            position = _end_of_bracket(pattern, position)
        elif letter == "\\":
            position += 1
            if position == len(pattern):
                raise SanError(f"{text!r} is no regular expression: it ends in a backslash.")
            if "1" <= pattern[position] <= "9" and int(pattern[position]) > groups:
                raise SanError(f"{text!r} is no regular expression: it refers back to a group that is not there.")
        elif letter in "*+?" and not may_repeat:
            hint = " Write .* for anything." if letter == "*" else ""
            raise SanError(f"{text!r} is no regular expression: nothing stands before {letter!r}.{hint}")
        elif letter == "{":
            position = _end_of_interval(pattern, position, may_repeat)
        groups += letter == ")" and depth > 0
        depth += {"(": 1, ")": -1 if depth else 0}.get(letter, 0)
        may_repeat = letter not in "(|^$"
        position += 1
    if depth:
        raise SanError(f"{text!r} is no regular expression: a parenthesis is not closed.")


def _end_of_bracket(pattern, start):
    position = start + 1
    position += pattern.startswith("^", position)
    position += pattern.startswith("]", position)
    while position < len(pattern) and pattern[position] != "]":
        if pattern[position] == "[" and pattern[position + 1 : position + 2] in (".", "=", ":"):
            end = pattern.find(pattern[position + 1] + "]", position + 2)
            position = end + 1 if end >= 0 else len(pattern)
        position += 1
    if position >= len(pattern):
        raise SanError(f"{pattern!r} is no regular expression: a bracket is not closed.")
    return position


def _end_of_interval(pattern, start, may_repeat):
    found = re.compile(r"\{(\d*)(,?)(\d*)\}").match(pattern, start)
    if not may_repeat or found is None or not (found.group(1) or found.group(2)):
        raise SanError(f"{pattern!r} is no regular expression: the braces hold no count of what stands before them.")
    low, high = int(found.group(1) or 0), int(found.group(3) or found.group(1) or 0)
    if found.group(3) and low > high:
        raise SanError(f"{pattern!r} is no regular expression: the range in braces runs backwards.")
    return found.end() - 1


def _plain(kind, value, release):
    if isinstance(value, bool):
        word = _BOOLEANS.get(kind, (None, None))[0 if value else 1]
        if word is None:
            raise SanError(f"{str(value).lower()} is no value for it. Quote it in the playbook when a word is meant.")
        if kind == "flush_on_last_del" and (release is None or release >= (0, 9, 9)):
            # yes and no are deprecated there.
            return "always" if value else "unused"
        return word
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


def _check_choice(kind, text, release):
    if text not in _CHOICES[kind]:
        raise SanError(f"{text!r} is none of {', '.join(_CHOICES[kind])} (small letters).")
    since = _LATER.get((kind, text))
    if since and release and release < since:
        raise SanError(f"{text!r} needs multipath-tools {'.'.join(map(str, since))}; this host has {'.'.join(map(str, release))}.")


def _check_number(kind, text):
    words, low, high = _NUMBERS[kind]
    if text in words:
        return
    if not _INTEGER.match(text) or not low <= int(text) <= high:
        others = "".join(f"{word}, " for word in words)
        raise SanError(f"{text!r} is none of {others}a number from {low} to {high}.")


def _check_counted(kind, text):
    words = text.split()
    counted = words[1:] if kind == "path_selector" else words
    if not counted or not counted[0].isdigit() or int(counted[0]) != len(counted) - 1:
        example = "'service-time 0'" if kind == "path_selector" else "'1 queue_if_no_path'"
        raise SanError(f"{text!r} lacks the right count of arguments, so it would be ignored. Write it like {example}.")


_PATTERNS = {
    "word": (re.compile(r"\S+\Z"), "one word"),
    "name": (re.compile(r"[^/]*\Z"), "free of slashes"),
    "identity": (re.compile(r".+\Z"), "a value: it is empty"),
    "reservation_key": (re.compile(r"(file|(0x)?[0-9A-Fa-f]{1,16})(:aptpl)?\Z"), "file or up to 16 hexadecimal digits, with or without :aptpl"),
    "mode": (re.compile(r"0?[0-7]{1,4}\Z"), "an octal mode such as 0660; quote it in the playbook"),
    "owner": (re.compile(r"[0-9]+\Z|[A-Za-z_][A-Za-z0-9_.-]*\$?\Z"), "a number or a name"),
}
