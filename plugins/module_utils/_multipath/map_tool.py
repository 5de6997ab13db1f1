# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device-mapper devices as the kernel shows them in sysfs. No process, and no I/O to a device that may hang."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES, attribute, natural_key
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import MULTIPATH_UUID


@dataclass(frozen=True)
class DmDevice:
    """One device-mapper device. dm: its kernel name (dm-0); slaves and holders: kernel names below and above it; size in bytes."""

    dm: str
    name: str
    uuid: str
    size: int = 0
    suspended: bool = False
    read_only: bool = False
    slaves: Tuple[str, ...] = ()
    holders: Tuple[str, ...] = ()

    @property
    def wwid(self) -> Optional[str]:
        """The WWID when it is a multipath map, or None."""
        return self.uuid[len(MULTIPATH_UUID) :] if self.uuid.startswith(MULTIPATH_UUID) else None


def read_dm(sysfs="/sys"):
    """All device-mapper devices, as a tuple of DmDevice in the order of their numbers."""
    block = os.path.join(sysfs, "block")
    names = (name for name in _entries(block) if name.startswith("dm-"))
    found = (_read_device(block, name) for name in names)
    return tuple(device for device in found if device is not None)


def mapped_device(name, mapper="/dev/mapper", sysfs="/sys"):
    """The kernel name (dm-0) behind /dev/mapper/NAME, or None. udev makes it a link, device-mapper without udev a node."""
    path = os.path.join(mapper, name)
    target = os.path.basename(os.path.realpath(path))
    if target.startswith("dm-"):
        return target if os.path.exists(path) else None
    try:
        number = os.stat(path).st_rdev
    except OSError:
        return None
    known = os.path.realpath(os.path.join(sysfs, "dev", "block", f"{os.major(number)}:{os.minor(number)}"))
    return os.path.basename(known) if os.path.exists(known) else None


def _read_device(block, dm):
    directory = os.path.join(block, dm)
    name = attribute(directory, "dm", "name")
    if name is None:
        # Removed while we looked, or not yet complete.
        return None
    return DmDevice(
        dm=dm,
        name=name,
        uuid=attribute(directory, "dm", "uuid") or "",
        size=int(attribute(directory, "size") or 0) * SECTOR_BYTES,
        suspended=attribute(directory, "dm", "suspended") == "1",
        read_only=attribute(directory, "ro") == "1",
        slaves=_entries(os.path.join(directory, "slaves")),
        holders=_entries(os.path.join(directory, "holders")),
    )


def _entries(directory):
    try:
        return tuple(sorted(os.listdir(directory), key=natural_key))
    except OSError:
        return ()
