# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host has its iSCSI state, and one run of ours at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils import _turn
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import LOCK_DIRECTORY


@dataclass(frozen=True)
class Places:
    """root: of the record database, None for where the installed iscsiadm has it.

    lock: directory of open-iscsi's lock, which is held for the moments of a write only. turn: of ours.
    """

    root: Optional[str] = None
    sysfs: str = "/sys"
    udev: str = "/run/udev/data"
    proc: str = "/proc"
    lock: str = LOCK_DIRECTORY
    # Not in /run/lock, where on Debian everybody can make files.
    turn: str = "/run/linuxsan/iscsi"


def turn(path, seconds=_turn.TURN_SECONDS):
    """Keep other runs of ours off the host's records and sessions meanwhile. path: None for a prediction, which waits for nobody.

    iscsid refuses a second session for a record only when that wants a single one.
    """
    return _turn.turn(path, "the iSCSI records and sessions", "an iscsi_node", seconds)
