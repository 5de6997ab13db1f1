# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery_tmo that multipathd gives to iSCSI sessions.

multipathd writes fast_io_fail_tmo there for every path of a map, whatever replacement_timeout in iscsid.conf says
(libmultipath/discovery.c sysfs_set_session_tmo).
"""
from __future__ import annotations

import re

ISCSI = "scsi:iscsi"
KEYWORD = "fast_io_fail_tmo"
# libmultipath/defaults.h DEFAULT_FAST_IO_FAIL
DEFAULT_SECONDS = 5


def recovery_tmo(conf, vendor, product):
    """The seconds for the paths of a device, or None when multipathd leaves the kernel's value alone. conf: the Conf in force.

    Precedence (multipath.conf(5)): overrides for the protocol, overrides, devices (the last that matches first), defaults.
    """
    overrides = conf.blocks("overrides")
    protocols = (block for section in overrides for block in section.blocks("protocol") if block.value("type") == ISCSI)
    devices = (block for block in conf.blocks("devices", "device") if _names(block, vendor, product))
    for blocks in (protocols, overrides, devices, conf.blocks("defaults")):
        values = [value for value in (block.value(KEYWORD) for block in blocks) if value is not None]
        if values:
            return _seconds(values[-1])
    return DEFAULT_SECONDS


def _seconds(value):
    # It cannot be switched off or set to 0 for iSCSI: multipathd complains and writes nothing.
    return int(value) if value.isdigit() and int(value) else None


def _names(block, vendor, product):
    return all(_matches(block.value(keyword), text) for keyword, text in (("vendor", vendor), ("product", product)))


def _matches(pattern, text):
    try:
        return pattern is not None and re.search(pattern, text or "") is not None
    except re.error:
        return False
