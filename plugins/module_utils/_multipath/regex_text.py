# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of multipath.conf: whether regcomp(3) takes one as an extended regular expression."""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError


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
