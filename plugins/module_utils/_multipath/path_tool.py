# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single paths of a map: how large the array says they are, and the kernel told to look again.

In processes of their own, because a path that has just died hangs whoever asks it, deaf to signals: such a process is given up after
its time, the module goes on.
"""

from __future__ import annotations

import os
import re
import sys

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES, attribute
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# READ CAPACITY (16) through SG_IO (include/scsi/sg.h, SBC-3 5.16): what the array says now. The size in sysfs is what it said when
# the kernel last looked. The first answer after a change is a unit attention (sense key 6), which says no more than ask again.
READ_CAPACITY = """
import ctypes, fcntl, os, struct, sys
SG_IO, FROM_DEVICE, MILLISECONDS, UNIT_ATTENTION = 0x2285, -3, 5000, 6
def ask(device):
    command = ctypes.create_string_buffer(bytes([0x9E, 0x10, *[0] * 11, 32, 0, 0]), 16)
    data, sense = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    places = [ctypes.addressof(each) for each in (data, command, sense)]
    header = bytearray(struct.pack("@iiBBHIPPPIIiPBBBBHHiII", ord("S"), FROM_DEVICE, 16, 32, 0, 32, *places, MILLISECONDS, 0, 0, 0, *[0] * 9))
    handle = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(handle, SG_IO, header)
    finally:
        os.close(handle)
    status, masked, message, written, host, driver = struct.unpack_from("@BBBBHH", header, struct.calcsize("@iiBBHIPPPIIiP"))
    places = (1, 2, 3) if sense.raw[0] & 0x7E == 0x72 else (2, 12, 13)
    key, code, qualifier = [sense.raw[place] for place in places]
    return status, host, (key & 15, code, qualifier), data.raw
for device in sys.argv[1:]:
    try:
        for attempt in range(5):
            status, host, sense, data = ask(device)
            if status == 0 or sense[0] != UNIT_ATTENTION:
                break
    except OSError as error:
        sys.exit(f"{device}: {error.strerror}")
    if status or host:
        sys.exit(f"{device}: SCSI status {status:#x}, host status {host:#x}, sense {'/'.join(f'{each:02x}' for each in sense)}")
    last, block = struct.unpack(">QI", data[:12])
    print((last + 1) * block)
"""
SECONDS_PER_PATH = 10
# What a path says that waits for its turn: standby (SPC-4), and owned by the other controller (RDAC). It need not tell its size then.
STANDBY = re.compile(r"sense (02/04/0b|05/94/01)\b")
STANDBY_ADVICE = (
    "That path is in standby, where this array does not tell the size of a LUN, so it would keep the old one. Nothing was changed. Log out of "
    "the sessions of its controller (iscsi_node with state disconnected), grow the map, and connect them again."
)


class ScsiPaths:
    """A method per verb. run: plugins/module_utils/_command.py's, or a test's."""

    def __init__(self, run, sysfs="/sys", dev="/dev"):
        self._run, self._sysfs, self._dev = run, sysfs, dev

    def capacities(self, names):
        """What the array says how large the paths are, as a dict of name and bytes. Raises SanError for a path that does not answer.

        Of a path that is no SCSI disk: what the kernel knows, which follows the device by itself.
        """
        asked = [name for name in names if self._is_scsi(name)]
        told = self._ask([os.path.join(self._dev, name) for name in asked]) if asked else []
        return {**{name: self.size(name) for name in names}, **dict(zip(asked, told))}

    def size(self, name):
        """The size of a path in bytes as the kernel knows it."""
        return int(attribute(self._sysfs, "block", name, "size") or 0) * SECTOR_BYTES

    def rescan(self, names):
        """Let the kernel ask each path again how large it is."""
        files = [self._file(name, "device", "rescan") for name in names if self._is_scsi(name)]
        result = self._run(["tee", *files], SECONDS_PER_PATH * len(files), "1") if files else None
        if result and result.rc != 0:
            raise SanError(f"{', '.join(names)}: rescan failed: {result.words}. Look at the paths (multipath_info) and the kernel log; run as root.")

    def _ask(self, devices):
        seconds = SECONDS_PER_PATH * len(devices)
        try:
            result = self._run([sys.executable, "-I", "-S", "-c", READ_CAPACITY, *devices], seconds)
        except CommandTimeout as error:
            raise SanError(f"{', '.join(devices)}: no answer to READ CAPACITY in {seconds} s. Look at the paths (multipath_info).") from error
        told = result.stdout.split()
        if result.rc != 0 or len(told) != len(devices):
            advice = STANDBY_ADVICE if STANDBY.search(result.words) else "Look at the paths (multipath_info) and the kernel log; run as root."
            raise SanError(f"{', '.join(devices)}: READ CAPACITY failed: {result.words}. {advice}")
        return [int(size) for size in told]

    def _is_scsi(self, name):
        return os.path.exists(self._file(name, "device", "rescan"))

    def _file(self, name, *parts):
        return os.path.join(self._sysfs, "block", name, *parts)
