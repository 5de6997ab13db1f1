# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wwids file of multipath: which LUNs may form a map, whatever find_multipaths says. Many at once, where `multipath -a` takes one."""

from __future__ import annotations

import fcntl
import os

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import parse_wwids
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

NAME = "wwids"
# As libmultipath begins the file (libmultipath/wwids.h).
HEADER = """\
# Multipath wwids, Version : 1.0
# NOTE: This file is automatically maintained by multipath and multipathd.
# You should not need to edit this file in normal circumstances.
#
# Valid WWIDs:
"""
MODE = 0o600
# libmultipath gives up after 4 s (libmultipath/file.c lock_file).
LOCK_SECONDS = 10


class Wwids:
    """A method per verb. etc: the directory of the file."""

    def __init__(self, etc="/etc/multipath"):
        self._path = os.path.join(etc, NAME)

    def register(self, wwids):
        """Add those that are missing, in one write. A killed run leaves all of it or a beginning, and the next one adds the rest."""
        if not wwids:
            return
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            # As libmultipath does: opened for both, made when it is missing, locked as a whole, appended to.
            with os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, MODE), "r+", encoding="utf-8", errors="surrogateescape") as file:
                self._lock(file)
                self._append(file, wwids)
        except OSError as error:
            raise SanError(f"{self._path}: cannot be written: {error.strerror}. Run as root, and look at the file's type and mode.") from error

    def _append(self, file, wwids):
        text = file.read()
        missing = [wwid for wwid in dict.fromkeys(wwids) if wwid not in parse_wwids(text)]
        # A line that was cut off by a power failure is ended first.
        start = HEADER if not text else "" if text.endswith("\n") else "\n"
        if missing:
            file.write(start + "".join(f"/{wwid}/\n" for wwid in missing))
            file.flush()
            os.fsync(file.fileno())

    def _lock(self, file):
        if not wait_until(lambda: _try_lock(file), LOCK_SECONDS):
            raise SanError(f"{self._path}: locked by another process for {LOCK_SECONDS} s. Look for a multipath that hangs (ps), end it and run again.")


def _try_lock(file):
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
