# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iscsiadm says when it fails: its exit statuses by name and the portals its messages name.

The numbers are those of include/iscsi_err.h of open-iscsi 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host

# name -> (number, what it means for the reader)
STATUSES = {
    "success": (0, "done"),
    "unknown_error": (1, "iscsiadm knows no reason"),
    "session_not_found": (2, "no such session"),
    "no_memory": (3, "out of memory"),
    "transport_error": (4, "connection failure"),
    "login_failed": (5, "the target refused the login"),
    "database_error": (6, "the record database cannot be read or written"),
    "invalid_argument": (7, "invalid parameter"),
    "timed_out": (8, "connection timed out"),
    "internal_error": (9, "internal error of iscsid"),
    "logout_failed": (10, "the target refused the logout"),
    "pdu_timed_out": (11, "no answer to an iSCSI request"),
    "no_driver": (12, "the kernel module of the transport is not loaded"),
    "access_denied": (13, "iscsid denied the request"),
    "no_capability": (14, "the transport does not support this"),
    "session_exists": (15, "the session is there already"),
    "unknown_request": (16, "iscsid does not know this request"),
    "isns_unavailable": (17, "iscsiadm was built without iSNS"),
    "iscsid_communication": (18, "iscsid did not answer properly"),
    "fatal_login": (19, "the login failed for good"),
    "iscsid_not_connected": (20, "iscsid is not running"),
    "no_objects_found": (21, "no matching record, target, session or portal"),
    "sysfs_lookup": (22, "not found in sysfs"),
    "host_not_found": (23, "no such SCSI host"),
    "authorization_failed": (24, "authorization failure"),
    "isns_query": (25, "the iSNS query failed"),
    "isns_registration": (26, "the iSNS registration failed"),
    "not_supported": (27, "operation not supported"),
    "busy": (28, "device or resource in use"),
    "try_again": (29, "failed, another try may succeed"),
    "unknown_discovery_type": (30, "unknown discovery type"),
    "child_terminated": (31, "a child process ended early"),
    "not_connected": (32, "the session is not connected"),
    "request_timed_out": (33, "iscsid did not answer in time"),
}
# usr/session_mgmt.c prints these two lines for each portal that fails, in this order.
LOGIN_FAILURE = re.compile(
    r"Could not login to \[iface: (?P<iface>[^,\]]*), target: (?P<target>[^,\]]*), portal: (?P<host>[^\]]*),(?P<port>[0-9]+)\]\.?\s*"
    r"(?:iscsiadm: )?initiator reported error \((?P<status>[0-9]+) - (?P<words>[^\n]*)\)"
)


@dataclass(frozen=True)
class LoginFailure:
    """One portal that could not be logged in to. status: iscsiadm's number."""

    target: str
    portal: Portal
    iface: str
    status: int
    words: str


def status_name(number):
    """The name of an exit status, or None when this open-iscsi has one that is not known here."""
    return next((name for name, (known, meaning) in STATUSES.items() if known == number), None)


def status_meaning(number) -> Optional[str]:
    """What an exit status means, in a few words."""
    return next((meaning for known, meaning in STATUSES.values() if known == number), f"exit status {number}")


def parse_login_failures(text):
    """stderr of `iscsiadm -m node -l` -> tuple of LoginFailure. Other lines are not about one portal and are left out."""
    return tuple(
        LoginFailure(
            target=match["target"],
            portal=Portal(canonical_host(match["host"]), int(match["port"])),
            iface=match["iface"],
            status=int(match["status"]),
            words=match["words"],
        )
        for match in LOGIN_FAILURE.finditer(text)
    )
