# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iscsiadm says when it fails: its exit statuses by name and the portals its messages name.

Names and numbers are those of include/iscsi_err.h of open-iscsi 2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host

# name -> (number, what it means for the reader)
STATUSES = {
    "ISCSI_SUCCESS": (0, "done"),
    "ISCSI_ERR": (1, "iscsiadm knows no reason"),
    "ISCSI_ERR_SESS_NOT_FOUND": (2, "no such session"),
    "ISCSI_ERR_NOMEM": (3, "out of memory"),
    "ISCSI_ERR_TRANS": (4, "connection failure"),
    "ISCSI_ERR_LOGIN": (5, "the target refused the login"),
    "ISCSI_ERR_IDBM": (6, "the record database cannot be read or written"),
    "ISCSI_ERR_INVAL": (7, "invalid parameter"),
    "ISCSI_ERR_TRANS_TIMEOUT": (8, "connection timed out"),
    "ISCSI_ERR_INTERNAL": (9, "internal error of iscsid"),
    "ISCSI_ERR_LOGOUT": (10, "the target refused the logout"),
    "ISCSI_ERR_PDU_TIMEOUT": (11, "no answer to an iSCSI request"),
    "ISCSI_ERR_TRANS_NOT_FOUND": (12, "the kernel module of the transport is not loaded"),
    "ISCSI_ERR_ACCESS": (13, "iscsid denied the request"),
    "ISCSI_ERR_TRANS_CAPS": (14, "the transport does not support this"),
    "ISCSI_ERR_SESS_EXISTS": (15, "the session is there already"),
    "ISCSI_ERR_INVALID_MGMT_REQ": (16, "iscsid does not know this request"),
    "ISCSI_ERR_ISNS_UNAVAILABLE": (17, "iscsiadm was built without iSNS"),
    "ISCSI_ERR_ISCSID_COMM_ERR": (18, "iscsid did not answer properly"),
    "ISCSI_ERR_FATAL_LOGIN": (19, "the login failed for good"),
    "ISCSI_ERR_ISCSID_NOTCONN": (20, "iscsid is not running"),
    "ISCSI_ERR_NO_OBJS_FOUND": (21, "no matching record, target, session or portal"),
    "ISCSI_ERR_SYSFS_LOOKUP": (22, "not found in sysfs"),
    "ISCSI_ERR_HOST_NOT_FOUND": (23, "no such SCSI host"),
    "ISCSI_ERR_LOGIN_AUTH_FAILED": (24, "authorization failure"),
    "ISCSI_ERR_ISNS_QUERY": (25, "the iSNS query failed"),
    "ISCSI_ERR_ISNS_REG_FAILED": (26, "the iSNS registration failed"),
    "ISCSI_ERR_OP_NOT_SUPP": (27, "operation not supported"),
    "ISCSI_ERR_BUSY": (28, "device or resource in use"),
    "ISCSI_ERR_AGAIN": (29, "failed, another try may succeed"),
    "ISCSI_ERR_UNKNOWN_DISCOVERY_TYPE": (30, "unknown discovery type"),
    "ISCSI_ERR_CHILD_TERMINATED": (31, "a child process ended early"),
    "ISCSI_ERR_SESSION_NOT_CONNECTED": (32, "the session is not connected"),
    "ISCSI_ERR_REQ_TIMEDOUT": (33, "iscsid did not answer in time"),
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
