# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the kernel knows of a disk: whether device-mapper still sends I/O to it, and whether somebody has claimed it or has its map open."""

from __future__ import annotations

import sys

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import read_open_counts
from ansible_collections.linuxsan.host.plugins.module_utils._command import ProgramMissing
from ansible_collections.linuxsan.host.plugins.module_utils._command import run as run_process
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.dm_text import parse_failed_paths

STATUS_SECONDS = 30
CLAIM_SECONDS = 15
# The kernel gives a device with O_EXCL to one only (mount, swapon, device-mapper, md, ZFS, LIO). In a process of its own, because
# an open can hang on a disk that does not answer; for reading, because udev takes the end of a write access for a change.
CLAIM = """
import errno, os, sys
# A disk that has gone, or has no medium, has no user.
gone = errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK))
    except OSError as error:
        if error.errno == errno.EBUSY:
            print(path)
        elif error.errno not in gone:
            sys.exit(path + ": " + error.strerror)
"""


class Paths:
    """run: as in _command.py."""

    def __init__(self, run=run_process):
        self._run = run

    def failed(self, nodes):
        """Names of the disks in nodes that their map takes for failed."""
        try:
            result = self._run(["dmsetup", "status", "--target", "multipath"], STATUS_SECONDS)
        except ProgramMissing:
            # There is no map either.
            return frozenset()
        if result.rc != 0:
            raise SanError(f"dmsetup status: {result.words}. It tells which paths of a map still work; mend it, or say force=true and look for yourself.")
        failed = parse_failed_paths(result.stdout)
        return frozenset(node.name for node in nodes.values() if node.dev in failed)

    def open_counts(self):
        """How often each device-mapper device is open, as read_open_counts has it."""
        return read_open_counts(self._run)

    def claimed(self, names, nodes):
        """Those of the named devices that somebody has claimed -> tuple of names. Raises SanError where that cannot be told."""
        if not names:
            return ()
        by_path = {nodes[name].device: name for name in names}
        result = self._run([sys.executable, "-I", "-S", "-c", CLAIM, *by_path], CLAIM_SECONDS)
        if result.rc != 0:
            raise SanError(
                f"{', '.join(names)}: cannot be asked for a claim: {result.words}. Run as root and look at the kernel log; "
                "force=true logs out all the same and may lose data."
            )
        return tuple(by_path[path] for path in result.stdout.split("\n") if path in by_path)
