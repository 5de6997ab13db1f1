# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets are asked before a relogin, with what, and what a refusal says."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import NodeRecord
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_tool import NetDevice
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH, Wanted, plan_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_trial import check_chap
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Login, Session
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.trial_tool import Trial
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

TARGET, PORTAL, INITIATOR = "iqn.2004-08.com.example:ctr1", Portal("10.10.10.100", 3260), "iqn.2026-11.com.example:db1"
OLD, NEW = Secret("Secret-of-host-1"), Secret("Secret-of-host-2")
NODE = Node(TARGET, PORTAL, "default", "10.10.10.100", 1)
VALUES = {AUTH + "username": "host", AUTH + "password": NEW, AUTH + "username_in": None, AUTH + "password_in": None}

DEVICES = tuple(NetDevice(name, address, (), None, None, None) for name, address in (("eth2", "52:54:00:12:34:56"), ("eth3", "52:54:00:12:34:ab")))


def record(**more):
    values = {AUTH + "username": "host", AUTH + "password": OLD, AUTH + "chap_algs": "SHA256,MD5", "iface.transport_name": "tcp", **more}
    return NodeRecord(TARGET, PORTAL, "default", "10.10.10.100", 1, "/var/lib/iscsi/nodes/x", values, None)


def session(initiator=INITIATOR):
    return Session(3, TARGET, PORTAL, PORTAL, 1, "default", "LOGGED_IN", 30, login=Login("host", OLD), initiator=initiator)


def asked_about(known, live, answer):
    """Run the check -> the arguments of each trial. Warns of what has no verdict, and of nothing else."""
    calls = []

    def ask(*given):
        calls.append(given)
        return answer

    warnings = check_chap(plan_nodes(Wanted("connected", (NODE,), values=VALUES), (known,), (live,)), (known,), VALUES, DEVICES, ask)
    untried = f"portal {PORTAL} of {TARGET}: the new CHAP values could not be tried before the relogin: {answer.reason}"
    assert warnings == ((untried,) if calls and answer.accepted is None else ())
    return calls


@pytest.mark.parametrize("answer", [Trial(True), Trial(None, "Connection refused")])
def test_a_target_is_asked_with_the_values_that_its_record_will_have(answer):
    ((initiator, target, portal, login, algorithms, timeout, device),) = asked_about(record(**{"iface.net_ifacename": "eth1"}), session(), answer)
    assert (initiator, target, portal, device) == (INITIATOR, TARGET, PORTAL, "eth1")
    assert (login, algorithms) == (Login("host", NEW), "SHA256,MD5")
    assert timeout > 0


@pytest.mark.parametrize("address", ["52:54:00:12:34:56", "52:54:00:12:34:AB"])
def test_the_address_tells_the_device(address):
    known = record(**{"iface.net_ifacename": "eth1", "iface.hwaddress": address})
    ((*others, device),) = asked_about(known, session(), Trial(True))
    assert device == {"52:54:00:12:34:56": "eth2", "52:54:00:12:34:AB": "eth3"}[address]


@pytest.mark.parametrize("known, live", [(record(**{"iface.transport_name": "bnx2i"}), session()), (record(), session(initiator=None))])
def test_what_cannot_be_asked_is_left_to_the_relogin(known, live):
    assert asked_about(known, live, Trial(False, "not asked")) == []


def test_a_refusal_names_the_portal_and_no_secret():
    with pytest.raises(SanError) as refused:
        asked_about(record(), session(), Trial(False, "authentication failure"))
    assert f"portal {PORTAL} of {TARGET}: authentication failure. No session was logged out and no node record changed." in str(refused.value)
    assert refused.value.facts["failed_portals"][0]["status"] == "ISCSI_ERR_LOGIN_AUTH_FAILED"
    assert "Secret-of" not in str(refused.value)
