# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An interface record gets no key and no value that iscsiadm refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_plan import NAME_KEY, OPTION_KEYS
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iface_text import BOTH, IPV4, IPV6, check_family, render_setting

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("family, own", [("ipv4", IPV4), ("ipv6", IPV6)])
def test_the_keys_are_those_that_iscsiadm_shows(family, own):
    text = (FIXTURES / f"iscsiadm-2.1.8-iface-show-{family}.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^(iface\S+)", text)) == {*BOTH, *own, NAME_KEY, *OPTION_KEYS.values()}


@pytest.mark.parametrize(
    "name, key, value, text",
    [
        ("eth1", "iface.mtu", 9000, "9000"),
        ("eth1", "iface.vlan_state", "Enable", "enable"),
        ("eth1", "iface.bootproto", "dhcp", "dhcp"),
        ("eth1.ipv6", "iface.ipv6_autocfg", "nd", "nd"),
        ("eth1.ipv6", "iface.mtu", 9000, "9000"),
    ],
)
def test_values(name, key, value, text):
    assert render_setting(name, key, value) == text


@pytest.mark.parametrize(
    "name, key, value, words",
    [
        ("eth1", "iface.mtuu", 9000, r"iscsiadm would refuse the whole database. Did you mean iface\.mtu\?"),
        ("eth1", "iface.isid", 1, "no key of an interface record"),
        ("eth1", "iface.mtu", "9k", "not a whole number"),
        ("eth1", "iface.mtu", 99999999, "not between 0 and 65535"),
        ("eth1", "iface.vlan_state", "on", "not one of enable, disable"),
        ("eth1", "iface.dhcp_vendor_id", "x" * 80, "keeps 79 at most"),
        ("eth1", "iface.gateway", "", "empty"),
        ("eth1", "iface.ipv6_autocfg", "nd", "takes eth1 for an IPv4 interface by its name"),
        ("eth1.ipv6", "iface.gateway", "10.0.0.1", "takes eth1.ipv6 for an IPv6 interface by its name"),
    ],
)
def test_refused(name, key, value, words):
    with pytest.raises(SanError, match=words):
        render_setting(name, key, value)


@pytest.mark.parametrize("name, address", [("eth1", "10.0.0.1"), ("eth1", "::ffff:10.0.0.1"), ("eth1.ipv6", "fe80::1")])
def test_the_family_goes_by_the_name(name, address):
    check_family(name, address)
    for other in {"eth1", "eth1.ipv6"} - {name}:
        with pytest.raises(SanError, match="Choose a name with"):
            check_family(other, address)
