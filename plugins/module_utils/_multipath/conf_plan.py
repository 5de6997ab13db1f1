# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wanted settings and a parsed multipath.conf to the new text, everything that is not named kept byte for byte."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Tuple


@dataclass(frozen=True)
class Wanted:
    """The options of M(linuxsan.host.multipath_conf), as given. None: the section is not named.

    A value None removes its keyword. state: present merges what is listed, absent removes it.
    exclusive: the sections named become exactly what is listed.
    """

    defaults: Optional[Mapping] = None
    overrides: Optional[Mapping] = None
    blacklist: Optional[Sequence] = None
    blacklist_exceptions: Optional[Sequence] = None
    devices: Optional[Sequence] = None
    multipaths: Optional[Sequence] = None
    state: str = "present"
    exclusive: bool = False


@dataclass(frozen=True)
class Edit:
    """The new text; changed_keys: what changed, such as multipaths[3600..].alias; warnings: what the user should know."""

    text: str
    changed_keys: Tuple[str, ...]
    warnings: Tuple[str, ...]


def edit_conf(conf, wanted, keywords=None):
    """The Edit that makes conf say what is wanted; editing its outcome again changes nothing.

    keywords: None takes conf.keywords. Raises SanError with file and line when the file or a value is not safe to edit.
    """
    raise NotImplementedError
