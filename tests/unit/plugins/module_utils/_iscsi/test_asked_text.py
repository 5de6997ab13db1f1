# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options are checked before anything is changed."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.asked_text import STARTUP, asked_for
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import ISNS_PORT, Portal

DEFAULTS = {
    **dict.fromkeys(("portals", "targets", "target_portals", "ifaces", "chap", "discovery_chap", "startup", "settings", "session_id")),
    "state": "connected",
    "discovery": "sendtargets",
    "min_portals": "1",
    "timeout": 30,
    "wait_for_devices": True,
    "rescan": False,
    "force": False,
    "exclusive": False,
}
CHAP = {"username": "host", "password": "SECRET-VALUE", "username_in": None, "password_in": None, "algorithms": None}
NOTHING = dict.fromkeys(CHAP)


def asked(**options):
    return asked_for(copy.deepcopy({**DEFAULTS, **options}))


def test_one_portal_in_two_spellings_is_one():
    assert asked(portals=["10.0.0.1", "10.0.0.1:3260"]).portals == (Portal("10.0.0.1"),)
    assert asked(portals=["10.0.0.1"], discovery="isns").portals == (Portal("10.0.0.1", ISNS_PORT),)


def test_chap_as_a_whole():
    values = asked(chap=CHAP).values
    assert (values[AUTH + "authmethod"], values[AUTH + "username"], values[AUTH + "username_in"]) == ("CHAP", "host", None)
    assert "SECRET-VALUE" not in repr(asked(chap=CHAP))


def test_the_secrets_leave_the_parameters():
    params = copy.deepcopy({**DEFAULTS, "chap": CHAP, "discovery_chap": {**CHAP, "username_in": "array", "password_in": "OTHER-VALUE"}})
    assert asked_for(params).values[AUTH + "password"].reveal() == "SECRET-VALUE"
    assert "-VALUE" not in repr(params)
    refused = copy.deepcopy({**DEFAULTS, "chap": CHAP, "timeout": 0, "settings": {"node.session.auth.password": "SECRET-VALUE"}})
    with pytest.raises(SanError):
        asked_for(refused)
    assert "-VALUE" not in repr(refused)


def test_chap_off_clears_names_and_secrets():
    values = asked(chap=NOTHING).values
    assert values[AUTH + "authmethod"] == "None"
    assert {values[AUTH + name] for name in ("username", "password", "username_in", "password_in")} == {None}
    assert asked().values == {}


def test_discovery_chap_is_another():
    both = asked(discovery_chap=CHAP)
    assert both.values == {} and both.discovery_values["discovery.sendtargets.auth.username"] == "host"


def test_what_logging_out_does_not_set_is_named():
    options = {"chap": CHAP, "startup": "manual", "settings": {"node.session.scan": "auto"}}
    (warning,) = asked(state="disconnected", **options).warnings
    assert warning.startswith("chap, startup, settings: not set, because state=disconnected leaves the node records as they are")
    assert asked(state="disconnected").warnings == asked(state="present", startup="manual").warnings == ()
    # There is no record left that could have them.
    assert asked(state="absent", startup="manual").warnings == ()


def test_startup_in_both_places():
    assert {asked(startup="manual").values[key] for key in STARTUP} == {"manual"}
    assert {asked(settings={"node.startup": "onboot"}).values[key] for key in STARTUP} == {"onboot"}
    assert {asked(startup="manual", settings={STARTUP[1]: "manual"}).values[key] for key in STARTUP} == {"manual"}


@pytest.mark.parametrize("options", [{"startup": "automatic"}, {"settings": {"node.startup": "automatic"}}])
def test_startup_that_contradicts_itself(options):
    with pytest.raises(SanError, match="node.startup = automatic and node.conn.0..startup = manual contradict each other"):
        asked(**{**options, "settings": {**options.get("settings", {}), STARTUP[1]: "manual"}})


def test_an_unknown_key_is_said_to_be_none_of_open_iscsi():
    with pytest.raises(SanError) as caught:
        asked(settings={"node.session.timeo.replacement_timeoutx": 1})
    assert "iscsid.conf" not in str(caught.value) and "Did you mean node.session.timeo.replacement_timeout?" in str(caught.value)


def test_min_portals():
    assert (asked().min_portals, asked(min_portals="all").min_portals) == (1, None)


@pytest.mark.parametrize("name", ["iqn.2000-01.com.Example:NAS_1.Volume", "IQN.2001-04.com.a:b", "eui.02004567A425678D", "naa.52004567BA64678D"])
def test_names_of_arrays(name):
    assert asked(portals=["10.0.0.1"], targets=[name], discovery="static").choice.patterns == (name,)


@pytest.mark.parametrize(
    "options",
    [
        {"portals": []},
        {"portals": ["a b"]},
        {"target_portals": ["10.0.0.0/33"]},
        {"min_portals": "-1"},
        {"min_portals": "most"},
        {"timeout": 0},
        {"session_id": 1},
        {"exclusive": True, "state": "absent"},
        {"exclusive": True, "state": "disconnected"},
        {"discovery": "static", "portals": ["10.0.0.1"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": ["iqn.*"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": ["../../etc"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": ["iqn.2001-04.com.a:b", "iqn./../../etc"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": ["iqn.2001-04.com.a:b c"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": ["not-an-iqn"]},
        {"discovery": "static", "portals": ["10.0.0.1"], "targets": [""]},
        {"settings": {"node.session.cmds_max": 100000}},
        {"settings": {"node.session.timeo.replacement_timeout": "abc"}},
        {"settings": {"node.session.timeo.replacement_timeoutx": 1}},
        {"settings": {"node.session.auth.password": "SECRET-VALUE"}},
        {"settings": {"iscsid.safe_logout": "Yes"}},
        {"settings": {"node.session.scan": None}},
        {"chap": {**CHAP, "password": "SECRET-VALUE\nx"}},
        {"discovery": "isns", "discovery_chap": CHAP},
        {"targets": [""]},
        {"targets": ["iqn.2001-04.com.a:b", " "]},
        {"targets": ["iqn.2001-04.com.a:b\n"]},
        {"ifaces": [""]},
        {"ifaces": ["eth1\neth2"]},
    ],
    ids=str,
)
def test_refused(options):
    with pytest.raises(SanError) as caught:
        asked(**options)
    assert "SECRET-VALUE" not in str(caught.value)
