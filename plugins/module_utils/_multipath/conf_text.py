# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""multipath.conf as libmultipath reads it, kept byte for byte.

The parser is driven by lines and keywords, not by braces: a keyword opens a block whatever follows it on its line, and
a line whose first word is `}` closes it. So the structure depends on the keywords that the installed release knows.
Sources: libmultipath/parser.c (libmpathutil/parser.c since 0.9.1) of 0.6.0 to 0.14.3, and what those releases do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Tuple, Union

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keywords, canonical, keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import LONGEST_LINE

# Blanks are those of isspace(3) in the C locale and every byte above 0x7f. A string is one token, "" in it a quote.
_TOKEN = re.compile(r'[{}]|"((?:[^"]|"")*)("?)|([#!])|[^ \t\n\x0b\x0c\r"#!{}\x80-\U0010ffff]+')
# These open their block even without a brace; overrides and protocol are skipped then.
_OPEN_ALWAYS = frozenset(("defaults", "blacklist", "blacklist_exceptions", "devices", "device", "multipaths", "multipath"))


@dataclass(frozen=True)
class Token:
    """A word, brace or string. start, end: where it stands in the text, quotes included. closed: no quote is missing."""

    text: str
    start: int
    end: int
    quoted: bool = False
    closed: bool = True


@dataclass(frozen=True)
class Line:
    """What libmultipath reads as one line. start, end: its place in the text with its line end; whole: no piece of a longer one."""

    number: int
    start: int
    end: int
    tokens: Tuple[Token, ...]
    whole: bool = True


@dataclass(frozen=True)
class Attr:
    """A keyword with its value. line: index in Conf.lines. known: libmultipath acts on it; otherwise it skips the line."""

    keyword: str
    value: str
    quoted: bool
    line: int
    known: bool = True

    @property
    def name(self):
        """The keyword under which the value counts: path_checker for checker."""
        return canonical(self.keyword)


@dataclass(frozen=True)
class Problem:
    """A line that libmultipath reads otherwise than it looks, or not at all. block: the keywords of the blocks around it."""

    code: str
    line: int
    block: Tuple[str, ...]
    word: str
    message: str


@dataclass(frozen=True)
class Block:
    """An opened block. items: Attr and Block in order. closer: index of the line that closes it, None: the file ends in it."""

    keyword: str
    line: int
    items: Tuple[Union[Attr, Block], ...]
    closer: Optional[int]

    def value(self, keyword):
        """The value of a keyword here (the last one wins), or None."""
        name = canonical(keyword)
        for item in reversed(self.items):
            if isinstance(item, Attr) and item.known and canonical(item.keyword) == name:
                return item.value
        return None

    def attrs(self):
        """The values here, in order, also those that libmultipath skips."""
        return tuple(item for item in self.items if isinstance(item, Attr))

    def blocks(self, keyword):
        """The blocks of that keyword here, in order."""
        return tuple(item for item in self.items if isinstance(item, Block) and item.keyword == keyword)


@dataclass(frozen=True)
class Conf:
    """One file. text: as it was. sections: the blocks at the root, in order. lines, keywords: how it was read."""

    path: str
    text: str
    lines: Tuple[Line, ...]
    sections: Tuple[Block, ...]
    problems: Tuple[Problem, ...]
    keywords: Keywords

    def blocks(self, section, keyword=None):
        """Every block of a section over the file; blocks("multipaths", "multipath"): every stanza in them."""
        found = tuple(block for block in self.sections if block.keyword == section)
        if keyword is None:
            return found
        return tuple(inner for block in found for inner in block.blocks(keyword))

    def place(self, line):
        """Where a line is, for a message: the file and the number that libmultipath would say."""
        return f"{self.path} line {self.lines[line].number}"


def parse_conf(text, path="/etc/multipath.conf", keywords=None):
    """A Conf of any text: libmultipath skips what it does not know, so no text is wrong, and none raises.

    keywords: a keyword_tree, None: that of the newest release.
    """
    keywords = keywords or keyword_tree()
    lines = tuple(_read_lines(text))
    reader = _Reader(lines, path)
    sections = reader.read(keywords.root)
    return Conf(path, text, lines, sections, tuple(reader.problems), keywords)


def render_conf(conf):
    """The text of a Conf, the very bytes that were parsed."""
    return conf.text


def read_tokens(text, start=0):
    """The tokens of one line without its line end. start: where it stands in the file."""
    found = []
    for match in _TOKEN.finditer(text):
        string, closing, comment = match.groups()
        if comment:
            break
        if string is None:
            first, end = match.span()
            found.append(Token(text[first:end], start + first, start + end))
        else:
            token = Token(string.replace('""', '"'), start + match.start(), start + match.end(), True, bool(closing))
            found.append(token)
    return tuple(found)


