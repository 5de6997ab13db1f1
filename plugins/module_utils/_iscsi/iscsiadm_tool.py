# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iscsiadm: one method per verb, exit statuses by name. No secret is ever among its arguments."""

from __future__ import annotations

import functools

from ansible_collections.linuxsan.host.plugins.module_utils._command import Process, find_program
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import PACKAGE, PROGRAM
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import LOCK_DIRECTORY, is_locked
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES, status_meaning, status_name

# iscsiadm itself waits up to 30 s for the lock of its database.
DATABASE_SECONDS = 45
LOGOUT_SECONDS = 60
# Logouts and rescans under way: each is a process that waits for its target.
AT_A_TIME = 16
NEXT_STEPS = {
    "ISCSI_ERR_ISCSID_NOTCONN": "Start it (systemctl start iscsid.socket, or iscsid where there is no such unit) and run again.",
    "ISCSI_ERR_TRANS_NOT_FOUND": "Load the kernel module (modprobe iscsi_tcp) and run again.",
    "ISCSI_ERR_ACCESS": "Run as root.",
    "ISCSI_ERR_BUSY": "Free what uses it and run again; with iscsid.safe_logout = Yes iscsid logs out of no session whose disks are in use.",
    "ISCSI_ERR_INVAL": "Correct the named key or value; `iscsiadm -m node -o show` lists the keys.",
    "ISCSI_ERR_IDBM": "Look at the files below the record database and at the free space of its file system.",
    "ISCSI_ERR_ISNS_UNAVAILABLE": "Use sendtargets or static discovery.",
}
# What it says when iscsid does not tell where iscsid.conf is; it goes on with its built-in defaults then (usr/idbm.c, idbm_sync_config).
NOT_TOLD = {
    "can not connect to iSCSI daemon": "ISCSI_ERR_ISCSID_NOTCONN",
    "can not create IPC socket": "ISCSI_ERR_ISCSID_NOTCONN",
    "daemon died?": "ISCSI_ERR_ISCSID_COMM_ERR",
}


class Iscsiadm:
    """run, start: instead of processes, as in _command.py; lock: directory of open-iscsi's lock.

    iscsiadm takes the lock of the database for every record that it reads (usr/idbm.c, __idbm_rec_read) and gives it back on no signal: killed
    in that moment it would leave it to delay each of the next ones by 30 s. So it is asked while it is stopped.
    """

    def __init__(self, run=None, start=None, lock=LOCK_DIRECTORY):
        self._start = start or functools.partial(Process, busy=functools.partial(is_locked, lock), package=PACKAGE)
        self._run = run or (lambda argv, seconds: self._start(argv).finish(seconds))

    @staticmethod
    def installed():
        """True when the host has open-iscsi."""
        return find_program(PROGRAM) is not None

    def start_discovery(self, kind, portal, iface, stored):
        """Ask a portal which targets there are, changing no record -> Process; its stdout is for discovery_text.

        stored: use the host's record of this portal, which has its own CHAP, instead of the defaults in iscsid.conf. portal: as it is spelled there then.
        """
        short = {"sendtargets": "st", "isns": "isns"}[kind]
        mode = ("-m", "discoverydb", "-t", short, "-p", str(portal), "-D") if stored else ("-m", "discovery", "-t", short, "-p", str(portal))
        # Without -I the discovery is done once per interface that has a record. Without nonpersistent it rewrites every node record.
        return self._start([PROGRAM, *mode, "-o", "nonpersistent", "-I", iface])

    def login(self, target, record, seconds):
        """Have iscsid log in to a target (None for all), through one record or all of them (None) -> Result.

        It does not wait for the outcome: what sysfs shows then counts. Raises CommandTimeout when iscsid does not take the order within so many seconds.
        """
        return self._run([*self._login_words(target, record), "-W"], seconds)

    def start_login(self, target, record=None):
        """The same -> Process, which waits for the outcome and says why a portal failed."""
        return self._start(self._login_words(target, record))

    @staticmethod
    def _login_words(target, record):
        return [PROGRAM, "-m", "node", *(("-T", target) if target else ()), *_selection(record), "-l"]

    def start_logout(self, sid):
        """Log out of one session -> Process."""
        return self._start([PROGRAM, "-m", "session", "-r", str(sid), "-u"])

    def start_rescan(self, sid):
        """Look for new and grown LUNs of one session -> Process."""
        return self._start([PROGRAM, "-m", "session", "-r", str(sid), "-R"])

    def create_discovery(self, kind, portal):
        """Make the record of a discovery portal, from the defaults in iscsid.conf. The record may be there when it fails."""
        short = {"sendtargets": "st", "isns": "isns"}[kind]
        self._new(f"discovery portal {portal}: creating its record", ["-m", "discoverydb", "-t", short, "-p", str(portal), "-o", "new"])

    def create(self, node):
        """Make a node record from the defaults in iscsid.conf. The record may be there when it fails.

        An existing one is reset by this: call it for a missing one only.
        """
        spelling = node.spelling if node.tpgt is None else f"{node.spelling},{node.tpgt}"
        words = ["-m", "node", "-T", node.target, "-p", spelling, "-I", node.iface, "-o", "new"]
        self._new(f"node record {node.target} {node.spelling}: creating it", words)

    def update(self, target, changes, record=None):
        """Change keys of one record of a target or of all of them, in one call. changes: dict of key and str, no secrets."""
        pairs = [word for key, value in changes.items() for word in ("-n", key, "-v", value)]
        where = f" {record.spelling}" if record else ""
        self._database(f"node record {target}{where}: changing {', '.join(changes)}", ["-m", "node", "-T", target, *_selection(record), "-o", "update", *pairs])

    def delete(self, record):
        """Delete one node record. One that is gone already is fine."""
        what = f"node record {record.target} {record.spelling}: deleting it"
        self._database(what, ["-m", "node", "-T", record.target, *_selection(record), "-o", "delete"], also="ISCSI_ERR_NO_OBJS_FOUND")

    def _new(self, what, words):
        result = self._database(what, words)
        name = next((name for mark, name in NOT_TOLD.items() if mark in result.stderr), None)
        if name:
            number, meaning = STATUSES[name]
            raise SanError(f"{what}: {meaning}, and without it the record lacks the settings of iscsid.conf: {result.words} ({name}). {next_step(number)}")

    def _database(self, what, words, also=None):
        result = self._run([PROGRAM, *words], DATABASE_SECONDS)
        raise_for(what, result, also)
        return result


def side_by_side(items, start):
    """Yield each item with what start gives for it, a process that is to be finished; so many at a time are under way."""
    for begin in range(0, len(items), AT_A_TIME):
        yield from [(item, start(item)) for item in items[begin : begin + AT_A_TIME]]


def raise_for(what, result, also=None):
    """Raise SanError unless the Result is a success. what: object and verb. also: the name of another status that is fine."""
    if result.rc == 0 or (also and result.rc == STATUSES[also][0]):
        return
    raise SanError(f"{what}: {status_meaning(result.rc)}: {result.words} ({PROGRAM} {result.rc}). {next_step(result.rc)}")


def next_step(number):
    """What to do about an exit status."""
    return NEXT_STEPS.get(status_name(number), "Look at the journal of iscsid for the reason.")


def _selection(record):
    return () if record is None else ("-p", record.spelling, "-I", record.iface)
