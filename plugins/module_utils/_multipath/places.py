# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host has what multipath is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple


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
    # Of systemd, those of its generators among them (systemd.unit(5)).
    units: Tuple[str, ...] = (
        *(f"/etc/systemd/{name}" for name in ("system.control", "system", "system.attached")),
        *(f"/run/systemd/{name}" for name in ("system.control", "transient", "generator.early", "system", "system.attached", "generator", "generator.late")),
        *(f"{prefix}/systemd/system" for prefix in ("/usr/local/lib", "/usr/lib", "/lib")),
    )
    # The records of open-iscsi; None: where the installed iscsiadm has them.
    iscsi: Optional[str] = None
    crypttab: str = "/etc/crypttab"
    # Not in /run/lock, where on Debian everybody can make files.
    lock: str = "/run/linuxsan/multipath"


HERE = Places()
