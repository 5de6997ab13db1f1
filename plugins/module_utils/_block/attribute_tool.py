# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of sysfs, and files of procfs: one value each."""

from __future__ import annotations

import os
import re

# The kernel counts in these, whatever the blocks of the device are (Documentation/ABI/stable/sysfs-block).
SECTOR_BYTES = 512
# What an attribute fits in.
PAGE = 4096


def attribute(*path):
    """The text of a sysfs attribute without the blanks around it, or None when the device has none.

    A device can go away between two reads and then answers with any of ENOENT, ENODEV, ENXIO and EIO: all mean no value.
    """
    return attribute_bytes(*path).decode("utf-8", "replace").strip() or None


def attribute_bytes(*path):
    """The bytes of a sysfs attribute, empty when the device has none."""
    # Hundreds are read on a host with many paths: without Python's own buffer and codec that takes half the time.
    try:
        handle = os.open("/".join(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = [os.read(handle, PAGE)]
        while parts[-1]:
            parts.append(os.read(handle, PAGE))
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(handle)


def natural_key(name):
    """sdb before sdaa, dm-2 before dm-10."""
    return [(len(part), part) for part in re.findall(r"[0-9]+|[^0-9]+", name)]
