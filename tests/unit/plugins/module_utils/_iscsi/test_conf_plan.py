# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps for iscsid.conf: planning again on a plan's outcome is empty."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_plan, conf_text, edit_plan
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

CHAP = {"username": "u", "password": "hunter2hunter2"}
PIECES = [*conf_plan.OPTION_KEYS.values(), "node.session.auth.password", "iscsid.safe_logout", "=", " = ", " ", "#", "x", "5", "\n", "\n", "\r\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def parse(text):
    return conf_text.parse_conf(text, "f")


@given(
    text=TEXTS,
    chap=st.sampled_from([None, {}, CHAP]),
    timeout=st.one_of(st.none(), st.integers(-1, 99)),
    logout=st.sampled_from([None, "Yes", "No"]),
)
def test_planning_again_is_empty(text, chap, timeout, logout):
    wanted = conf_plan.wanted_settings({"chap": chap, "replacement_timeout": timeout, "settings": {"iscsid.safe_logout": logout}})
    try:
        lines = parse(text)
    except ParseError:
        return
    steps = conf_plan.plan_conf(lines, wanted)
    after = parse(conf_text.render_conf(conf_plan.outcome_conf(lines, steps)))
    assert conf_plan.plan_conf(after, wanted) == ()
    assert bool(steps) == (conf_text.render_conf(after) != text)
    assert "hunter2" not in repr(steps)


@pytest.mark.parametrize("timeout, text", [(15, "15 # seconds\n"), (5, "5 # seconds\n")])
def test_a_number_with_a_remark_behind_it(timeout, text):
    key = conf_plan.OPTION_KEYS["replacement_timeout"]
    before = parse(f"{key} = 15 # seconds\n")
    steps = conf_plan.plan_conf(before, conf_plan.wanted_settings({"replacement_timeout": timeout}))
    assert conf_text.render_conf(conf_plan.outcome_conf(before, steps)) == f"{key} = {text}"
    assert bool(steps) is (timeout != 15)


def test_session_and_discovery_chap_are_independent():
    wanted = conf_plan.wanted_settings({"discovery_chap": CHAP})
    assert {key.split(".auth.")[0] for key in wanted} == {"discovery.sendtargets"}
    assert wanted["discovery.sendtargets.auth.password"] == Secret(CHAP["password"])
    assert wanted["discovery.sendtargets.auth.authmethod"] == "CHAP"
    assert wanted["discovery.sendtargets.auth.username_in"] is None


def test_empty_chap_clears_everything_that_open_iscsi_would_use():
    text = "".join(f"node.session.auth.{field} = x\n" for field in conf_plan.CHAP_FIELDS) + "a.b = 1\n"
    steps = conf_plan.plan_conf(parse(text), conf_plan.wanted_settings({"chap": {}}))
    assert conf_text.render_conf(conf_plan.outcome_conf(parse(text), steps)) == "a.b = 1\n"


@pytest.mark.parametrize(
    "options, words",
    [
        ({"settings": {"node.session.auth.password": "hunter2"}}, "Give it with the option chap"),
        ({"settings": {"node.startup": "manual"}, "startup": "manual"}, "Give it once"),
        ({"settings": {"node.nothing": None}}, "not a key"),
        ({"chap": {**CHAP, "username_in": "a", "password_in": CHAP["password"]}}, "are the same"),
        ({"chap": {**CHAP, "algorithms": ["MD5"]}, "discovery_chap": {**CHAP, "algorithms": ["SHA1"]}}, "algorithms differ"),
        ({"chap": {**CHAP, "password": "hunter2 "}}, "ends with a blank"),
        ({"chap": {**CHAP, "algorithms": []}}, "chap: algorithms is an empty list"),
        ({"chap": {**CHAP, "username": None}}, "chap: password is given and username is not. Give both"),
        ({"chap": {**CHAP, "username": ""}}, "chap: password is given and username is not"),
        ({"chap": {**CHAP, "password": None}}, "chap: username is given and password is not"),
        ({"chap": {**CHAP, "username_in": None, "password_in": "s2"}}, "chap: password_in is given and username_in is not"),
        ({"chap": {**CHAP, "username_in": "in", "password_in": None}}, "chap: username_in is given and password_in is not"),
        ({"discovery_chap": {"username_in": "in", "password_in": "s2"}}, "discovery_chap: username_in is given and username is not"),
        ({"chap": {"username": None, "password": None, "algorithms": ["MD5"]}}, "chap: algorithms is given and username is not"),
        ({"noop_out_interval": -1}, "not between"),
    ],
)
def test_refused(options, words):
    with pytest.raises(SanError, match=words) as caught:
        conf_plan.wanted_settings(options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "mode, text, new_mode, verbs",
    [
        (0o644, "node.session.auth.password = x\n", 0o600, ["protect"]),
        (0o400, "node.session.auth.password = x\n", 0o400, []),
        (0o644, "node.startup = manual\n", 0o644, []),
        (None, "node.startup = manual\n", 0o600, []),
    ],
)
def test_modes(mode, text, new_mode, verbs):
    edit = edit_plan.plan_edit("/f", mode, parse(text), (), parse(text))
    assert (edit.new_mode, [step.verb for step in edit.steps], len(edit.diffs)) == (new_mode, verbs, len(verbs))
