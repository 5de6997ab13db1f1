# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multipath has to do with a disk, as udev knows it: the WWID, or sysfs's when udev has none, and whether it is a path."""

from __future__ import annotations

import os
import re

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.udev_text import parse_udev
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text

# What multipath's uid_attrs take by default, by the beginning of the name (libmultipath/defaults.h).
UID_PROPERTIES = (("dasd", "ID_UID"), ("nvme", "ID_WWN"), ("", "ID_SERIAL"))
# sysfs names the kind of a SCSI identifier, scsi_id and multipath give its number in the standard (SPC, VPD page 83h).
DESIGNATORS = (("naa.", "3"), ("eui.", "2"), ("t10.", "1"))
# What multipath's own udev rules say of a disk that is or is not a path (multipath.rules).
CLAIMS = {"1": True, "0": False}


def read_properties(node, udev="/run/udev/data"):
    """What udev knows of a device -> dict, empty when udev does not run or the device is too new."""
    return properties_of(node.dev, udev)


def properties_of(dev, udev="/run/udev/data"):
    """What udev knows of the device with this number (major:minor) -> dict."""
    return parse_udev(read_text(os.path.join(udev, f"b{dev}")) or "")


def is_claimed(properties):
    """Whether udev takes a disk for a path of multipath, None when it does not say."""
    return CLAIMS.get(properties.get("DM_MULTIPATH_DEVICE_PATH"))


def wwid_of(node, properties):
    """The WWID that multipath uses for a disk: udev's, or as libmultipath builds it when udev has none. None when there is neither."""
    return wwid_at(node.name, node.directory, properties)


def wwid_at(name, directory, properties):
    """wwid_of a disk whose directory in sysfs is known."""
    key = next(key for prefix, key in UID_PROPERTIES if name.startswith(prefix))
    return properties.get(key) or _scsi_wwid(attribute(directory, "device", "wwid")) or attribute(directory, "wwid")


def _scsi_wwid(wwid):
    for word, number in DESIGNATORS:
        if wwid and wwid.startswith(word):
            return number + re.sub(r" +", "_", wwid[len(word) :].strip())
    return None
