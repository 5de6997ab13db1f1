# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.table_text import Table, TableGroup, TableStatus
from ansible_collections.linuxsan.host.plugins.modules import multipath_info

A = "32033001378901d00"
CTR1, CTR2 = "iqn.2004-08.com.example:ctr1", "iqn.2004-08.com.example:ctr2"


class KernelTold:
    """dmsetup on the host: every map in one group, its second path failed. broken: the program is not there."""

    def __init__(self, san):
        self.san, self.broken = san, False

    def tables(self):
        if self.broken:
            raise SanError("dmsetup: not found on this host.")
        return tuple(
            Table(name, "1 queue_if_no_path", "1 alua", (TableGroup("service-time 0", self._devices(wwid)),)) for wwid, name in self.san.names().items()
        )

    def statuses(self):
        return tuple(TableStatus(name, ("active",), dict(zip(self._devices(wwid), ("active", "failed")))) for wwid, name in self.san.names().items())

    def _devices(self, wwid):
        return tuple((self.san.root / "sys/block" / disk / "dev").read_text() for disk, other in self.san.disks.items() if other == wwid)


@pytest.fixture
def dmsetup(san):
    return KernelTold(san)


@pytest.fixture
def info(san, fakes, dmsetup, run_main):
    real_work = multipath_info.work

    def run(check=False):
        return run_main(multipath_info, lambda module, *tools: real_work(module, fakes.multipathd, dmsetup, san.places), {}, check)

    return run


@pytest.fixture
def mapped(san, fakes):
    """A LUN over two paths, named and monitored, and a local disk."""
    san.disk("sda", "local", None, vendor="ATA", product="DISK")
    san.disk("sdb", A, CTR1)
    san.disk("sdc", A, CTR2)
    san.conf.write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {A}\n\t\talias qsan\n\t\tpath_grouping_policy multibus\n\t}}\n}}\n")
    fakes.multipath.add_wwid(A)
    fakes.multipathd.reconfigure()


@pytest.mark.parametrize("check", [True, False])
def test_a_healthy_map(info, mapped, san, check):
    before = san.snapshot()
    told = info(check)
    assert san.snapshot() == before
    (known,) = told["maps"]
    assert (known["name"], known["dm"], known["size"], known["policy"], known["paths"]) == ("qsan", "dm-0", 1 << 30, "multibus", ["sdb", "sdc"])
    assert [(path["name"], path["map"], path["target"], path["usable"]) for path in told["paths"]] == [
        ("sdb", "qsan", CTR1, True),
        ("sdc", "qsan", CTR2, True),
    ]
    assert [(disk["name"], disk["wwid"], disk["model"], disk["map"]) for disk in told["local_disks"]] == [("sda", "local", "DISK", None)]
    assert (told["degraded"], told["changed"], told["daemon"]["running"]) == ([], False, True)


def test_recovery_tmo_that_is_not_as_configured(info, mapped, san):
    san.conf.write_text(f"defaults {{\n\tfast_io_fail_tmo 20\n}}\n{san.conf.read_text()}")
    assert [fault["reason"] for fault in info()["degraded"]] == ["recovery_tmo"] * 2


def test_what_is_configured_below_a_device_of_a_vendor_alone(info, mapped, san, fakes, monkeypatch):
    """multipathd lists such an entry of a blacklist without its closing brace."""
    cut = 'blacklist_exceptions {\n\tdevice {\n\t\tvendor "PURE"\n}\n'
    asked = 'devices {\n\tdevice {\n\t\tvendor "Qsan"\n\t\tproduct "P600Q"\n\t\tfast_io_fail_tmo 10\n\t}\n}\n'
    monkeypatch.setattr(fakes.multipathd, "show_config", lambda: cut + asked)
    faults = [(fault["reason"], "not after 10 s" in fault["message"]) for fault in info()["degraded"]]
    assert faults == [("recovery_tmo", True)] * 2


def test_a_stopped_daemon(info, mapped, fakes):
    fakes.multipathd.up = False
    fakes.multipathd.calls.clear()
    told = info()
    (known,) = told["maps"]
    assert (known["name"], known["policy"], known["features"], known["vendor"], known["wwid"]) == ("qsan", "multibus", "1 queue_if_no_path", "Qsan", A)
    states = [(path["name"], path["dm_state"], path["checker_state"], path["device_state"], path["usable"]) for path in told["paths"]]
    assert states == [("sdb", "active", "undef", "running", None), ("sdc", "failed", "undef", "running", None)]
    assert [path["usable"] for path in known["groups"][0]["paths"]] == [None, None]
    assert {fault["reason"] for fault in told["degraded"]} == {"daemon_not_running", "not_monitored", "path_not_ready", "queueing_without_limit"}
    assert (told["daemon"]["running"], fakes.multipathd.calls) == (False, [])


