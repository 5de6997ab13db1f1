# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why logins fail, in the words of iscsiadm: those of a login that nobody waits for are few, so portals are asked for again by one that waits."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import failure_of, raise_for_host
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import raise_for
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, parse_login_failures, status_meaning, status_name

# What another process has begun already: sysfs will show whether it works.
UNDER_WAY = STATUSES["ISCSI_ERR_SESS_EXISTS"][0]


class Asking:
    """Asks why portals fail, by an iscsiadm that waits for each. several: keys of the records of several sessions."""

    def __init__(self, iscsiadm, records, several):
        self.several = several
        self._iscsiadm = iscsiadm
        self._known = {record.key for record in records}
        self._first, self._processes = {}, {}

    def begin(self, call):
        """A first login, which fails as a whole when it cannot be. call: as login_calls gives it."""
        self._first[call] = self._processes[call] = self._iscsiadm.start_login(*call)

    def ask(self, nodes):
        """Ask for the nodes for which nobody asks. One that iscsid still tries is told to be there already, at once."""
        for node in nodes:
            process = self._processes.get((node.target, node))
            if node.key in self._known - self.several and not (process and process.running):
                self._processes[node.target, node] = self._iscsiadm.start_login(node.target, node)

    def said(self):
        """Their words until now. Raises SanError."""
        for call, process in self._first.items():
            if not process.running:
                check_login(call[0], process.finish(0))
        return [process.stderr_so_far() for process in self._processes.values()]

    def end(self):
        """Wait no more."""
        for process in self._processes.values():
            process.kill()


def check_login(target, result):
    """Raise SanError when a login failed, and not that of one portal or another."""
    if status_name(result.rc) != "ISCSI_ERR_SESS_EXISTS" and not parse_login_failures(result.stderr):
        raise_for(f"target {target or 'of every record'}: login", result)


def told_failures(said, nodes, up):
    """What iscsiadm has said about portals -> dict of key and Failure."""
    told = {}
    for failure in (each for words in said for each in parse_login_failures(words)):
        raise_for_host(failure.status, f"portal {failure.portal} of {failure.target}: login")
        key = (failure.target, failure.portal, failure.iface)
        if failure.status != UNDER_WAY and key in nodes and key not in up:
            told[key] = failure_of(failure, status_meaning(failure.status), status_name(failure.status))
    return told
