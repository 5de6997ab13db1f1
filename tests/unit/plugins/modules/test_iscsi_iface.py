# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory."""

from __future__ import annotations

import pathlib
import stat

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_ifaces, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import Places
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import render_changes
from ansible_collections.linuxsan.host.plugins.modules import iscsi_iface

FIXTURES = pathlib.Path(__file__).parents[1] / "module_utils" / "_iscsi" / "fixtures"
IQN = "iqn.2004-08.com.example:dev0.ctr1"


@pytest.fixture
def places(tmp_path, records_under_lock):
    for part in ("db", "sys/class/net/eth1", "sys/class/iscsi_session", "proc"):
        (tmp_path / part).mkdir(parents=True)
    return Places(*(str(tmp_path / part) for part in ("db", "sys", "udev", "proc", "lock", "turn")))


@pytest.fixture
def iface(places, run_main):
    real_work = iscsi_iface.work

    def run(check=False, **params):
        return run_main(iscsi_iface, lambda module: real_work(module, places), {"name": "eth1", **params}, check)

    return run


def node_through(places, name):
    path = pathlib.Path(places.root) / "nodes" / IQN / "10.0.0.1,3260,1" / name
    path.parent.mkdir(parents=True)
    text = (FIXTURES / "iscsiadm-2.1.8-node-default.txt").read_text(encoding="utf-8")
    changes = {"node.name": IQN, "node.conn[0].address": "10.0.0.1", "node.conn[0].port": "3260", "iface.iscsi_ifacename": name}
    path.write_text(render_changes(text, changes), encoding="utf-8")
    return path


def session_through(places, name):
    device = pathlib.Path(places.sysfs) / "devices/host1/session1"
    own = device / "iscsi_session/session1"
    connection = device / "connection1:0/iscsi_connection/connection1:0"
    for directory, values in (
        (own, {"targetname": IQN, "tpgt": 1, "state": "LOGGED_IN", "ifacename": name}),
        (connection, {"persistent_address": "10.0.0.1", "persistent_port": 3260}),
    ):
        directory.mkdir(parents=True)
        for key, value in values.items():
            (directory / key).write_text(str(value), encoding="utf-8")
    (own / "device").symlink_to(device)
    (pathlib.Path(places.sysfs) / "class/iscsi_session/session1").symlink_to(own)


def test_check_real_again(iface, places):
    predicted = iface(check=True, net_ifacename="eth1")
    assert (predicted["actions"], predicted["iface"], read_ifaces(places.root)) == (["create iface eth1"], None, ())
    done = iface(net_ifacename="eth1")
    assert (done["changed"], done["actions"], done["diff"]) == (True, predicted["actions"], predicted["diff"])
    assert (done["iface"]["net_ifacename"], done["iface"]["transport"], done["warnings"]) == ("eth1", "tcp", [])
    (record,) = read_ifaces(places.root)
    assert stat.S_IMODE(pathlib.Path(record.path).stat().st_mode) == 0o600
    for check in (True, False):
        assert iface(check=check, net_ifacename="eth1")["changed"] is False
    changed = iface(settings={"iface.mtu": 9000}, hwaddress="52:54:00:12:34:56")
    assert changed["actions"] == ["update iface eth1"]
    assert read_ifaces(places.root)[0].values["iface.mtu"] == "9000"
    assert iface(net_ifacename="")["iface"]["net_ifacename"] is None
    assert iface(state="absent")["actions"] == ["delete iface eth1"]
    assert read_ifaces(places.root) == () and iface(state="absent")["changed"] is False


def test_node_records_take_the_change_and_sessions_are_named(iface, places):
    iface(net_ifacename="eth1")
    node_through(places, "eth1")
    session_through(places, "eth1")
    done = iface(net_ifacename="eth2")
    assert done["actions"] == ["update iface eth1", f"update node record {IQN} 10.0.0.1:3260 through eth1"]
    assert read_nodes(places.root)[0].values["iface.net_ifacename"] == "eth2"
    assert any("keeps the old binding" in text for text in done["warnings"])
    assert any("eth2: not there" in text for text in done["warnings"])
    assert iface(net_ifacename="eth2")["changed"] is False


def test_one_binding_at_a_time(iface, places):
    """iscsid goes by the hardware address when there are both."""
    address = "52:54:00:12:34:56"
    iface(hwaddress=address)
    node = node_through(places, "eth1")
    iface(hwaddress=address)
    predicted, done = iface(check=True, net_ifacename="eth1"), iface(net_ifacename="eth1")
    assert (predicted["actions"], predicted["diff"]) == (done["actions"], done["diff"])
    assert f"iface.hwaddress={address}" in done["diff"][0]["before"] and "iface.hwaddress=-" in done["diff"][0]["after"]
    (record,) = read_nodes(places.root)
    assert (done["iface"]["hwaddress"], "iface.hwaddress" in record.values, record.values["iface.net_ifacename"]) == (None, False, "eth1")
    # A node record that has kept both from an older run.
    node.write_text(render_changes(node.read_text(encoding="utf-8"), {"iface.hwaddress": address}), encoding="utf-8")
    assert iface(net_ifacename="eth1")["actions"] == [f"update node record {IQN} 10.0.0.1:3260 through eth1"]
    assert iface(net_ifacename="eth1")["changed"] is False
    back = iface(hwaddress=address)["iface"]
    assert (back["hwaddress"], back["net_ifacename"]) == (address, None)
    assert "mutually exclusive" in iface(hwaddress=address, net_ifacename="eth1")["msg"]


