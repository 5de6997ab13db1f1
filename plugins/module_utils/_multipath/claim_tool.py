# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What udev takes the paths of a map for: its rules keep file systems, LVM and systemd away from a disk that is a path, and from no other."""

from __future__ import annotations

import contextlib
import os

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import is_claimed, properties_of
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until_none

UDEV_SECONDS = 10
INTERVAL_SECONDS = 0.2


def claim_paths(names, sysfs, udev):
    """Let udev look again at those paths of a map that it took for plain disks when they came, and wait until it has -> those that stay plain disks.

    Their WWID was registered only later. multipathd of 0.9.4 lets udev look again only where it registers the WWID itself.
    """
    left = [name for name in names if _is_unclaimed(name, sysfs, udev)]
    for name in left:
        # One that has just gone has nothing to be kept away from.
        with contextlib.suppress(OSError), open(os.path.join(sysfs, "block", name, "uevent"), "w", encoding="ascii") as file:
            file.write("change")
    return wait_until_none(lambda: tuple(name for name in left if _is_unclaimed(name, sysfs, udev)), UDEV_SECONDS, INTERVAL_SECONDS)


def judged_after(devs, files, udev):
    """Which devices udev has looked at since each of the files was last changed. devs: name -> number. Returns a frozenset of names."""
    changed = max(map(_time_of, files), default=0)
    return frozenset(name for name, dev in devs.items() if _time_of(os.path.join(udev, f"b{dev}")) > changed)


def _is_unclaimed(name, sysfs, udev):
    return is_claimed(properties_of(attribute(sysfs, "block", name, "dev"), udev)) is False


def _time_of(file):
    """In nanoseconds, 0 for a file that is not there."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0
