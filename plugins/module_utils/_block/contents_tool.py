# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data on a device itself, and whether somebody has a claim on the device.

In processes of their own, because a map that queues without paths hangs whoever reads it, for ever and deaf to signals:
such a process is given up after its time, the module goes on.
"""

from __future__ import annotations

import sys

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

MIB = 1 << 20
# mount, swapon, device-mapper, md, ZFS, LIO and mkfs claim a device with O_EXCL and the kernel refuses the second one. Opened for
# reading: closing after a write access would make udev announce a change.
CLAIM = """
import errno, os, sys
try:
    os.close(os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL))
except OSError as error:
    sys.exit(10 if error.errno == errno.EBUSY else error.strerror)
"""
CLAIMED = 10


class Contents:
    """Reads of a device, with dd: past the page cache, which can be older than the LUN that another host has written to."""

    def __init__(self, run, timeout):
        self._run, self._timeout = run, timeout

    def forget_cache(self, device):
        """Let the kernel drop what it has cached of the device, so that blkid and wipefs read the device too."""
        result = self._run(["dd", f"if={device}", "of=/dev/null", "iflag=nocache", "count=0", "status=none"], self._timeout)
        if result.rc != 0:
            raise SanError(f"{device}: the cached data cannot be dropped: {result.words}. Look at the kernel log for errors of the device.")

    def all_zero(self, device, offset, length):
        """Whether every byte from offset on is zero. offset, length: bytes, in whole blocks of the device.

        False as soon as one byte read is not. True only when all have been read. Raises SanError for a read that failed or was short.
        """
        argv = [
            "dd",
            f"if={device}",
            f"bs={MIB}",
            f"skip={offset}",
            f"count={length}",
            "iflag=direct,fullblock,skip_bytes,count_bytes",
            "status=none",
        ]
        result = self._run(argv, self._timeout)
        # Text made of NUL characters only: no other byte decodes to one.
        if result.stdout.strip("\0"):
            return False
        if result.rc != 0 or result.stderr.strip():
            raise SanError(f"{device}: cannot be read at byte {offset}: {result.words}. Look at its paths and at the kernel log.")
        if len(result.stdout) != length:
            raise SanError(f"{device}: a read of {length} bytes at byte {offset} ended after {len(result.stdout)}. Look at the size and paths of the device.")
        return True

    def claimed(self, device):
        """Whether the kernel knows an exclusive user of the device, also one that neither sysfs nor the mount table shows."""
        result = self._run([sys.executable, "-I", "-S", "-c", CLAIM, device], self._timeout)
        if result.rc not in (0, CLAIMED):
            raise SanError(f"{device}: cannot be opened: {result.words}. Run as root; look at its paths and at the kernel log.")
        return result.rc == CLAIMED
