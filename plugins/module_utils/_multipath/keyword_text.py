# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keywords of multipath.conf: what each takes, where it stands, and which releases read it.

Sources: the keyword tables of multipath-tools 0.6.0 to 0.14.3 (libmultipath/dict.c) and multipath.conf(5).
"""
from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Mapping, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

Release = Tuple[int, ...]
# The oldest parser whose behaviour is modelled. Older ones lose sections and values that newer ones keep.
OLDEST: Release = (0, 6, 0)


@dataclass(frozen=True)
class Keyword:
    """One keyword of one block.

    kind: the type of its value, a name of value_text. since: the first release that reads it; until: the first that
    does not know it; ignored: the first that knows it and does not act on it; None: always, never, never.
    repeatable: may stand several times in its block. sub: the keywords of the block it opens, None for a value.
    """

    name: str
    kind: str = "text"
    since: Optional[Release] = None
    until: Optional[Release] = None
    ignored: Optional[Release] = None
    instead: str = ""
    repeatable: bool = False
    sub: Optional[Mapping[str, "Keyword"]] = None


@dataclass(frozen=True)
class Keywords:
    """The keyword tree of one release. release: None when it is not known, the tree is that of the newest then."""

    release: Optional[Release]
    root: Mapping[str, Keyword]

    def known(self, path):
        """The Keyword at a path such as ("devices", "device", "vendor"), or None when this release does not read it."""
        raise NotImplementedError

    def check(self, path):
        """The Keyword at a path. Raises SanError: since when or until when it exists, what replaces it, or the nearest."""
        raise NotImplementedError


def keyword_tree(release=None, backported=frozenset()):
    """The Keywords of a release, (0, 9, 4) for 0.9.4; backported: paths that a distribution's build reads besides."""
    raise NotImplementedError
