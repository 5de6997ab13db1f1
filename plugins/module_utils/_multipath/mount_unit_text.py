# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units by which systemd mounts file systems."""

from __future__ import annotations

import re

# A dot only at the beginning.
ESCAPED = re.compile(rb"[^A-Za-z0-9:_./]|^\.")


def mount_unit_name(point):
    """The name of the unit of a mount point: /mnt/my-data -> mnt-my\\x2ddata.mount (systemd.unit(5), string escaping)."""
    inner = "/".join(filter(None, point.split("/"))).encode("utf-8", "surrogateescape")
    escaped = ESCAPED.sub(lambda match: rb"\x%02x" % ord(match.group()), inner).replace(b"/", b"-") or b"-"
    return escaped.decode() + ".mount"
