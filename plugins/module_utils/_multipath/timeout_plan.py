# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery_tmo that multipathd gives to iSCSI sessions.

multipathd writes fast_io_fail_tmo there for every path of a map, whatever replacement_timeout in iscsid.conf says
(libmultipath/discovery.c sysfs_set_session_tmo).
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import value_in_force

ISCSI = "scsi:iscsi"
KEYWORD = "fast_io_fail_tmo"
# libmultipath/defaults.h DEFAULT_FAST_IO_FAIL
DEFAULT_SECONDS = 5


def recovery_tmo(conf, vendor, product, revision=None):
    """The seconds for the paths of a device, or None when multipathd leaves the kernel's value alone. conf: the Conf in force."""
    value = value_in_force((conf,), KEYWORD, vendor, product, ISCSI, revision)
    if value is None:
        return DEFAULT_SECONDS
    # It cannot be switched off or set to 0 for iSCSI: multipathd complains and writes nothing.
    return int(value) if value.isdigit() and int(value) else None
