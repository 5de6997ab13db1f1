# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WWID that is gone is as absent as it can be, one that is misspelt is not."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_plan import Host, Naming
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wwid_plan import check_wwid

A, B, C = "32033001378901d00", "32033001378902d00", "32033001378903d00"
HOST = Host(
    luns=(Lun(B),),
    devices=(DmDevice("dm-0", "qsan", f"mpath-{A}"), DmDevice("dm-1", "vg-root", "LVM-x")),
    namings=(Naming(C, "logs", "a.conf"),),
)


@pytest.mark.parametrize("wwid", [A, B, C, "32033001378909d00", "2033001378909d00", "uuid.1234", "QEMU_disk_1"])
def test_what_is_known_or_gone_is_taken(wwid):
    assert check_wwid(wwid, HOST) is None


@pytest.mark.parametrize(
    ("wwid", "meant"),
    [
        (A[1:], A),
        (f"naa.{A[1:]}", A),
        (f"0x{A[1:]}", A),
        (A.upper(), A),
        (f"{A} ", A),
        (B[1:], B),
        (C[1:], C),
        (f"mpath-{A}", A),
        ("qsan", A),
        ("logs", C),
    ],
)
def test_another_spelling_is_refused_with_the_right_one(wwid, meant):
    with pytest.raises(SanError, match=f"is no WWID, but .*{meant}"):
        check_wwid(wwid, HOST)


@pytest.mark.parametrize("wwid", ["/dev/mapper/qsan", "/dev/sdb", "dm-0", "dm-7", "254:0", "vg-root", "mpath-3a"])
def test_a_device_is_refused(wwid):
    with pytest.raises(SanError, match="is no WWID, but a device"):
        check_wwid(wwid, HOST)
