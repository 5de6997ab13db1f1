# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installed open-iscsi was built with, by its program file: where its database is, and which keys it knows."""

from __future__ import annotations

import os

from ansible_collections.linuxsan.host.plugins.module_utils._command import find_programs
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

PROGRAM = "iscsiadm"
PACKAGE = "open-iscsi (on RHEL and Fedora: iscsi-initiator-utils)"
# Chosen when open-iscsi is built (db_root in meson.build); Debian 12 and older and SUSE have the second.
ROOTS = ("/var/lib/iscsi", "/etc/iscsi")
# One that every iscsiadm has, by which its program file is told from a script that starts it.
COMMON_KEY = "node.session.cmds_max"
OF_2_1_11, OF_2_1_12 = "node.session.conn_reopen_log_freq", "node.session.sess_reopen_log_freq"
RENAMED = {OF_2_1_11: OF_2_1_12, OF_2_1_12: OF_2_1_11}
# Those that came or went between 2.0.874 and 2.1.12 (usr/idbm_fields.h).
VARYING_KEYS = (
    "node.session.auth.chap_algs",
    "node.session.scan",
    "node.session.reopen_max",
    OF_2_1_11,
    OF_2_1_12,
    "node.conn[0].tcp.congestion_control",
)


def find_root(roots=ROOTS, program=PROGRAM):
    """The directory of the database: what the installed iscsiadm was built with, else the first that has records."""
    for built in _contents(program):
        for root in roots:
            if f"{root}/nodes".encode() in built:
                return root
    return next((root for root in roots if os.path.isdir(os.path.join(root, "nodes"))), roots[0])


def foreign_keys(program=PROGRAM):
    """The keys of records that other releases know and the installed one does not -> frozenset, empty when that cannot be told."""
    for built in _contents(program):
        if _name_of(COMMON_KEY) in built:
            return frozenset(key for key in VARYING_KEYS if _name_of(key) not in built)
    return frozenset()


def check_known(values, foreign):
    """Raise SanError when one of the values is to be set that the installed open-iscsi does not know. values: as wanted; foreign: of foreign_keys."""
    for key in (key for key, value in values.items() if value is not None and key in foreign):
        name = RENAMED.get(key, key)
        mend = "Leave it out, or install an open-iscsi that has it." if name in foreign else f"It is called {name} there."
        raise SanError(f"{key}: the open-iscsi of this host has no such key. {mend}")


def _contents(program):
    """The bytes of each program of that name: the first may be a script that starts the next."""
    for path in find_programs(program):
        with open(path, "rb") as file:
            yield file.read()


def _name_of(key):
    """A key as the program file has it."""
    return key.replace("[0]", "[%d]").encode()
