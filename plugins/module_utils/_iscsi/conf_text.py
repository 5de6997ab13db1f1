# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of iscsid.conf and initiatorname.iscsi: lines that render back byte for byte.

open-iscsi has two readers, and both are followed here to the letter.
Its idbm (usr/idbm.c, idbm_recinfo_config) reads the keys node.* and discovery.*: the last line of a key wins, and a line is
passed over when it has no blank before the "=", no value, or no line end (the last line of a file). iscsid (usr/iscsi_util.c,
cfg_get_string_param) reads iscsid.*, InitiatorName and InitiatorAlias: the first line with a value wins.
Both: no quotes, no escapes, no continuation; "#" starts a comment at the start of a line only; blanks around a value are cut off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BLANKS
from ansible_collections.linuxsan.host.plugins.module_utils._secret import SHOWN

# idbm.h: the readers copy into buffers of these sizes, and do not check the bounds of the first two.
MAX_KEY_BYTES = 127
MAX_VALUE_BYTES = 255
MAX_LINE_BYTES = {True: 1022, False: 2046}
# What the comments of upstream's iscsid.conf have in the place of a password.
PLACEHOLDERS = ("password", "password_in")
SHOWN_AUTH_FIELDS = ("authmethod", "username", "username_in", "chap_algs")

_SETTING = re.compile(rf"(?s)([{BLANKS}]*)([^{BLANKS}=]+)([{BLANKS}]*)(=[{BLANKS}]*)(.*?)([{BLANKS}]*)\Z")
_COMMENTED = re.compile(rf"(?s)([{BLANKS}]*#[#{BLANKS}]*[^#{BLANKS}=]+[{BLANKS}]*=[{BLANKS}]*)(.*?)([{BLANKS}]*)\Z")
# A password that someone noted in a comment in a form of his own.
_NOTED_SECRET = re.compile(rf"(?is)(pass\w*[{BLANKS}]*[=:]+[{BLANKS}]*)[^{BLANKS}].*?([{BLANKS}]*)\Z")

SETTING, IGNORED, COMMENTED, OTHER = "setting", "ignored", "commented", "other"


@dataclass(frozen=True)
class ConfLine:
    """One line; head + value + tail is its text, tail has the line end.

    kind: setting (open-iscsi takes it), ignored (a setting that open-iscsi passes over, reason says why), commented
    (a setting behind a "#") or other (blank line or comment).
    """

    kind: str
    head: str
    key: Optional[str] = None
    value: str = ""
    tail: str = ""
    reason: Optional[str] = None


def parse_conf(text, source):
    """The lines of a file as a tuple of ConfLine; source: the file's name for messages.

    Raises ParseError for a line that no reader of open-iscsi takes for a setting or that its buffers cannot hold.
    The message has the line's number and never its text, which may be a password.
    """
    return tuple(_parse_line(raw, number, source) for number, raw in enumerate(_split(text), 1))


def render_conf(lines):
    """The text of a file, given as ConfLine."""
    return "".join(line.head + line.value + line.tail for line in lines)


def effective(lines, key):
    """The value that open-iscsi takes for a key, or None."""
    index = _winner(lines, key)
    return None if index is None else lines[index].value


def stands(lines, key):
    """True when a line that is no comment names the key, whether open-iscsi takes it or not."""
    return any(line.key == key for line in lines if line.kind in (SETTING, IGNORED))


def set_key(lines, key, value):
    """The lines with one key set and all else untouched.

    The line that counts is changed in place. A key that is only there as a commented default comes right after the last such
    comment; a key that is not there at all comes at the end.
    """
    index = _winner(lines, key)
    if index is not None:
        return _put(lines, index, replace(lines[index], value=value))
    index = _last(lines, key, IGNORED)
    if index is not None:
        return _put(lines, index, _new_line(key, value, _end_of(lines)))
    index = _last(lines, key, COMMENTED)
    if index is not None:
        return insert_after(lines, index, _new_line(key, value, _end_of(lines)))
    return append(lines, _new_line(key, value, _end_of(lines)))


def remove_key(lines, key):
    """The lines without those that set a key; comments stay."""
    return tuple(line for line in lines if line.key != key or line.kind not in (SETTING, IGNORED))


def insert_after(lines, index, new):
    """The lines with a new one after the index; a last line without a line end gets one."""
    before = lines[index]
    if not before.tail.endswith("\n"):
        before = replace(before, tail=before.tail + _end_of(lines))
    return (*lines[:index], before, new, *lines[index + 1 :])


def append(lines, new):
    """The lines with a new one at the end.

    Before the last line when that has no line end: idbm passes such a line over, and a line end would bring it into force.
    """
    if lines and not lines[-1].tail.endswith("\n"):
        return (*lines[:-1], new, lines[-1])
    return (*lines, new)


