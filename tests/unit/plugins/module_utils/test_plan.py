# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""changed, actions and diff come from the steps alone, and no secret comes with them."""

from __future__ import annotations

import json

from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, report, state_diff, text_diff
from ansible_collections.linuxsan.host.plugins.module_utils._secret import SHOWN, Secret

LOGIN = Step("login", "iqn.2004-08.com.example:disk1 at 10.10.10.100:3260,1", after="LOGGED_IN", args=Secret("geheim"))
LOGOUT = Step("logout", "iqn.2004-08.com.example:disk2 at 10.10.10.100:3260,1", before="LOGGED_IN")


def test_no_step_is_no_change():
    assert report([], []) == {"changed": False, "actions": [], "diff": []}


def test_actions_name_verb_and_object_in_order():
    reported = report([LOGIN, LOGOUT], [])
    assert reported["changed"]
    assert reported["actions"] == [
        "login iqn.2004-08.com.example:disk1 at 10.10.10.100:3260,1",
        "logout iqn.2004-08.com.example:disk2 at 10.10.10.100:3260,1",
    ]


def test_state_diff_has_a_line_only_where_there_is_something():
    diff = state_diff([LOGIN, LOGOUT], "iscsi sessions")
    assert diff["before"] == "iqn.2004-08.com.example:disk2 at 10.10.10.100:3260,1: LOGGED_IN\n"
    assert diff["after"] == "iqn.2004-08.com.example:disk1 at 10.10.10.100:3260,1: LOGGED_IN\n"


def test_bytes_that_are_not_utf8_can_be_reported():
    diff = text_diff("/etc/multipath.conf", None, b"# \xe9\n".decode("utf-8", "surrogateescape"))
    assert json.loads(json.dumps(diff))["after"] == "# \\xe9\n"
    assert diff["before"] == ""


def test_a_secret_is_compared_and_not_shown():
    secret = Secret("geheim")
    assert secret == Secret("geheim") and secret != Secret("anders") and secret != "geheim"
    assert {f"{secret}", repr(secret), str([secret])} == {SHOWN, f"[{SHOWN}]"}
    assert "geheim" not in str(LOGIN) + repr(LOGIN) + json.dumps(report([LOGIN], [state_diff([LOGIN], "sessions")]))
