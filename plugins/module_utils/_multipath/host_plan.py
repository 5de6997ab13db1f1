# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a host's LUNs, their maps and their names, as plans ask for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun


@dataclass(frozen=True)
class Naming:
    """A multipath section of a file: its WWID and its alias."""

    wwid: str
    alias: Optional[str]
    file: str


@dataclass(frozen=True)
class Host:
    """What a plan needs to know. maps: KnownMap; links: alias -> kernel name behind /dev/mapper; confs, namings: of all files, as they are read;
    fstab: the devices that /etc/fstab names; mounts: kernel name of a map -> where it or a partition of it is mounted; mounters: mount point -> the file by
    which systemd mounts there; swaps: kernel names of the maps to which or to a partition of which is swapped; crypttab: what it opens, and where that lies."""

    luns: Tuple[Lun, ...] = ()
    devices: Tuple = ()
    maps: Tuple = ()
    links: Mapping[str, str] = field(default_factory=dict)
    namings: Tuple[Naming, ...] = ()
    bindings: Tuple = ()
    confs: Tuple = ()
    wwids: frozenset = frozenset()
    fstab: frozenset = frozenset()
    mounts: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    mounters: Mapping[str, str] = field(default_factory=dict)
    swaps: frozenset = frozenset()
    crypttab: Tuple[Tuple[str, str], ...] = ()

    def device(self, wwid):
        """The DmDevice of a WWID, or None."""
        return next((device for device in self.devices if wwid and device.wwid == wwid), None)

    def told(self, wwid):
        """The Map of a WWID as multipathd tells it, or None."""
        return next((known.told for known in self.maps if known.wwid == wwid), None)

    def lun(self, wwid):
        """The Lun of a WWID, or None."""
        return next((lun for lun in self.luns if lun.wwid == wwid), None)

    def in_fstab(self, name):
        """What /etc/fstab names of a map and its partitions, as a list of devices."""
        return sorted(self.fstab & self._links(name))

    def opened_in(self, name):
        """The open devices for which /etc/crypttab names a map or a partition of it, as a list."""
        there = {device.name for device in self.devices}
        return [opened for opened, lies_in in self.crypttab if opened in there and lies_in in self._links(name)]

    def _links(self, name):
        """The device nodes that have the name of a map or of a partition of it, as a set."""
        # By the uuid that kpartx gives a partition: by its name, vol1 may be a partition of vol and another map.
        uuids = [re.escape(device.uuid) for device in self.devices if device.name == name]
        parts = (device.name for device in self.devices for uuid in uuids if re.fullmatch(f"part[0-9]+-{uuid}", device.uuid))
        return {f"{directory}{each}" for each in (name, *parts) for directory in ("/dev/mapper/", "/dev/disk/by-id/dm-name-")}
