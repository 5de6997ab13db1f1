# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions beyond those that a record asks for."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.surplus_plan import check_comes_back, surplus
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Session

ONE, TWO = (Node("iqn.a", Portal(f"10.0.0.{last}"), "default", f"10.0.0.{last}", 1) for last in (1, 2))


def session(sid, node=ONE, state="LOGGED_IN"):
    return Session(sid, node.target, node.portal, None, 1, node.iface, state, 5)


@pytest.mark.parametrize("count, there", [(1, True), (2, False), (3, False)])
def test_one_that_is_down_counts_as_for_open_iscsi(count, there):
    sessions = (session(1), session(4, state="FAILED"), session(2, TWO))
    told = surplus({ONE.key: count, TWO.key: 1}, sessions)
    assert list(told) == [ONE.key] * there
    assert all("there are 2 (sid 1, 4), and node.session.nr_sessions is 1" in words for words in told.values())


def test_what_no_record_is_asked_for_is_no_surplus():
    assert surplus({}, (session(1), session(2))) == {}


def test_only_the_sessions_that_are_to_be_logged_out_count():
    counts, sessions = {ONE.key: 1, TWO.key: 1}, (session(1), session(2), session(3, TWO))
    check_comes_back((TWO,), counts, sessions)
    with pytest.raises(SanError, match="sid 1, 2.*None of these was logged out.*session_id"):
        check_comes_back((ONE, TWO), counts, sessions)
