# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""multipath.conf as libmultipath reads it, kept byte for byte.

The parser is driven by lines and keywords, not by braces: a keyword opens a block whatever follows it on its line, and
a line whose first word is `}` closes it. So the structure depends on the keywords that the installed release knows.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keywords


@dataclass(frozen=True)
class Attr:
    """A keyword with its value, as libmultipath reads it. line: index in Conf.lines."""

    keyword: str
    value: str
    quoted: bool
    line: int


@dataclass(frozen=True)
class Block:
    """An opened block. items: Attr and Block in order. closer: index of the line that closes it, None: the file ends in it."""

    keyword: str
    line: int
    items: Tuple[Union[Attr, "Block"], ...]
    closer: Optional[int]

    def value(self, keyword):
        """The value of a keyword here (the last one wins), or None."""
        raise NotImplementedError

    def blocks(self, keyword):
        """The blocks of that keyword here, in order."""
        raise NotImplementedError


@dataclass(frozen=True)
class Conf:
    """One file. text: as it was. sections: the blocks at the root, in order; lines, keywords: what edit_conf needs."""

    path: str
    text: str
    lines: Tuple
    sections: Tuple[Block, ...]
    problems: Tuple
    keywords: Keywords

    def blocks(self, section, keyword=None):
        """Every block of a section over the file; blocks("multipaths", "multipath"): every stanza."""
        raise NotImplementedError


def parse_conf(text, path="/etc/multipath.conf", keywords=None):
    """A Conf of any text; keywords: a keyword_tree, None: that of the newest release. Raises ParseError, and nothing else."""
    raise NotImplementedError


def render_conf(conf):
    """The text of a Conf, the very bytes that were parsed."""
    return conf.text
