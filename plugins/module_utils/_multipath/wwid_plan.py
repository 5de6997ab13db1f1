# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WWID as a task gives it. One that is gone is as absent as it can be; a misspelt one would be taken for gone."""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import MULTIPATH_UUID
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import LOOKS_LIKE_DEVICE

# What arrays and other tools write before the identifier, and the number that multipath writes in its place (SPC, VPD page 83h).
PREFIX = re.compile(rf"{MULTIPATH_UUID}|naa\.|eui\.|0x")
DESIGNATORS = ("", "3", "2")


def check_wwid(wwid, host):
    """Raise SanError when a WWID that nothing on the host has is recognisable as another spelling of one that is known, as a name, or as a device."""
    known = (*(lun.wwid for lun in host.luns), *(device.wwid for device in host.devices if device.wwid), *(naming.wwid for naming in host.namings))
    if wwid in known:
        return
    named = {**{naming.alias: naming.wwid for naming in host.namings}, **{device.name: device.wwid for device in host.devices}}
    plain = PREFIX.sub("", wwid.strip().lower(), count=1)
    spelt = [each for each in known if each.lower() in [f"{number}{plain}" for number in DESIGNATORS]]
    meant = next(iter(spelt), named.get(wwid))
    if meant:
        raise SanError(f"{wwid}: is no WWID, but another word for {meant}. Give that, as multipath writes it.")
    if wwid.startswith(("/", MULTIPATH_UUID)) or LOOKS_LIKE_DEVICE.fullmatch(wwid) or wwid in named:
        raise SanError(f"{wwid}: is no WWID, but a device. Give the WWID as multipath writes it; multipath_info lists those that are there.")
