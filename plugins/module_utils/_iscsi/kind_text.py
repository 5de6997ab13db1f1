# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of values in the files of open-iscsi, and the text of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import BLANKS, MAX_VALUE_BYTES, size_of

INT_MAX = 2**31 - 1
NO_VALUE = "<empty>"


@dataclass(frozen=True)
class Kind:
    """The values of a key: text, one of choices, any of choices with commas (listed), or a whole number from low to high."""

    number: bool = False
    choices: Tuple[str, ...] = ()
    listed: bool = False
    low: int = 0
    high: int = INT_MAX
    # In bytes; the reader cuts off what is longer.
    longest: int = MAX_VALUE_BYTES


TEXT = Kind()


def render_kind(key, kind, value):
    """The text of a value of a Kind. Raises SanError; a secret is not in the message."""
    if kind.number:
        return _render_number(key, kind, value)
    if kind.choices:
        return _render_choice(key, kind, value)
    return text_of(key, value, kind)


def text_of(key, value, kind=TEXT):
    """The text of a value that is any text, if a file of open-iscsi can hold it. Raises SanError; a secret is not in the message."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise SanError(f"{key}: the value has to be text. Quote it.")
    return _exact(key, kind, str(value))


def nearest(key, known, cutoff=0.5):
    """`Did you mean ...?` with the key of known that a mistyped one is most like, or None. cutoff: of difflib."""
    # Slow to load, and seldom asked.
    import difflib

    found = difflib.get_close_matches(key, known, n=1, cutoff=cutoff)
    if not found:
        # A bare field name is far from its full key by ratio.
        found = [each for each in known if each.endswith("." + key.rsplit(".", 1)[-1])][:1]
    return f"Did you mean {found[0]}?" if found else None


def tokens(text):
    """The words of a list as open-iscsi parts them; it passes over one that was there already."""
    return list(dict.fromkeys(part for part in re.split(r"[, \n]", text) if part))


def _render_number(key, kind, value):
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,40}", text):
        raise SanError(f"{key}: {value!r} is not a whole number.")
    if not kind.low <= int(text) <= kind.high:
        raise SanError(f"{key}: {text} is not between {kind.low} and {kind.high}.")
    return str(int(text))


def _render_choice(key, kind, value):
    if isinstance(value, bool):
        # YAML reads an unquoted Yes or No as a boolean.
        value = "Yes" if value else "No"
    given = ",".join(str(part) for part in value) if isinstance(value, (list, tuple)) else str(value)
    by_lower = {choice.lower(): choice for choice in kind.choices}
    wanted = tokens(given) if kind.listed else [given.replace(" ", "")]
    unknown = [part for part in wanted if part.lower() not in by_lower]
    if unknown or not wanted:
        raise SanError(f"{key}: {given!r} is not one of {', '.join(kind.choices)}.")
    return ",".join(dict.fromkeys(by_lower[part.lower()] for part in wanted))


def _exact(key, kind, text):
    """The text, if reading the file back gives just that."""
    size = size_of(text)
    reason = None
    if not text:
        reason = "is empty, which a file of open-iscsi has no way to say"
    elif text == NO_VALUE:
        reason = "is what open-iscsi prints for a key without a value"
    elif "\n" in text or "\0" in text:
        reason = "has a line break or a NUL byte, which would end it"
    elif text.strip(BLANKS) != text:
        reason = "begins or ends with a blank, which open-iscsi cuts off (it knows no quotes)"
    elif size > kind.longest:
        reason = f"has {size} bytes, and open-iscsi keeps {kind.longest} at most"
    if reason is not None:
        raise SanError(f"{key}: the value {reason}. Nothing was changed; choose another value.")
    return text