def test_a_stopped_daemon_without_dmsetup(info, mapped, fakes, dmsetup):
    fakes.multipathd.up, dmsetup.broken = False, True
    told = info()
    assert [(known["name"], known["paths"], known["groups"]) for known in told["maps"]] == [("qsan", ["sdb", "sdc"], [])]
    assert {fault["reason"] for fault in told["degraded"]} == {"daemon_not_running", "not_monitored"}
    assert "dmsetup: not found" in told["warnings"][0]


def record(san, target, portal, startup):
    """A node record in the database."""
    place = san.root / "iscsi/nodes" / target / f"{portal},3260,1"
    place.mkdir(parents=True)
    lines = {
        "node.name": target,
        "node.tpgt": "1",
        "node.startup": startup,
        "iface.iscsi_ifacename": "default",
        "node.conn[0].address": portal,
        "node.conn[0].port": "3260",
    }
    text = "".join(f"{key} = {value}\n" for key, value in lines.items())
    (place / "default").write_text(f"# BEGIN RECORD 2.1.8\n{text}# END RECORD\n")


def test_a_session_that_did_not_come_back_at_boot(info, mapped, san):
    record(san, CTR1, "10.1.0.9", "automatic")
    record(san, CTR2, "10.1.0.8", "manual")
    record(san, "iqn.2004-08.com.example:ctr3", "10.1.0.7", "automatic")
    record(san, "iqn.2004-08.com.example:other", "10.1.0.6", "manual")
    (san.root / "proc/net").mkdir()
    header = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
    (san.root / "proc/net/route").write_text(header + "eth1 0000000A 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth2 0000010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n")
    (host, *of_map) = info()["degraded"]
    assert (host["reason"], host["name"], "ctr3 over 10.1.0.7:3260" in host["message"]) == ("session_missing", None, True)
    faults = {fault["reason"]: fault["message"] for fault in of_map}
    assert set(faults) == {"session_missing", "fabric_missing"}
    assert "10.1.0.9:3260" in faults["session_missing"]
    assert "goes over eth2 of portal 10.1.0.9:3260" in faults["fabric_missing"]


def test_a_lun_without_a_map(info, san):
    san.disk("sdb", A, CTR1)
    told = info()
    assert [(fault["reason"], fault["wwid"]) for fault in told["degraded"]] == [("no_map", A)]
    assert [(path["name"], path["map"], path["wwid"], path["dm_state"], path["checker_state"]) for path in told["paths"]] == [
        ("sdb", None, A, "orphan", "ready")
    ]


def test_the_control_volume_of_an_array(info, san, fakes, monkeypatch):
    """Multipath leaves it alone by itself, and knows no other path here."""
    san.disk("sdb", A, CTR1, vendor="NETAPP", product="Universal Xport")
    san.disk("sdc", "3b", CTR1, lun=1, vendor="NETAPP", product="INF-01-00")
    fakes.multipathd.blacklist = (A, "3b")
    own = 'blacklist {\n\tdevice {\n\t\tvendor "(NETAPP|LSI|ENGENIO)"\n\t\tproduct "Universal Xport"\n\t}\n}\n'
    monkeypatch.setattr(fakes.multipathd, "show_config", lambda: own)
    assert [(fault["reason"], fault["wwid"]) for fault in info()["degraded"]] == [("no_map", "3b")]


@pytest.mark.parametrize("files", ["two", "one"])
def test_a_blacklist_of_a_vendor_listed_as_another(info, san, fakes, monkeypatch, files):
    """multipathd lists a device of a vendor alone and one of a product alone as one device."""
    san.disk("sdb", A, CTR1)
    fakes.multipathd.blacklist = (A,)
    one = 'blacklist {\n\tdevice {\n\t\tvendor "Qsan"\n\t\tproduct "^F"\n\t}\n}\n'
    monkeypatch.setattr(fakes.multipathd, "show_config", lambda: one)
    Path(san.places.main).write_text(one if files == "one" else one.replace("\t\tproduct", "\t}\n\tdevice {\n\t\tproduct"))
    assert [fault["reason"] for fault in info()["degraded"]] == (["no_map"] if files == "one" else [])


def test_a_blacklisted_lun(info, san, fakes):
    san.disk("sdb", A, CTR1)
    fakes.multipathd.blacklist = (A,)
    assert [(path["name"], path["dm_state"], path["usable"]) for path in info()["paths"]] == [("sdb", "undef", None)]


def test_a_daemon_that_has_not_come_up_at_boot(info, san, fakes):
    """No map is there, and the LUN lies open."""
    for name, target in (("sdb", CTR1), ("sdc", CTR2)):
        san.disk(name, A, target)
    fakes.multipathd.up = False
    faults = info()["degraded"]
    assert [(fault["reason"], fault["wwid"]) for fault in faults] == [("daemon_not_running", None), ("no_map", A)]
    assert "Start multipathd" in faults[1]["message"]


def test_nothing_installed(info, san, fakes):
    fakes.multipathd.up = False
    told = info()
    assert (told["maps"], told["paths"], told["local_disks"], told["degraded"]) == ([], [], [], [])
