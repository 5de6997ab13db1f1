# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This host as an initiator: its sessions, its running iscsid and copies of its files."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils import _turn
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text, write_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import PACKAGE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import started_processes

DAEMON = "iscsid"
# Not in /run/lock, where on Debian everybody can make files.
LOCK = "/run/linuxsan/initiator"


@dataclass(frozen=True)
class Initiator:
    """sysfs and proc: where they are mounted, so that a test can have its own. lock: of the two files."""

    sysfs: str = "/sys"
    proc: str = "/proc"
    lock: str = LOCK

    def turn(self, live):
        """Keep other runs of ours off the two files meanwhile: what is between the read and the write of one would be lost with the write.

        live: False for a prediction, which waits for nobody.
        """
        # One that is not root edits files of its own somewhere, and has no place for a lock.
        path = self.lock if live and os.geteuid() == 0 else None
        return _turn.turn(path, "the files of the initiator", "an iscsi_initiator", _turn.TURN_SECONDS)

    def sessions(self):
        """The sessions that are up: session1 -> the initiator name it was logged in with, or None if that cannot be told."""
        directory = os.path.join(self.sysfs, "class", "iscsi_session")
        if not os.path.isdir(directory):
            return {}
        return {session: self._name_of(os.path.join(directory, session)) for session in sorted(os.listdir(directory))}

    def daemon_is_older_than(self, *paths):
        """True when an iscsid runs that started before one of the files was last changed; a path of None counts for nothing."""
        changed = [os.stat(path).st_mtime for path in paths if path is not None and os.path.exists(path)]
        return bool(changed) and any(started < max(changed) for pid, started in started_processes(DAEMON, self.proc))

    def missing_directory(self, path):
        """What to say about a directory that is not there, or None."""
        directory = os.path.dirname(os.path.realpath(path))
        if os.path.isdir(directory):
            return None
        return f"{directory}: no such directory. Install {PACKAGE} first, or correct initiator_file."

    def write(self, module, edits, missing, backup):
        """Write the files of the edits that have steps; returns backup_file and backup_files when there are copies.

        missing: what is not there and has to be; raises SanError with it before anything is changed.
        """
        if missing:
            raise SanError(" ".join(missing))
        copies = {}
        for edit in edits:
            if backup and edit.exists and edit.text_changes:
                copies[edit.path] = _back_up(module, edit)
            if edit.steps:
                write_text(module, edit.path, edit.text, edit.new_mode)
        return {"backup_file": list(copies.values())[-1], "backup_files": copies} if copies else {}

    def _name_of(self, session):
        try:
            text = read_text(os.path.join(session, "initiatorname"))
        except SanError:
            # The session went away between the listing and the reading.
            return None
        return text.strip() if text else None


def _back_up(module, edit):
    # The name that AnsibleModule.backup_local gives; that would copy the mode as well, and with it show the secrets of an open file.
    copy = f"{edit.path}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~"
    write_text(module, copy, edit.old_text, edit.old_mode)
    return copy
