# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host has what multipath is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Places:
    """Where things are; other places for tests. The directory of bindings and wwids is fixed when multipath is built."""

    main: str = "/etc/multipath.conf"
    etc: str = "/etc/multipath"
    fstab: str = "/etc/fstab"
    sysfs: str = "/sys"
    udev: str = "/run/udev/data"
    proc: str = "/proc"
    mapper: str = "/dev/mapper"
    # The records of open-iscsi; None: where the installed iscsiadm has them.
    iscsi: Optional[str] = None


HERE = Places()
