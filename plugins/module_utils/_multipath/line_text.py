# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines and tokens of a multipath.conf, as libmultipath cuts them.

Sources: read_line, alloc_strvec and validate_config_strvec of libmultipath/parser.c, 0.6.0 to 0.14.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import FrozenSet, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import LONGEST_LINE

# In a string "" is a quote, and a blank behind the opening quote is kept.
DOUBLED_QUOTES = (0, 7, 6)
# A string may begin with # or !; 0.8.5, and Red Hat's build of 0.8.4.
MARKS_IN_STRINGS = (0, 8, 4)

# All of ASCII that is neither a blank nor one of ! " # { }.
_WORD = r"[\x00-\x08\x0e-\x1f$-z|~\x7f]+"
# Blanks are those of isspace(3) in the C locale and every byte above 0x7f.
_TOKEN = re.compile(rf'[{{}}]|"((?:[^"]|"")*)("?)|([#!])|{_WORD}')
_OLD_TOKEN = re.compile(rf'[{{}}]|"([^"]*)("?)|([#!])|{_WORD}')
_LEADING = re.compile(r"\A(?:[ \t\x0b\x0c]|[^\x00-\x7f])+")
# What nearly every line is, and means the same to all releases: blank or a comment, a closing brace, a keyword with a
# brace, a word or a plain string. A line that is anything else takes the long way.
_PLAIN = r"[\x01-\x08\x0e-\x1f$-z|~\x7f]+"
_USUAL = re.compile(rf'[ \t]*(?:(}})|({_PLAIN})(?:[ \t]*(\{{)|[ \t]+({_PLAIN})|[ \t]*"([^\s"#!\0][^"\r\n\0]*)"))?[ \t]*(?:[#!][^\n]*)?\r?(?:\n|\Z)')
_USUAL_LENGTH = LONGEST_LINE // 4


@dataclass(frozen=True)
class Token:
    """A word, brace or string. start, end: where it stands in the text, quotes included. closed: no quote is missing."""

    text: str
    start: int
    end: int
    quoted: bool = False
    closed: bool = True


@dataclass(frozen=True)
class Lines:
    """A text as libmultipath reads it line by line. starts: where each begins, and the end of the text.

    pieces: indexes of those that are a piece of a line of more than LONGEST_LINE bytes. release: whose way of reading it is.
    """

    text: str
    starts: Tuple[int, ...]
    pieces: FrozenSet[int]
    release: Optional[Tuple[int, ...]] = None

    def __len__(self):
        return len(self.starts) - 1

    def raw(self, index):
        """A line with its line end."""
        return self.text[self.starts[index] : self.starts[index + 1]]

    def usual(self, index):
        """The groups }, keyword, {, word, string of a line that is of the usual form, None for another.

        All are None for a blank line and a comment.
        """
        start, end = self.starts[index], self.starts[index + 1]
        if end - start > _USUAL_LENGTH:
            return None
        match = _USUAL.match(self.text, start, end)
        return match.groups() if match and match.end() == end else None

    def tokens(self, index):
        """The tokens of a line, as a tuple."""
        at, read = self.starts[index], self.raw(index)
        # A NUL ends the string for C; strtok then skips leading line ends and stops at the next one, CR included.
        read = read.partition("\0")[0]
        body = read.lstrip("\r\n")
        at += len(read) - len(body)
        cut = re.search("[\r\n]", body)
        return read_tokens(body[: cut.start()] if cut else body, at, self.release)


def read_lines(text, release=None, whole=False):
    """The Lines of a text. whole: none is cut in pieces."""
    parts = text.split("\n")
    sizes = [len(part) + 1 for part in parts]
    sizes[-1] -= 1
    if not sizes[-1]:
        sizes.pop()
    pieces = frozenset()
    # No letter is longer than 4 bytes, so only a long line has to be measured.
    if sizes and max(sizes) > _USUAL_LENGTH and not whole:
        sizes, pieces = _cut(text, sizes)
    return Lines(text, (0, *accumulate(sizes)), pieces, release)


def read_tokens(text, start=0, release=None):
    """The tokens of one line without its line end. start: where it stands in the file."""
    found = []
    doubled = release is None or release >= DOUBLED_QUOTES
    marks = release is None or release >= MARKS_IN_STRINGS
    for match in (_TOKEN if doubled else _OLD_TOKEN).finditer(text):
        string, closing, comment = match.groups()
        first, end = match.span()
        if comment:
            break
        if string is None:
            found.append(Token(text[first:end], start + first, start + end))
            continue
        string = string.replace('""', '"') if doubled else _LEADING.sub("", string)
        if not marks and string[:1] in ("#", "!"):
            found.append(Token("", start + first, start + end, True, False))
            break
        found.append(Token(string, start + first, start + end, True, bool(closing)))
    return tuple(found)


def _cut(text, sizes):
    """The sizes with each over-long line in pieces, and the indexes of the pieces."""
    cut, pieces, at = [], [], 0
    for size in sizes:
        parts = [size]
        if size > _USUAL_LENGTH:
            parts = _pieces(text[at : at + size])
        if len(parts) > 1:
            pieces += range(len(cut), len(cut) + len(parts))
        cut += parts
        at += size
    return cut, frozenset(pieces)


def _pieces(line):
    """The sizes in letters of the pieces of a line, of at most LONGEST_LINE bytes. A letter that a cut would split stays whole, with the first piece."""
    if len(line.encode("utf-8", "surrogateescape")) <= LONGEST_LINE:
        return [len(line)]
    sizes, size, letters = [], 0, 0
    for letter in line:
        if size >= LONGEST_LINE:
            sizes.append(letters)
            size, letters = size - LONGEST_LINE, 0
        size += len(letter.encode("utf-8", "surrogateescape"))
        letters += 1
    return [*sizes, letters]
