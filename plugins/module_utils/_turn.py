# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of ours at a time, where two would undo each other's work."""

from __future__ import annotations

import contextlib
import fcntl
import os

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# A run is bounded by its own timeout; what goes beyond hangs.
TURN_SECONDS = 300


@contextlib.contextmanager
def turn(path, what, program, seconds=TURN_SECONDS):
    """Keep other runs of ours off something meanwhile; the kernel ends the turn of a killed one.

    path: of the lock, None for a prediction, which waits for nobody. what, program: for the message, what is held and by whom. seconds: to wait for it.
    """
    if path is None:
        yield
        return
    with _open(path) as lock:
        if not wait_until(lambda: _locked(lock), seconds):
            raise SanError(f"{path}: another run holds {what} of this host for {seconds:g} s. Look for {program} that hangs, and run again.")
        yield


def _open(path):
    try:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        # For root alone: whoever can open a lock can keep it.
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
    except OSError as error:
        raise SanError(f"{path}: cannot be opened: {error.strerror}. Run as root.") from error


def _locked(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
