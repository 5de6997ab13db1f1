# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks and sessions joined to LUNs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import UDEV_SERIAL, UNIT_SERIAL
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import find_luns, lun_problem, plan_claims, select_luns
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice

CTR1, CTR2 = "iqn.2004-08.com.example:ctr1", "iqn.2004-08.com.example:ctr2"


def disk(name, wwid, hctl="3:0:0:0", **changes):
    facts = {
        "transport": "iscsi",
        "revision": "2.00",
        "vendor": "Qsan",
        "model": "P600Q",
        "serial": "S1",
        "serial_kind": UNIT_SERIAL,
        "size": 1 << 30,
        "holders": (),
        "in_use_by": (),
        "is_san": True,
        "claimed": True,
        "kernel_wwid": None,
    }
    return SimpleNamespace(name=name, wwid=wwid, hctl=hctl, **{**facts, **changes})


def session(sid, target, *names):
    return SimpleNamespace(sid=sid, target=target, devices=[SimpleNamespace(name=name) for name in names])


DISKS = (
    disk("sda", "local", is_san=False, vendor="ATA", in_use_by=("mounted on /",)),
    disk("sdb", "3a"),
    disk("sdc", "3a", "4:0:0:0"),
    disk("sdd", "3b", "3:0:0:1", serial="S2"),
    disk("sde", None),
)
SESSIONS = (session(1, CTR1, "sdb", "sdd"), session(2, CTR2, "sdc", None))


def test_paths_are_joined_by_wwid():
    found = find_luns(DISKS, SESSIONS, ())
    assert [(lun.wwid, lun.san, [path.name for path in lun.paths], lun.targets) for lun in found] == [
        ("3a", True, ["sdb", "sdc"], (CTR1, CTR2)),
        ("3b", True, ["sdd"], (CTR1,)),
        ("local", False, ["sda"], ()),
    ]
    assert {lun.revision for lun in found} == {"2.00"}


@pytest.mark.parametrize(("transports", "san"), [(("vscsi", "vscsi"), True), (("vscsi",), False), (("sas", "sas"), False)])
def test_what_two_virtual_io_servers_serve_is_no_local_disk(transports, san):
    disks = (disk(f"sd{number}", "3a", transport=transport, is_san=False) for number, transport in enumerate(transports))
    assert [lun.san for lun in find_luns(disks, (), ())] == [san]


@pytest.mark.parametrize(
    ("criteria", "wwids"),
    [
        ({"vendor": "qsan"}, ["3a", "3b"]),
        ({"vendor": "Q*", "lun": 1}, ["3b"]),
        ({"serial": "S2"}, ["3b"]),
        ({"product": "P6??Q", "lun": 0}, ["3a"]),
        ({"target": CTR2}, ["3a"]),
        ({"target": "*:ctr2", "lun": 1}, []),
        ({"vendor": "ATA"}, []),
        ({"vendor": None, "lun": 0}, ["3a"]),
        ({"vendor": "san"}, []),
    ],
)
def test_select(criteria, wwids):
    assert [lun.wwid for lun in select_luns(find_luns(DISKS, SESSIONS, ()), criteria)] == wwids


@pytest.mark.parametrize(
    ("disks", "said"),
    [
        ((disk("sdb", "3a"), disk("sdc", "3a")), None),
        ((disk("sdb", "3a"), disk("sdc", "3a", size=None, serial=None)), None),
        ((disk("sdb", "3a"), disk("sdc", "3a", size=1 << 31)), "differ in size"),
        # What udev makes of the WWID is no unit serial number.
        ((disk("sdb", "3a"), disk("sdc", "3a", serial="2033", serial_kind=UDEV_SERIAL)), None),
        ((disk("sdb", "3a", serial=None, serial_kind=None), disk("sdc", "3a", serial_kind=UDEV_SERIAL)), None),
        (
            tuple(disk(name, "3a", serial=f"S{name}", serial_kind=UDEV_SERIAL) for name in ("sdb", "sdc")),
            "differ in serial number (sdb: Ssdb, sdc: Ssdc)",
        ),
        (
            (disk("sda", "3a", serial_kind=UDEV_SERIAL), *(disk(name, "3a", serial=f"S{name}") for name in ("sdb", "sdc"))),
            "differ in serial number (sdb: Ssdb, sdc: Ssdc)",
        ),
        ((disk("sdb", "3a"), disk("sdc", "3a", serial="S2")), "differ in serial number (sdb: S1, sdc: S2)"),
        (
            (disk("sdb", "3a", kernel_wwid="naa.a"), disk("sdc", "3a", kernel_wwid="naa.b"), disk("sdd", "3a")),
            "differ in the kernel's WWID (sdb: naa.a, sdc: naa.b)",
        ),
        # The kernel may prefer another identifier than udev.
        ((disk("sdb", "3a", kernel_wwid="eui.b"), disk("sdc", "3a", kernel_wwid="eui.b"), disk("sdd", "3a")), None),
        ((disk("sdb", "3a", in_use_by=("swap",)),), "sdb is swap"),
        ((disk("sdb", "3a", holders=("dm-0",), in_use_by=("held by dm-0 (qsan)", "mounted on /mnt")),), None),
        ((disk("sdb", "3a", holders=("dm-1",), in_use_by=("held by dm-1 (vg-root)",)),), "held by dm-1"),
    ],
)
def test_problems(disks, said):
    maps = (DmDevice("dm-0", "qsan", "mpath-3a"), DmDevice("dm-1", "vg-root", "LVM-x"))
    problem = lun_problem(find_luns(disks, (), maps)[0])
    assert problem is None if said is None else said in problem


@pytest.mark.parametrize(("slaves", "steps"), [(("sdb", "sdc"), ["claim sdc"]), (("sdb",), [])])
def test_only_paths_of_the_map_are_claimed(slaves, steps):
    disks = (disk("sdb", "3a"), disk("sdc", "3a", "4:0:0:0", claimed=False), disk("sdd", "3a", "5:0:0:0", claimed=None))
    (lun,) = find_luns(disks, (), ())
    assert [str(step) for step in plan_claims(lun, DmDevice("dm-0", "qsan", "mpath-3a", slaves=slaves))] == steps
    assert plan_claims(lun, None) == plan_claims(None, None) == ()
    (judged,) = find_luns(disks, (), (), judged={"sdb", "sdc"})
    assert (judged.unclaimed, plan_claims(judged, DmDevice("dm-0", "qsan", "mpath-3a", slaves=slaves))) == (("sdc",), ())
