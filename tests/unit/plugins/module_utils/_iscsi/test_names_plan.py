# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps for the name file: planning again on a plan's outcome is empty."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_text, name_text, names_plan


@given(
    text=st.lists(st.sampled_from(["InitiatorName", "InitiatorAlias", "GenerateName=yes", "=", " ", "a", "#", "\n"]), max_size=30).map("".join),
    alias=st.sampled_from([None, "", "al"]),
)
def test_planning_names_again_is_empty(text, alias):
    try:
        lines = name_text.parse_names(text, "f")
    except ParseError:
        return
    after = names_plan.outcome_names(lines, names_plan.plan_names(lines, "iqn.x", alias))
    after = name_text.parse_names(conf_text.render_conf(after), "f")
    assert names_plan.plan_names(after, "iqn.x", alias) == ()
    assert name_text.current_name(after) == "iqn.x"
    assert not name_text.will_be_generated(after)


def test_a_rename_with_sessions():
    lines = name_text.parse_names("InitiatorName=old\n", "f")
    with pytest.raises(SanError, match="renaming it to new is refused, 1 session"):
        names_plan.check_rename(lines, "new", {"session1": "old", "session2": "new"}, force=False)
    for name, sessions, force in (
        ("new", {"session1": "old"}, True),
        ("old", {"session1": None}, False),
        ("new", {"session1": "new"}, False),
        ("new", {}, False),
    ):
        assert names_plan.check_rename(lines, name, sessions, force) is None


def test_an_alias_alone_would_be_lost_when_the_name_is_made_up():
    with pytest.raises(SanError, match="Give name as well"):
        names_plan.plan_names(name_text.parse_names("GenerateName=yes\n", "f"), None, "alias")