def _read_lines(text):
    number, start = 0, 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        # No letter is longer than 4 bytes, so only a long text has to be measured.
        pieces = [text[start:end]]
        if (end - start) * 4 > LONGEST_LINE:
            pieces = _pieces(pieces[0])
        at = start
        for piece in pieces:
            number += 1
            yield Line(number, at, at + len(piece), _tokens_of(piece, at), len(pieces) == 1)
            at += len(piece)
        start = end


def _pieces(line):
    """A line in pieces of at most LONGEST_LINE bytes. A letter that a cut would split stays whole, with the first piece."""
    pieces, size, piece = [], 0, []
    for letter in line:
        if size >= LONGEST_LINE:
            pieces.append("".join(piece))
            size, piece = size - LONGEST_LINE, []
        size += len(letter.encode("utf-8", "surrogateescape"))
        piece.append(letter)
    return [*pieces, "".join(piece)]


def _tokens_of(piece, at):
    if "\r" not in piece and "\0" not in piece:
        return read_tokens(piece[:-1] if piece.endswith("\n") else piece, at)
    # A NUL ends the string for C; strtok then skips leading line ends and stops at the next one, CR included.
    read = piece.partition("\0")[0]
    body = read.lstrip("\r\n")
    at += len(read) - len(body)
    cut = re.search("[\r\n]", body)
    return read_tokens(body[: cut.start()] if cut else body, at)


class _Reader:
    """The recursion of libmultipath's process_stream, over lines that are read already."""

    def __init__(self, lines, path):
        self._lines = lines
        self._path = path
        self._next = 0
        self.problems = []

    def read(self, root):
        """The blocks at the root."""
        items = self._block(root, ())[0]
        return tuple(item for item in items if isinstance(item, Block))

    def _block(self, level, above):
        items, seen = [], set()
        while self._next < len(self._lines):
            at = self._next
            self._next += 1
            tokens = self._lines[at].tokens
            if not tokens:
                continue
            first = tokens[0]
            if first.text == "}" and not first.quoted:
                self._check_closer(at, tokens, above)
                if above:
                    return tuple(items), at
                continue
            keyword = None if first.quoted else level.get(first.text)
            if not self._valid(at, tokens, above):
                continue
            if keyword is None:
                items.extend(self._unknown(at, tokens, above))
                continue
            if not keyword.repeatable and first.text in seen:
                self._report("duplicate", at, above, first.text, f"duplicate keyword {first.text}")
            seen.add(first.text)
            if keyword.sub is None:
                items.append(_attr(tokens, at))
            else:
                inner, closer = self._block(keyword.sub, (*above, first.text))
                items.append(Block(first.text, at, inner, closer))
                if closer is None:
                    self._report("unclosed", at, above, first.text, f"{first.text} is not closed: no line begins with }} for it")
        return tuple(items), None

    def _check_closer(self, at, tokens, above):
        if not above:
            self._report("unmatched", at, above, "}", "} closes nothing")
        if len(tokens) > 1:
            self._report("extra", at, above, tokens[1].text, f"{tokens[1].text!r} behind }} is ignored")

    def _valid(self, at, tokens, above):
        """Whether the line is acted on, as validate_config_strvec sees it."""
        first = tokens[0]
        if first.text == "{" and not first.quoted:
            self._report("stray", at, above, "{", "{ on a line of its own is ignored")
            return False
        if first.text in _OPEN_ALWAYS and not first.quoted:
            if len(tokens) == 1 or tokens[1].text != "{" or tokens[1].quoted:
                self._report("brace", at, above, first.text, f"{first.text} is not followed by {{")
            extra = tokens[2:]
        elif len(tokens) == 1:
            self._report("missing", at, above, first.text, f"{first.text} has no value and is ignored")
            return False
        else:
            if not tokens[1].closed:
                self._report("quote", at, above, first.text, f"the value of {first.text} lacks its closing quote")
            extra = tokens[2:]
        if extra:
            self._report("extra", at, above, extra[0].text, f"{extra[0].text!r} is ignored: it needs a line of its own")
        return True

    def _unknown(self, at, tokens, above):
        """A line that is skipped. One that looks like a block is none: its content and its } count for the block around it."""
        word = tokens[0].text
        opens = any(token.text == "{" and not token.quoted for token in tokens)
        where = f"in {above[-1]}" if above else "at the top level"
        code = "unknown block" if opens or word in _OPEN_ALWAYS else "unknown"
        self._report(code, at, above, word, f"{word} is no keyword {where} and is ignored")
        if above and code == "unknown" and not tokens[0].quoted:
            yield _attr(tokens, at, False)

    def _report(self, code, at, above, word, message):
        self.problems.append(Problem(code, at, above, word, f"{self._path} line {self._lines[at].number}: {message}"))


def _attr(tokens, at, known=True):
    value = tokens[1]
    return Attr(tokens[0].text, value.text, value.quoted, at, known)
