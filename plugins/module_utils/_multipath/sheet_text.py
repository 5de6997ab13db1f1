# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to the lines of a multipath.conf, in the layout that the file has."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Attr, Block
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import is_keyword
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import LONGEST_LINE, needs_quotes, render_value

_BLANKS = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Style:
    """How a file is laid out. unit: what a block indents its content by; quote: words are quoted although they need not be."""

    unit: str
    quote: bool
    end: str


def style_of(conf):
    """The Style of a Conf; a tab and no needless quotes where it shows none."""
    units, quoted, bare = Counter(), 0, 0
    for section in conf.sections:
        for block in (section, *(item for item in section.items if not isinstance(item, Attr))):
            for attr in block.attrs():
                if block is section:
                    units[_indent_within(conf, section, attr)] += 1
                if not needs_quotes(attr.value) and not attr.value.isdigit():
                    quoted += attr.quoted
                    bare += not attr.quoted
            if block is not section:
                units[_indent_within(conf, section, block)] += 1
    crlf = conf.text.count("\r\n") * 2 > conf.text.count("\n")
    return Style(max(units, key=units.get) if units else "\t", quoted > bare, "\r\n" if crlf else "\n")


def indent_of(conf, line):
    """The blanks at the beginning of a line."""
    return _BLANKS.match(conf.text, conf.lines.starts[line]).group()


def _indent_within(conf, section, item):
    return indent_of(conf, item.line)[len(indent_of(conf, section.line)) :]


