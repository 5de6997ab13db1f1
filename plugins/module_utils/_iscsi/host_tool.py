# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host has its iSCSI state, and one run of ours at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import LOCK_DIRECTORY
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# Beside open-iscsi's own lock, which is held for the moments of a write only.
TURN = "linuxsan"
# A run is bounded by its own timeout; what goes beyond hangs.
TURN_SECONDS = 300


@dataclass(frozen=True)
class Places:
    """root: of the record database, None for where the installed iscsiadm has it. lock: directory of open-iscsi's lock."""

    root: Optional[str] = None
    sysfs: str = "/sys"
    udev: str = "/run/udev/data"
    proc: str = "/proc"
    lock: str = LOCK_DIRECTORY


@contextlib.contextmanager
def turn(directory, seconds=TURN_SECONDS):
    """Keep other runs of ours off the host's records and sessions meanwhile; the kernel ends the turn of a killed one.

    iscsid refuses a second session for a record only when that wants a single one. directory: None for a prediction, which waits for nobody.
    """
    if directory is None:
        yield
        return
    path = os.path.join(directory, TURN)
    with _open(path) as file:
        if not wait_until(lambda: _locked(file), seconds):
            raise SanError(f"{path}: another run holds the iSCSI records and sessions of this host for {seconds:g} s. Look for an iscsi_node that hangs.")
        yield


def _open(path):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return open(path, "a+", encoding="ascii")
    except OSError as error:
        raise SanError(f"{path}: cannot be opened: {error.strerror}. Run as root.") from error


def _locked(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
