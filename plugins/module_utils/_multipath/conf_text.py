# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""multipath.conf as libmultipath reads it, kept byte for byte.

The parser is driven by lines and keywords, not by braces: a keyword opens a block whatever follows it on its line, and
a line whose first word is `}` closes it. So the structure depends on the keywords that the installed release knows.
Sources: libmultipath/parser.c (libmpathutil/parser.c since 0.9.1) of 0.6.0 to 0.14.3, and what those releases do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keyword, Keywords, canonical, keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.line_text import Lines, read_lines
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import mended_listing

# These open their block even without a brace; overrides and protocol are skipped then.
_OPEN_ALWAYS = frozenset(("defaults", "blacklist", "blacklist_exceptions", "devices", "device", "multipaths", "multipath"))

# A line that takes the long way.
_UNUSUAL = object()


@dataclass(frozen=True)
class Attr:
    """A keyword with its value. line: index in Conf.lines. spec: what the release knows of it; without one it skips the line."""

    # There is one for each line: without a __dict__ the garbage collector has half as much to look through.
    __slots__ = ("keyword", "value", "quoted", "line", "spec")
    keyword: str
    value: str
    quoted: bool
    line: int
    spec: Optional[Keyword]

    @property
    def known(self):
        """Whether libmultipath reads the line."""
        return self.spec is not None

    @property
    def name(self):
        """The keyword under which the value counts: path_checker for checker."""
        return self.spec.counts_as if self.spec else canonical(self.keyword)


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

    __slots__ = ("keyword", "line", "items", "closer")
    keyword: str
    line: int
    items: Tuple[Union[Attr, Block], ...]
    closer: Optional[int]

    def value(self, keyword):
        """The value of a keyword here (the last one wins), or None."""
        name = canonical(keyword)
        for item in reversed(self.items):
            if isinstance(item, Attr) and item.spec is not None and item.spec.counts_as == name:
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
    """One file. text: as it was. sections: the blocks at the root, in order. lines, keywords: how it was read.

    drop_in: it is one of conf.d, of which libmultipath loses a line where it refuses the main file for it (libmultipath/config.c load_config).
    """

    path: str
    text: str
    lines: Lines
    sections: Tuple[Block, ...]
    problems: Tuple[Problem, ...]
    keywords: Keywords
    drop_in: bool = False

    def blocks(self, section, keyword=None):
        """Every block of a section over the file; blocks("multipaths", "multipath"): every stanza in them."""
        found = tuple(block for block in self.sections if block.keyword == section)
        if keyword is None:
            return found
        return tuple(inner for block in found for inner in block.blocks(keyword))

    def place(self, line):
        """Where a line is, for a message: the file and the number that libmultipath would say."""
        return f"{self.path} line {line + 1}"


def parse_conf(text, path="/etc/multipath.conf", keywords=None, drop_in=False):
    """A Conf of any text: libmultipath skips what it does not know, so no text is wrong, and none raises.

    keywords: a keyword_tree, None: that of the newest release.
    """
    keywords = keywords or keyword_tree()
    return _read(read_lines(text, keywords.release), path, keywords, drop_in)


def parse_listing(text, keywords=None):
    """A Conf of what multipath or multipathd lists, whose lines are whole: with its quotes, one that a file can just hold is longer."""
    keywords = keywords or keyword_tree()
    return _read(read_lines(mended_listing(text), keywords.release, whole=True), "multipath -t", keywords)


def render_conf(conf):
    """The text of a Conf, the very bytes that were parsed."""
    return conf.text


def _read(lines, path, keywords, drop_in=False):
    reader = _Reader(lines, path)
    sections = reader.read(keywords.root)
    return Conf(path, lines.text, lines, sections, tuple(reader.problems), keywords, drop_in)


class _Reader:
    """The recursion of libmultipath's process_stream, over lines that are cut already."""

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
            read = self._usual(at, level)
            if read is _UNUSUAL:
                read = self._unusual(at, level, above)
            if read is None:
                continue
            if read == "}":
                if above:
                    return tuple(items), at
                self._report("unmatched", at, above, "}", "} closes nothing")
                continue
            spec, word = read.spec, read.keyword
            if spec is not None:
                if not spec.repeatable and word in seen:
                    self._report("duplicate", at, above, word, f"duplicate keyword {word}")
                seen.add(word)
                if spec.sub is not None:
                    read = self._inner(read, above)
            items.append(read)
        return tuple(items), None

    def _inner(self, opener, above):
        items, closer = self._block(opener.spec.sub, (*above, opener.keyword))
        if closer is None:
            self._report("unclosed", opener.line, above, opener.keyword, f"{opener.keyword} is not closed: no line begins with }} for it")
        return Block(opener.keyword, opener.line, items, closer)

    def _usual(self, at, level):
        """An Attr, "}", None for a line that says nothing, or _UNUSUAL."""
        groups = self._lines.usual(at)
        if groups is None:
            return _UNUSUAL
        closer, word, brace, bare, string = groups
        if word is None:
            return closer
        spec, value = level.get(word), brace or bare or string
        if spec is None or value is None or (brace is None) != (spec.sub is None):
            return _UNUSUAL
        return Attr(word, value, string is not None, at, spec)

    def _unusual(self, at, level, above):
        """The same of any line, and what is not right about it is reported."""
        tokens = self._lines.tokens(at)
        if not tokens:
            return None
        first = tokens[0]
        if first.text == "}" and not first.quoted:
            if len(tokens) > 1:
                self._report("extra", at, above, tokens[1].text, f"{tokens[1].text!r} behind }} is ignored")
            return "}"
        if not self._valid(at, tokens, above):
            return None
        spec = None if first.quoted else level.get(first.text)
        if spec is None and not self._unknown(at, tokens, above):
            return None
        # A block is opened although its brace is missing.
        value = tokens[1] if len(tokens) > 1 else first
        return Attr(first.text, value.text, value.quoted, at, spec)

    def _valid(self, at, tokens, above):
        """Whether the line is acted on, as validate_config_strvec sees it."""
        first, extra = tokens[0], tokens[2:3]
        if first.text == "{" and not first.quoted:
            self._report("stray", at, above, "{", "{ on a line of its own is ignored")
            return False
        if first.text in _OPEN_ALWAYS and not first.quoted:
            if len(tokens) == 1 or tokens[1].text != "{" or tokens[1].quoted:
                self._report("brace", at, above, first.text, f"{first.text} is not followed by {{")
                extra = ()
        elif len(tokens) == 1:
            self._report("missing", at, above, first.text, f"{first.text} has no value and is ignored")
            return False
        elif not tokens[1].closed:
            self._report("quote", at, above, first.text, f"the value of {first.text} lacks its closing quote")
        if extra:
            self._report("extra", at, above, extra[0].text, f"{extra[0].text!r} is ignored: it needs a line of its own")
        return True

    def _unknown(self, at, tokens, above):
        """Whether a line that is skipped looks like a value. One that looks like a block is none: its content and its } count for the block around it."""
        word = tokens[0].text
        opens = word in _OPEN_ALWAYS or any(token.text == "{" and not token.quoted for token in tokens)
        where = f"in {above[-1]}" if above else "at the top level"
        self._report("unknown block" if opens else "unknown", at, above, word, f"{word} is no keyword {where} and is ignored")
        return bool(above) and not opens and not tokens[0].quoted

    def _report(self, code, at, above, word, message):
        self.problems.append(Problem(code, at, above, word, f"{self._path} line {at + 1}: {message}"))
