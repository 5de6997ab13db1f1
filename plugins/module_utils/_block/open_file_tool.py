# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open files of processes, as far as they are devices."""

from __future__ import annotations

import contextlib
import os
import re
import stat

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.mountinfo_text import parse_mountinfo

# Where the kernel itself knows what a file is. NFS, FUSE and cluster file systems ask somebody who may never answer, and so may one not named here.
ANSWER_AT_ONCE = (
    *("devtmpfs", "tmpfs", "ramfs", "rootfs", "overlay", "aufs", "squashfs", "erofs"),
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "zfs", "f2fs", "jfs", "nilfs2", "reiserfs"),
)
MOUNT_OF_FILE = re.compile(r"^mnt_id:\s*([0-9]+)$", re.MULTILINE)


class OpenFiles:
    """proc: where the processes are."""

    def __init__(self, proc):
        self._proc = proc
        # Of all mount namespaces: a process can hold a file of another one, and a process in a chroot is not told of the mount that has its root.
        self._fstypes = {}
        self._asked = set()
        self._read_mounts("self")

    def devices(self, pid, known):
        """Of the open files of a process those that are known, by path or by kind and number (of st_mode, major:minor) -> what known has for them."""
        files = os.path.join(self._proc, pid, "fd")
        # The process may end, or close a file, meanwhile.
        with contextlib.suppress(OSError):
            for number in os.listdir(files):
                with contextlib.suppress(OSError):
                    key = self._key(pid, number, os.path.join(files, number), known)
                    if key in known:
                        yield known[key]

    def _key(self, pid, number, file, known):
        path = os.readlink(file)
        # A virtual machine or a container can have a device node of its own name, in its own place.
        if path in known or not (path.startswith("/dev/") or self._answers(pid, number, path)):
            return path
        status = os.stat(file)
        return stat.S_IFMT(status.st_mode), f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"

    def _answers(self, pid, number, path):
        # Pipes, sockets and the like have no such path.
        mount = MOUNT_OF_FILE.search(attribute(self._proc, pid, "fdinfo", number) or "") if path.startswith("/") else None
        if mount is None:
            return False
        if mount.group(1) not in self._fstypes and pid not in self._asked:
            self._read_mounts(pid)
        return self._fstypes.get(mount.group(1)) in ANSWER_AT_ONCE

    def _read_mounts(self, pid):
        self._asked.add(pid)
        self._fstypes.update((mount.id, mount.fstype) for mount in parse_mountinfo(attribute(self._proc, pid, "mountinfo") or ""))
