# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of portals and targets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found, parse_discovery
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, join

targets = st.from_regex(r"iqn\.[0-9]{4}-[0-9]{2}\.[a-z.]{1,9}:[a-z0-9:._-]{0,20}", fullmatch=True)
found = st.builds(
    lambda target, address, port, tpgt: Found(target, Portal(str(address), port), str(address), tpgt),
    targets,
    st.ip_addresses(),
    st.integers(1, 65535),
    st.none() | st.integers(0, 65535),
)


def render(each):
    return f"{join(each.address, each.portal.port)},{4294967295 if each.tpgt is None else each.tpgt} {each.target}\n"


@given(st.lists(found, unique=True))
def test_reads_what_iscsiadm_prints(all_found):
    assert parse_discovery("".join(map(render, all_found))) == tuple(all_found)


@given(found)
def test_once_per_interface_is_once(each):
    assert parse_discovery(render(each) * 3) == (each,)


@given(found)
def test_a_remark_of_iscsiadm_is_passed_over(each):
    remark = "Optional iface.ipaddress for iface cxgb3i.00:07:43:11:22:33.ipv4.0 not set.\n"
    assert parse_discovery(remark + render(each)) == (each,)


@pytest.mark.parametrize("text", ["[]:3260,4294967295 \n", "iscsiadm: No records found\n", "10.0.0.1:3260 iqn.x\n", "10.0.0.1:3260,1 iqn.x/../../y\n"])
def test_what_is_no_list(text):
    with pytest.raises(ParseError, match="iscsiadm line 1"):
        parse_discovery(text)
