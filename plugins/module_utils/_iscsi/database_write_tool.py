# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the record database of open-iscsi, under its lock.

Secrets are written here and not by `iscsiadm -v`, whose arguments every user of the host can see.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import HELD_LOCK, LOCK, NODE_KINDS, entries
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import started_processes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import parse_record, render_changes
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# A writer holds the lock for milliseconds; iscsiadm gives up after 30 s.
STALE_SECONDS = 5
# The start of a process is known in ticks of a clock that is not quite that of the files.
CLOCK_SECONDS = 1
LOCK_SECONDS = 30
LOCK_INTERVAL = 0.02
RECORD_MODE = 0o600
DIRECTORY_MODE = 0o700
# Name of the file before its rename. In the root, because iscsiadm takes every file beside a record for a record. None of those that
# write_text of _file.py has: where the root is /etc/iscsi, iscsid.conf may be written at the same time.
TEMPORARY = ".linuxsan-record-"


class Database:
    """The verbs that write. root: of the database; lock_directory: where open-iscsi has its lock."""

    def __init__(self, root, lock_directory, proc="/proc"):
        self.root = root
        self._lock = os.path.join(lock_directory, LOCK)
        self._held = os.path.join(lock_directory, HELD_LOCK)
        self._proc = proc

    @contextlib.contextmanager
    def locked(self):
        """Hold the lock as idbm_lock() of usr/idbm.c does, so that no iscsiadm writes at the same time."""
        try:
            os.makedirs(os.path.dirname(self._lock), exist_ok=True)
            with open(self._lock, "a", encoding="ascii"):
                pass
            self._take()
        except OSError as error:
            raise SanError(f"{self._lock}: cannot be taken: {error.strerror}. Look at its directory and at the free space there, and run again.") from error
        try:
            self._sweep()
            yield
        finally:
            self.remove_file(self._held)

    def change(self, path, changes):
        """Change keys of one record file. changes: key -> str, Secret or None. Call it while the lock is held."""
        self.write({path: self.changed(path, changes)})

    @staticmethod
    def changed(path, changes):
        """The text of one record file with other values. Raises SanError when it is no record any more: an empty one stops iscsiadm."""
        text = read_text(path) or ""
        try:
            parse_record(text)
        except ParseError as error:
            raise SanError(f"{path}: somebody else has changed or deleted this record meanwhile ({error}). Run again.") from error
        return render_changes(text, changes)

    def write(self, texts):
        """Put whole record files in their places, each in one step, for root alone to read. Call it while the lock is held.

        texts: path -> text. All are on the disk before the first is in its place, for one wait in the place of many: a power cut
        leaves no empty record, over which iscsiadm would stumble.
        """
        path = self.root
        try:
            written = {}
            for path, text in texts.items():
                _make_directories(os.path.dirname(path))
                written[self._temporary(text)] = path
            for temporary in written:
                _sync(temporary)
            for temporary, path in written.items():
                os.rename(temporary, path)
        except OSError as error:
            raise SanError(f"{path}: cannot be written: {error.strerror}. The old record is untouched; free the cause and run again.") from error

    def remove(self, record):
        """Delete one node record, its links and the directories that it leaves empty. Call it while the lock is held.

        By hand, because iscsiadm finds no record whose file it cannot read, and deletes all portal groups of a portal at once.
        """
        self.remove_file(record.path)
        link = f"{record.target},{record.address},{record.portal.port},{-1 if record.tpgt is None else record.tpgt},{record.iface}"
        for directory in ("static", "fw", "isns", *self._discovery_directories()):
            self.remove_file(os.path.join(self.root, directory, link))
        directory = os.path.dirname(record.path)
        while os.path.basename(directory) != "nodes" and _remove_empty(directory):
            directory = os.path.dirname(directory)

    def remove_discovery(self, path):
        """Delete the record of a discovery portal. Call it while the lock is held.

        By hand, because iscsiadm deletes every node record with it that was made from its answers.
        """
        self.remove_file(path)
        _remove_empty(os.path.dirname(path))

    def _temporary(self, text):
        handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=self.root)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(file.fileno(), RECORD_MODE)
            file.write(text)
        return temporary

    @staticmethod
    def remove_file(path):
        """Remove one file, which may be gone already."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _stays(path, error) from error

    def _discovery_directories(self):
        return [os.path.join(kind, name) for kind in NODE_KINDS.values() for name in entries(os.path.join(self.root, kind))]

    def free_stale_lock(self):
        """Remove the lock of a writer that was killed; it would delay each iscsiadm by 30 s. True when there was one."""
        stale = self._is_stale()
        if stale:
            self.remove_file(self._held)
        return stale

    def await_lock(self):
        """Wait until nobody writes; the lock of a writer that was killed is removed as soon as it can be told from another."""
        wait_until(lambda: self.free_stale_lock() or not os.path.lexists(self._held), STALE_SECONDS + CLOCK_SECONDS, LOCK_INTERVAL)

    def _take(self):
        if not wait_until(self._try, LOCK_SECONDS, LOCK_INTERVAL):
            holders = ", ".join(self._writers(time.time())) or "unknown"
            raise SanError(
                f"{self._held}: locked for more than {LOCK_SECONDS} s by iscsiadm (process {holders}). Look for an iscsiadm that hangs, end it and run again."
            )

    def _try(self):
        try:
            os.link(self._lock, self._held)
        except FileExistsError:
            self.free_stale_lock()
            return False
        return True

    def _is_stale(self):
        try:
            # The link was made when the inode last changed.
            taken = os.stat(self._held).st_ctime
        except FileNotFoundError:
            return False
        return time.time() - taken > STALE_SECONDS and not self._writers(taken)

    def _writers(self, taken):
        """Processes that may hold the lock for longer than a moment: one that started later is none, and waits or logs in."""
        return [pid for pid, started in started_processes("iscsiadm", self._proc) if started < taken + CLOCK_SECONDS]

    def _sweep(self):
        """Remove what a killed run has left, which may hold a secret."""
        for name in entries(self.root):
            if name.startswith(TEMPORARY):
                self.remove_file(os.path.join(self.root, name))


def _remove_empty(directory):
    """Remove a directory unless there is something in it -> True when it is gone."""
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise _stays(directory, error) from error
    return True


def _stays(path, error):
    return SanError(f"{path}: cannot be removed: {error.strerror}. Look at it, remove it by hand and run again.")


def _make_directories(path):
    """As iscsiadm does, for root alone; os.makedirs gives its mode to the last one only."""
    if not os.path.isdir(path):
        _make_directories(os.path.dirname(path))
        os.mkdir(path, DIRECTORY_MODE)


def _sync(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