class Sheet:
    """Collected changes to one Conf; render gives the new text. Nothing here decides what is to change."""

    def __init__(self, conf):
        self._conf = conf
        self._style = style_of(conf)
        self._changed = {}
        self._after = {}
        self._tail = []

    @property
    def changed(self):
        """True when there is a change."""
        return bool(self._changed or self._after or self._tail)

    def set_value(self, attr, text):
        """Give an Attr another value; its line keeps its indentation, quotes and comment."""
        self._whole(attr.line)
        tokens = self._conf.lines.tokens(attr.line)
        # Other words go with the old value: it may lack its quotes.
        astray = next((token.text for token in tokens[2:] if not token.quoted and (token.text in "{}" or is_keyword(token.text))), None)
        if astray:
            what = "a brace" if astray in "{}" else astray
            raise SanError(f"{self._conf.place(attr.line)}: {what} behind the value is ignored. Give it a line of its own and run again.")
        value = render_value(text, attr.quoted)
        old, start = self._conf.text, self._conf.lines.starts[attr.line]
        # No blank is needed between a keyword and a quote; there is one between a keyword and a word.
        gap = " " if tokens[1].start == tokens[0].end and not value.startswith('"') else ""
        line = old[start : tokens[1].start] + gap + value + old[tokens[-1].end : self._conf.lines.starts[attr.line + 1]]
        self._check_length(line, f"{self._conf.place(attr.line)}: {attr.keyword}", "a shorter value or comment")
        self._changed[attr.line] = line

    def remove(self, attr):
        """Take out the line of an Attr."""
        self._whole(attr.line)
        self._changed[attr.line] = None

    def remove_block(self, block):
        """Take out a block with everything in it, and one blank line before it, which insert_stanza may have put there."""
        for line in range(block.line, min(self._end_of(block) + 1, len(self._conf.lines))):
            self._whole(line)
            self._changed[line] = None
            self._after.pop(line, None)
        if block.line and self._blank(block.line - 1):
            self._changed[block.line - 1] = None

    def insert_values(self, block, pairs):
        """Add keywords with their values behind the last line of a block."""
        indent = self._indent_in(block)
        self._insert(block, [self._value(indent, keyword, text) for keyword, text in pairs])

    def insert_stanzas(self, block, keyword, stanzas):
        """Add blocks, each given by its pairs, behind the last line of a block, laid out like the blocks that are there."""
        siblings = block.blocks(keyword)
        spaced = len(siblings) > 1 and self._blank(siblings[-1].line - 1)
        like = siblings[-1] if siblings else None
        indent = indent_of(self._conf, like.line) if like else self._indent_in(block)
        inner = self._indent_in(like) if like and like.items else indent + self._style.unit
        lines = []
        for pairs in stanzas:
            lines += ([""] if spaced else []) + self._stanza(indent, inner, keyword, pairs)
        self._insert(block, lines)

    def append_section(self, keyword, values=(), stanzas=()):
        """Add a section at the end of the file. values: pairs; stanzas: (keyword, pairs)."""
        unit = self._style.unit
        lines = [self._value(unit, *pair) for pair in values]
        for name, pairs in stanzas:
            lines += self._stanza(unit, unit + unit, name, pairs)
        added = [f"{keyword} {{", *lines, "}"]
        last = self._conf.sections[-1] if self._conf.sections else None
        if last and last.closer is None:
            self._put_before(last.line, added)
        else:
            # A blank line before it, which remove_block takes out again.
            self._tail += ([""] if self._conf.text or self._tail else []) + added

    def has_comment(self, block):
        """Whether somebody has written a comment on the lines of a block that stay."""
        lines = (line for line in range(block.line, min(self._end_of(block) + 1, len(self._conf.lines))) if self._changed.get(line, "") is not None)
        return any(map(self._commented, lines))

    def drop_if_emptied(self, block):
        """Take out a block from which everything was removed.

        One that was empty before we added to it stays, one that is not closed, and one with a comment.
        """
        if block.closer is None:
            return
        body = range(block.line + 1, self._end_of(block))
        gone = [line for line in body if self._changed.get(line, "") is None]
        left = sorted(set(body).difference(gone))
        if not gone or any(line in self._after for line in (block.line, *body)) or not all(map(self._empty, left)):
            return
        blanks = [line for line in left if line > gone[-1] and self._blank(line)]
        if blanks:
            # _insert put it there.
            self._changed[blanks[0]] = None
        elif not self.has_comment(block):
            self.remove_block(block)

    def render(self):
        """The new text."""
        text, end = self._conf.text, self._style.end
        unfinished = bool(text) and not text.endswith("\n")
        parts = [added + end for added in self._after.get(-1, ())]
        for index in range(len(self._conf.lines)):
            new = self._changed[index] if index in self._changed else self._conf.lines.raw(index)
            if new is not None:
                parts.append(new if new.endswith("\n") or index + 1 < len(self._conf.lines) else new + end)
            parts += [added + end for added in self._after.get(index, ())]
        parts += [added + end for added in self._tail]
        new_text = "".join(parts)
        return new_text[: -len(end)] if unfinished and new_text.endswith(end) else new_text

    def _put_before(self, line, lines):
        """Add lines behind what stands before the comments and blank lines above a line."""
        while line and not self._conf.lines.tokens(line - 1) and not self._blank(line - 1):
            line -= 1
        while line and self._blank(line - 1):
            line -= 1
        self._after.setdefault(line - 1, []).extend([""] * bool(line or self._after.get(-1)) + lines)

    def _insert(self, block, lines):
        inner = block.items[-1] if block.items else None
        # Behind an inner block that is not closed there is no place.
        end = inner.line if block.closer is None and isinstance(inner, Block) and inner.closer is None else self._end_of(block)
        if block.closer is not None:
            self._whole(block.closer)
        anchor = end - 1
        while anchor > block.line and self._blank(anchor):
            anchor -= 1
        added = self._after.setdefault(anchor, [])
        if block.closer is None or block.items or not all(self._empty(line) for line in range(block.line + 1, end)):
            added += lines
        elif not added:
            # This blank line tells drop_if_emptied that the empty section was there before.
            added += [*lines, ""]
        else:
            added[-1:-1] = lines

    def _end_of(self, block):
        """The line of the closing brace, or the end of the file for a block that is not closed."""
        return len(self._conf.lines) if block.closer is None else block.closer

    def _stanza(self, indent, inner, keyword, pairs):
        return [f"{indent}{keyword} {{", *(self._value(inner, *pair) for pair in pairs), f"{indent}}}"]

    def _value(self, indent, keyword, text):
        line = f"{indent}{keyword} {render_value(text, self._style.quote)}"
        self._check_length(line + self._style.end, f"{self._conf.path}: {keyword}", "a shorter value")
        return line

    def _check_length(self, line, where, remedy):
        if len(line.encode("utf-8", "surrogateescape")) > LONGEST_LINE:
            raise SanError(f"{where}: a line of more than {LONGEST_LINE} bytes is cut by libmultipath. Give it {remedy}; nothing was changed.")

    def _indent_in(self, block):
        if block.items:
            return indent_of(self._conf, block.items[-1].line)
        return indent_of(self._conf, block.line) + self._style.unit

    def _whole(self, index):
        if index in self._conf.lines.pieces:
            raise SanError(
                f"{self._conf.place(index)}: it is a part of a line of more than {LONGEST_LINE} bytes, which libmultipath "
                "cuts in pieces. Break that line and run again."
            )

    def _commented(self, index):
        tokens, text = self._conf.lines.tokens(index), self._conf.text
        return bool(text[tokens[-1].end if tokens else self._conf.lines.starts[index] : self._conf.lines.starts[index + 1]].strip())

    def _blank(self, index):
        return not self._conf.lines.raw(index).strip()

    def _empty(self, index):
        """A line of no meaning to a reader: blank, or the brace of a block opened on the line before."""
        return self._conf.lines.raw(index).strip() in ("", "{")
