# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network devices in a directory, and the real ones."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_plan import net_device_of, network_warnings
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_tool import NetDevice, read_devices

BOTH = (("10.10.10.0/24", ("eth1", "eth2")),)


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def test_the_higher_value_is_in_force(tmp_path):
    put(tmp_path / "sys/class/net/eth1/address", "52:54:00:12:34:56")
    for place, values in {"all": (0, 1, 0), "eth1": (1, 0, 2)}.items():
        for key, value in zip(("rp_filter", "arp_ignore", "arp_announce"), values):
            put(tmp_path / "proc/sys/net/ipv4/conf" / place / key, value)
    (device,) = read_devices(str(tmp_path / "sys"), str(tmp_path / "proc"))
    assert device == NetDevice("eth1", "52:54:00:12:34:56", (), 1, 1, 2)


def test_a_host_without_any(tmp_path):
    assert read_devices(str(tmp_path), str(tmp_path)) == ()


def test_this_host():
    assert "lo" in {device.name for device in read_devices()}


@pytest.mark.parametrize(
    "rp_filter, arp_ignore, arp_announce, words",
    [
        (2, 1, 2, ()),
        (0, 1, 2, ()),
        (1, 1, 2, ("rp_filter",)),
        (0, 0, 2, ("arp_ignore",)),
        (1, 1, 1, ("rp_filter", "arp_announce")),
        (None, None, None, ("arp",)),
    ],
)
def test_two_devices_in_one_network(rp_filter, arp_ignore, arp_announce, words):
    device = NetDevice("eth1", None, BOTH, rp_filter, arp_ignore, arp_announce)
    found = network_warnings(("eth1",), (device,))
    assert len(found) == len(words) and all(word in text and "eth1 and eth2" in text for word, text in zip(words, found))


@pytest.mark.parametrize(
    "name, address, device",
    [
        ("eth1", None, "eth1"),
        ("eth1", "52:54:00:12:34:AB", "eth2"),
        ("eth1", "52:54:00:00:00:00", None),
        ("eth1", "default", "eth1"),
        ("default", "default", None),
        (None, None, None),
    ],
)
def test_the_device_that_open_iscsi_binds_to(name, address, device):
    devices = (NetDevice("eth2", "52:54:00:12:34:ab", (), None, None, None),)
    assert net_device_of({"iface.net_ifacename": name, "iface.hwaddress": address}, devices) == device


def test_one_device_in_a_network_and_one_that_is_not_there():
    alone = NetDevice("eth1", None, (("10.10.10.0/24", ("eth1",)),), 1, 0, 0)
    assert network_warnings(("eth1",), (alone,)) == ()
    assert network_warnings(("eth9",), (alone,)) == ("network device eth9: not there, so a login through it fails",)