def test_of_an_adapter_the_address_stays(iface):
    iface(hwaddress="52:54:00:12:34:56", transport="cxgb4i")
    assert iface(net_ifacename="eth1")["iface"]["hwaddress"] == "52:54:00:12:34:56"


def test_a_key_that_iscsiadm_refuses_can_be_cleared(iface, places):
    iface(net_ifacename="eth1")
    node = node_through(places, "eth1")
    for path in (node, pathlib.Path(read_ifaces(places.root)[0].path)):
        path.write_text(render_changes(path.read_text(encoding="utf-8"), {"iface.mtuu": "9000"}), encoding="utf-8")
    assert len(iface(settings={"iface.mtuu": None})["actions"]) == 2
    assert not any("iface.mtuu" in record.values for record in (*read_ifaces(places.root), *read_nodes(places.root)))


def test_one_in_use_is_not_deleted(iface, places):
    iface(net_ifacename="eth1")
    path = node_through(places, "eth1")
    assert "node record" in iface(state="absent")["msg"]
    path.unlink()
    session_through(places, "eth1")
    assert "session" in iface(check=True, state="absent")["msg"]
    assert len(read_ifaces(places.root)) == 1


def test_a_broken_one_is_made_anew(iface, places):
    path = pathlib.Path(places.root) / "ifaces" / "eth1"
    path.parent.mkdir()
    path.touch()
    done = iface(net_ifacename="eth1")
    assert done["actions"] == ["create iface eth1"] and "unreadable (empty)" in done["diff"][0]["before"]
    assert done["iface"]["broken"] is None


NOT_THERE = "not there, so a login through it fails"
ADDRESS = "52:54:00:12:34:56"


@pytest.mark.parametrize(
    "params, words",
    [
        ({"net_ifacename": "eth1"}, None),
        ({"net_ifacename": "eth9"}, f"network device eth9: {NOT_THERE}"),
        ({"hwaddress": ADDRESS}, f"network device with the address {ADDRESS}: {NOT_THERE}"),
        ({"hwaddress": ADDRESS, "transport": "cxgb4i"}, None),
        ({}, "iface eth1: names no network device"),
        ({"initiator_name": "iqn.2026-01.org.example:host1"}, None),
        ({"ipaddress": "10.0.0.9"}, "iface eth1: has an address and names no network device"),
        ({"ipaddress": "10.0.0.9", "transport": "qla4xxx"}, None),
    ],
)
def test_what_a_binding_lacks_is_foretold(iface, places, params, words):
    """The same in check mode, when it is made, and when it is there."""
    seen = [iface(check=check, **params)["warnings"] for check in (True, False, True, False)]
    assert all(len(warnings) == bool(words) and all(words in text for text in warnings) for warnings in seen)
    # A change is judged by what comes of it.
    assert iface(check=True, net_ifacename="eth1", hwaddress=None)["warnings"] == []
    assert iface(check=True, state="absent")["warnings"] == iface(state="absent")["warnings"] == []


@pytest.mark.parametrize(
    "params",
    [
        {"name": "default", "state": "absent"},
        {"name": "iser"},
        {"name": "iface.example"},
        {"name": "../x"},
        {"hwaddress": "eth1"},
        {"net_ifacename": "a b"},
        {"ipaddress": "10.0.0"},
        {"initiator_name": "host"},
        {"settings": {"node.startup": "manual"}},
        {"settings": {"iface.net_ifacename": "eth1"}},
        {"settings": {"iface.mtu": "9k"}},
        {"settings": {"iface.mtuu": 9000}},
        {"settings": {"iface.ipv6_autocfg": "nd"}},
        {"ipaddress": "fe80::1"},
        {"name": "eth1.ipv6", "ipaddress": "10.0.0.1"},
        {"transport": ""},
        {"transport": "tpc"},
    ],
    ids=str,
)
def test_refused(iface, places, params):
    assert iface(**params)["failed"] and read_ifaces(places.root) == ()


def test_a_host_without_open_iscsi(iface, places):
    pathlib.Path(places.root).rmdir()
    predicted, refused = iface(check=True, net_ifacename="eth1"), iface(net_ifacename="eth1")["msg"]
    assert predicted["changed"] and predicted["warnings"] == [refused]
    assert "Install open-iscsi (on RHEL and Fedora: iscsi-initiator-utils)" in refused
    assert iface(check=True, state="absent")["warnings"] == [] and not iface(state="absent").get("failed")
