# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the host: read as they are, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import tempfile
import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# What mkstemp makes of it matches no *.conf pattern of a conf.d.
TEMPORARY = ".linuxsan-"
LEFT_BEHIND = re.compile(r"\.linuxsan-[a-z0-9_]+")
# A writer has locked its new file after so long.
LOCKED_SECONDS = 2


def read_text(path):
    """The text of a file, or None when there is none. Bytes that are not UTF-8 survive a write_text unchanged."""
    # The reading of a pipe might never end; of a directory open(2) tells itself.
    _check_kind(path, stat.S_IFREG, stat.S_IFDIR)
    try:
        # newline="" keeps CRLF as it is.
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SanError(f"{path}: cannot be read: {error.strerror}. Run as root, or look at the file's type and mode.") from error


def mode_of(path, default):
    """The permission bits of a file, or default when there is none."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return default


def write_text(module, path, text, mode):
    """Replace a file in one step, after its data has reached the disk.

    A reader, a killed run or a power cut sees the old file or the new one, never a part. Owner and SELinux
    context of an existing file are kept (AnsibleModule.atomic_move); mode: its permission bits afterwards.
    """
    # What is no file would lose its place to one.
    _check_kind(path, stat.S_IFREG)
    path = os.path.realpath(path)
    temporary = ""
    try:
        # In the same directory, so that the last step is a rename.
        directory = _existing_directory(path)
        _sweep(directory)
        handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=directory)
        # Locked until it is in its place, for _sweep of another run.
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            if os.path.exists(path):
                # atomic_move gives the new file the old one's mode: set there first, a secret is never readable for a moment.
                os.chmod(path, mode)
            os.chmod(temporary, mode)
            # atomic_move opens a file that was not there before to whom the umask lets in, whatever the temporary file's mode.
            umask = os.umask(~mode & 0o777)
            try:
                module.atomic_move(temporary, path)
            finally:
                os.umask(umask)
    except OSError as error:
        raise SanError(f"{path}: cannot be written: {error.strerror}. The old file is untouched; free the cause and run again.") from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    _sync_directory(os.path.dirname(path))


def check_not_mounted(path):
    """Raise SanError when the file is itself mounted at its place, as into a container: the kernel puts no other one there (rename(2), EBUSY)."""
    real = os.path.realpath(path)
    if os.path.exists(real) and _mount_of(real) != _mount_of(os.path.dirname(real)):
        raise SanError(f"{path}: is a mount point, and can only be replaced where it is mounted from. Edit the file there; nothing was changed.")


def copy_file(module, path, copy):
    """Keep a file under a second name, with its owner, mode and context. A copy that was cut off is none to go back to, and does not stay."""
    try:
        module.preserved_copy(path, copy)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(copy)
        raise SanError(f"{copy}: the copy cannot be written: {error.strerror}. {path} is untouched; free the cause and run again.") from error


def _check_kind(path, *kinds):
    """Raise SanError when a path is not absolute, or leads to what is of another kind (stat.S_IFREG and so on)."""
    if not os.path.isabs(path):
        raise SanError(f"{path!r}: is not an absolute path. Name the file with its directory.")
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
    except OSError:
        # What is not there or out of reach is told where it is opened.
        return
    if kind not in kinds:
        raise SanError(f"{path}: is not a plain file. Name another path.")


def _mount_of(path):
    """The mount that a path is in, as a line of fdinfo; None where the kernel does not say."""
    handle = os.open(path, os.O_PATH)
    try:
        return next((line for line in (read_text(f"/proc/self/fdinfo/{handle}") or "").split("\n") if line.startswith("mnt_id:")), None)
    finally:
        os.close(handle)


def _existing_directory(path):
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        raise SanError(f"{directory}: no such directory for {os.path.basename(path)}. Install the package that owns it and run again.")
    return directory


def _sweep(directory):
    """Remove what killed runs have left, which may hold a secret."""
    for name in filter(LEFT_BEHIND.fullmatch, os.listdir(directory)):
        path = os.path.join(directory, name)
        try:
            # A pipe of that name would be waited for.
            with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_NOFOLLOW)) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(file.fileno()).st_mtime > LOCKED_SECONDS:
                    os.unlink(path)
        except OSError:
            # Of a run that writes now, or in its place meanwhile, or no file: no reason not to write.
            continue


def _sync_directory(directory):
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
