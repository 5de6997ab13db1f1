# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iscsiadm's messages about portals."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, parse_login_failures, status_meaning, status_name

SAID = """\
Failed to connect to bus: Host is down
iscsiadm: can not connect to iSCSI daemon (111)!
iscsiadm: Could not login to [iface: default, target: iqn.2004-08.com.q:a, portal: 2001:db8:0:0::1,3260].
iscsiadm: initiator reported error (20 - could not connect to iscsid)
iscsiadm: Could not login to [iface: fabric-a, target: iqn.2004-08.com.q:a, portal: 10.0.0.1,860].
iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)
iscsiadm: Could not log into all portals
"""


def test_each_portal_has_its_own_status():
    first, second = parse_login_failures(SAID)
    assert (first.portal, first.status) == (Portal("2001:db8::1"), STATUSES["ISCSI_ERR_ISCSID_NOTCONN"][0])
    assert (second.portal, second.iface, second.status) == (Portal("10.0.0.1", 860), "fabric-a", STATUSES["ISCSI_ERR_LOGIN_AUTH_FAILED"][0])


def test_names_and_numbers_are_unique():
    numbers = [number for number, meaning in STATUSES.values()]
    assert sorted(numbers) == list(range(len(STATUSES)))
    assert [status_name(number) for number in numbers] == list(STATUSES)
    assert status_name(max(numbers) + 1) is None
    assert status_meaning(max(numbers) + 1)
