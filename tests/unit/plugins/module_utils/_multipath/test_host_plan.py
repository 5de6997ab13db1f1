# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of /etc/fstab and /etc/crypttab are of a map."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_plan import Host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice

VOL = DmDevice("dm-0", "vol", "mpath-3600a")
SECRET = DmDevice("dm-9", "secret", "CRYPT-LUKS2-1-secret")


def host(line, *devices):
    return Host(devices=(VOL, SECRET, *devices), fstab=frozenset({line}), crypttab=(("secret", line), ("closed", line)))


@pytest.mark.parametrize("prefix", ["/dev/mapper/", "/dev/disk/by-id/dm-name-"])
@pytest.mark.parametrize("name", ["vol", "vol1", "volp1", "vol-part1", "vol_1"])
def test_lines_of_a_map_and_its_partitions(name, prefix):
    known = host(f"{prefix}{name}", DmDevice("dm-1", name, "part1-mpath-3600a"))
    assert (known.in_fstab("vol"), known.opened_in("vol")) == ([f"{prefix}{name}"], ["secret"])


@pytest.mark.parametrize("uuid", ["mpath-3600b", "part1-mpath-3600b", "part1-mpath-3600aa", "LVM-1", ""])
@pytest.mark.parametrize("name", ["vol1", "vol-part1", "volp1"])
def test_no_line_of_another_device_whose_name_begins_like_it(name, uuid):
    known = host(f"/dev/mapper/{name}", DmDevice("dm-1", name, uuid))
    assert (known.in_fstab("vol"), known.opened_in("vol")) == ([], [])


def test_a_name_that_is_nowhere_is_lost_by_no_rename():
    known = host("/dev/mapper/vol1")
    assert (known.in_fstab("vol"), known.opened_in("vol")) == ([], [])