def ignored_lines(lines):
    """(number, key, reason) of each line that looks like a setting and that open-iscsi passes over."""
    return tuple((number, line.key, line.reason) for number, line in enumerate(lines, 1) if line.kind == IGNORED)


def is_secret(key):
    """True for a key whose value is never shown: every auth field but those known to be harmless, so a mistyped one too."""
    return key is not None and ".auth." in key and key.rsplit(".", 1)[1] not in SHOWN_AUTH_FIELDS


def holds_secret(lines):
    """True when the file has a password that others must not read, in force or commented out."""
    return any(is_secret(line.key) and line.value and (line.kind != COMMENTED or line.value not in PLACEHOLDERS) for line in lines)


def render_shown(lines, changed=()):
    """The text with every secret hidden; the lines that count for the keys in changed are marked, so that a diff has them."""
    marked = {_winner(lines, key) for key in changed}
    return "".join(_shown(line, index in marked) for index, line in enumerate(lines))


def _shown(line, marked):
    if is_secret(line.key) and line.value:
        return line.head + SHOWN + (" (changed)" if marked else "") + line.tail
    return _NOTED_SECRET.sub(rf"\g<1>{SHOWN}\g<2>", line.head + line.value + line.tail)


def _split(text):
    # fgets() knows one line end only; str.splitlines() knows many.
    return [part for part in re.split(r"(?<=\n)", text) if part]


def _parse_line(raw, number, source):
    stripped = raw.strip(BLANKS)
    if "\0" in raw:
        raise ParseError(_broken(source, number, "holds a NUL byte"))
    if not stripped or stripped.startswith("#"):
        return _parse_comment(raw)
    found = _SETTING.match(raw)
    if found is None:
        raise ParseError(_broken(source, number, "is not of the form `key = value`"))
    indent, key, blank, equals, value, tail = found.groups()
    plain = read_by_iscsid(key)
    if not plain and not blank and value.startswith("="):
        # idbm skips one character after the key before it looks for "=": with `key==value` it finds the second one.
        blank, equals, value = "=", equals[1:] + "=", value[1:]
        cut = value.lstrip(BLANKS)
        equals, value = equals + value[: len(value) - len(cut)], cut
    _check_sizes(raw, key, value, plain, source, number)
    reason = _why_ignored(plain, blank, value, tail)
    return ConfLine(IGNORED if reason else SETTING, indent + key + blank + equals, key, value, tail, reason)


def _parse_comment(raw):
    found = _COMMENTED.match(raw)
    if found is None:
        return ConfLine(OTHER, raw.rstrip("\r\n"), tail=raw[len(raw.rstrip("\r\n")) :])
    head, value, tail = found.groups()
    return ConfLine(COMMENTED, head, head.strip("#=" + BLANKS), value, tail)


def _check_sizes(raw, key, value, plain, source, number):
    checked = [("line", raw.rstrip("\n"), MAX_LINE_BYTES[plain]), ("key", key, MAX_KEY_BYTES), ("value", value, MAX_VALUE_BYTES)]
    for what, text, limit in checked:
        size = size_of(text)
        if size > limit and not (plain and what == "value"):
            raise ParseError(_broken(source, number, f"has a {what} of {size} bytes, and open-iscsi reads at most {limit}"))


def _why_ignored(plain, blank, value, tail):
    if not value:
        return "it has no value"
    if not plain and not blank:
        return "it has no blank before the ="
    if not plain and not tail.endswith("\n"):
        return "it is the last line and has no line end"
    return None


def read_by_iscsid(key):
    """True for the keys of the simple reader (first line wins, `=` without blanks is fine)."""
    return key.startswith("iscsid.") or "." not in key


def size_of(text):
    """The length in bytes that a text has in the file."""
    return len(text.encode("utf-8", "surrogateescape"))


def _broken(source, number, what):
    return f"{source}, line {number}: the line {what}. Nothing was changed; mend or remove the line and run again."


def _winner(lines, key) -> Optional[int]:
    found = [index for index, line in enumerate(lines) if line.kind == SETTING and line.key == key]
    if not found:
        return None
    return found[0] if read_by_iscsid(key) else found[-1]


def _last(lines, key, kind) -> Optional[int]:
    found = [index for index, line in enumerate(lines) if line.kind == kind and line.key == key]
    return found[-1] if found else None


def _put(lines, index, line) -> Tuple[ConfLine, ...]:
    return (*lines[:index], line, *lines[index + 1 :])


def _new_line(key, value, end):
    return ConfLine(SETTING, f"{key} = ", key, value, end)


def _end_of(lines):
    """The file's line end, told by its first line."""
    return "\r\n" if lines and lines[0].tail.endswith("\r\n") else "\n"
