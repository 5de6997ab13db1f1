# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record database of open-iscsi: nodes, interfaces and discovery portals, read from its files and written under its lock.

Secrets are written here and not by `iscsiadm -v`, whose arguments every user of the host can see.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from dataclasses import dataclass, field, replace
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._command import find_program
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import known_tag
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import started_processes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host, join
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, DEFAULT_IFACE, parse_record, render_changes
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# Chosen when open-iscsi is built (db_root in meson.build); Debian 12 and older and SUSE have the second.
ROOTS = ("/var/lib/iscsi", "/etc/iscsi")
NODE_KINDS = {"sendtargets": "send_targets", "isns": "isns"}
# A writer holds the lock for milliseconds; iscsiadm gives up after 30 s.
STALE_SECONDS = 5
# The start of a process is known in ticks of a clock that is not quite that of the files.
CLOCK_SECONDS = 1
LOCK_SECONDS = 30
LOCK_INTERVAL = 0.02
RECORD_MODE = 0o600
DIRECTORY_MODE = 0o700
# Name of the file before its rename. In the root, because iscsiadm takes every file beside a record for a record. None of those that
# write_text of _file.py has: where the root is /etc/iscsi, iscsid.conf may be written at the same time.
TEMPORARY = ".linuxsan-record-"
PORTAL_DIRECTORY = re.compile(r"(?P<address>[^,]+),(?P<port>[0-9]+)(?:,(?P<tpgt>-?[0-9]+))?")


@dataclass(frozen=True)
class NodeRecord:
    """One node record: a target at one portal through one interface.

    address: as the target spells it, which the path has. tpgt: None when unknown. values: key -> str, or Secret for a password.
    broken: what is wrong with the file, None when it is well; then values is empty. stray: it has no name of an interface either.
    """

    target: str
    portal: Portal
    iface: str
    address: str
    tpgt: Optional[int]
    path: str
    values: dict = field(default_factory=dict)
    broken: Optional[str] = None
    stray: bool = False

    @property
    def key(self):
        """Target, portal and interface: there is one session for it."""
        return self.target, self.portal, self.iface

    @property
    def spelling(self):
        """The portal as iscsiadm finds this record by."""
        return join(self.address, self.portal.port)


@dataclass(frozen=True)
class NamedRecord:
    """An interface (name) or a discovery portal (name: its portal, kind: sendtargets or isns) and its values."""

    name: str
    kind: str
    path: str
    values: dict = field(default_factory=dict)
    broken: Optional[str] = None


def find_root(roots=ROOTS, program="iscsiadm"):
    """The directory of the database: what the installed iscsiadm was built with, else the first that has records."""
    path = find_program(program)
    if path:
        with open(path, "rb") as file:
            built = file.read()
        for root in roots:
            if f"{root}/nodes".encode() in built:
                return root
    return next((root for root in roots if os.path.isdir(os.path.join(root, "nodes"))), roots[0])


def read_nodes(root):
    """All node records, the broken ones too -> tuple of NodeRecord, by target and portal."""
    base = os.path.join(root, "nodes")
    ifaces = {*BUILT_IN_IFACES, *_entries(os.path.join(root, "ifaces"))}
    records = []
    for target in _entries(base):
        for name in _entries(os.path.join(base, target)):
            match = PORTAL_DIRECTORY.fullmatch(name)
            path = os.path.join(base, target, name)
            if match and os.path.isdir(path):
                # A directory in the place of a file is among the strays.
                files = ((iface, os.path.join(path, iface)) for iface in _entries(path))
                records.extend(_node(target, match, file, iface) for iface, file in files if not os.path.isdir(file))
            elif match:
                # A record of unknown portal group is a file in the place of the directory (idbm_rec_write_old).
                records.append(_node(target, match, path, None))
    told = (replace(record, stray=True) if record.broken and record.iface not in ifaces else record for record in records)
    return tuple(sorted(told, key=lambda record: (record.target, record.portal, record.iface)))


def find_strays(root):
    """What stands among the node records and is none -> tuple of paths: without a target or a portal in its name, or a directory for a file.

    An empty name comes from a full disk.
    """
    base = os.path.join(root, "nodes")
    paths = [os.path.join(base, target, name) for target in _entries(base) for name in _entries(os.path.join(base, target))]
    portals = [path for path in paths if PORTAL_DIRECTORY.fullmatch(os.path.basename(path))]
    inner = (os.path.join(path, name) for path in portals for name in _entries(path))
    return (*(path for path in paths if path not in portals), *filter(os.path.isdir, inner))


def find_left_behind(root, roots=None):
    """Where an open-iscsi that was built otherwise has left node records -> tuple of directories. None for a root that is none of the usual (roots)."""
    usual, own = roots or ROOTS, os.path.join(root, "nodes")
    others = [os.path.join(other, "nodes") for other in usual if root in usual and other != root]
    return tuple(path for path in others if _entries(path) and os.path.realpath(path) != os.path.realpath(own))


def read_ifaces(root):
    """The interfaces that somebody has defined -> tuple of NamedRecord."""
    base = os.path.join(root, "ifaces")
    return tuple(_named(name, "iface", os.path.join(base, name)) for name in _entries(base))


def read_discoveries(root):
    """The discovery portals that have a record -> tuple of NamedRecord."""
    found = []
    for kind, directory in NODE_KINDS.items():
        base = os.path.join(root, directory)
        for name in _entries(base):
            match = PORTAL_DIRECTORY.fullmatch(name)
            path = os.path.join(base, name, "st_config" if kind == "sendtargets" else "isns_config")
            if match and os.path.isfile(path):
                found.append(_named(str(Portal(canonical_host(match["address"]), int(match["port"]))), kind, path))
    return tuple(found)


class Database:
    """The verbs that write. root: of the database; lock_directory: where open-iscsi has its lock. lock.write is a hard link to lock while somebody writes."""

    def __init__(self, root, lock_directory, proc="/proc"):
        self.root = root
        self._lock = os.path.join(lock_directory, "lock")
        self._held = os.path.join(lock_directory, "lock.write")
        self._proc = proc

    @contextlib.contextmanager
    def locked(self):
        """Hold the lock as idbm_lock() of usr/idbm.c does, so that no iscsiadm writes at the same time."""
        os.makedirs(os.path.dirname(self._lock), exist_ok=True)
        with open(self._lock, "a", encoding="ascii"):
            pass
        self._take()
        try:
            self._sweep()
            yield
        finally:
            self.remove_file(self._held)

    def change(self, path, changes):
        """Change keys of one record file. changes: key -> str, Secret or None. Call it while the lock is held."""
        self.write({path: self.changed(path, changes)})

    @staticmethod
    def changed(path, changes):
        """The text of one record file with other values. Raises SanError when it is no record any more: an empty one stops iscsiadm."""
        text = read_text(path) or ""
        try:
            parse_record(text)
        except ParseError as error:
            raise SanError(f"{path}: somebody else has changed or deleted this record meanwhile ({error}). Run again.") from error
        return render_changes(text, changes)

    def write(self, texts):
        """Put whole record files in their places, each in one step, for root alone to read. Call it while the lock is held.

        texts: path -> text. All are on the disk before the first is in its place, for one wait in the place of many: a power cut
        leaves no empty record, over which iscsiadm would stumble.
        """
        path = self.root
        try:
            written = {}
            for path, text in texts.items():
                _make_directories(os.path.dirname(path))
                written[self._temporary(text)] = path
            for temporary in written:
                _sync(temporary)
            for temporary, path in written.items():
                os.rename(temporary, path)
        except OSError as error:
            raise SanError(f"{path}: cannot be written: {error.strerror}. The old record is untouched; free the cause and run again.") from error

    def remove(self, record):
        """Delete one node record, its links and the directories that it leaves empty. Call it while the lock is held.

        By hand, because iscsiadm finds no record whose file it cannot read, and deletes all portal groups of a portal at once.
        """
        self.remove_file(record.path)
        link = f"{record.target},{record.address},{record.portal.port},{-1 if record.tpgt is None else record.tpgt},{record.iface}"
        for directory in ("static", "fw", "isns", *self._discovery_directories()):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.root, directory, link))
        directory = os.path.dirname(record.path)
        while os.path.basename(directory) != "nodes" and not _entries(directory):
            os.rmdir(directory)
            directory = os.path.dirname(directory)

    def _temporary(self, text):
        handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=self.root)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(file.fileno(), RECORD_MODE)
            file.write(text)
        return temporary

    @staticmethod
    def remove_file(path):
        """Remove one file, which may be gone already."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SanError(f"{path}: cannot be removed: {error.strerror}. Look at it, remove it by hand and run again.") from error

    def _discovery_directories(self):
        return [os.path.join(kind, name) for kind in NODE_KINDS.values() for name in _entries(os.path.join(self.root, kind))]

    def free_stale_lock(self):
        """Remove the lock of a writer that was killed; it would delay each iscsiadm by 30 s. True when there was one."""
        stale = self._is_stale()
        if stale:
            self.remove_file(self._held)
        return stale

    def _take(self):
        if not wait_until(self._try, LOCK_SECONDS, LOCK_INTERVAL):
            holders = ", ".join(self._writers(time.time())) or "unknown"
            raise SanError(
                f"{self._held}: locked for more than {LOCK_SECONDS} s by iscsiadm (process {holders}). Look for an iscsiadm that hangs, end it and run again."
            )

    def _try(self):
        try:
            os.link(self._lock, self._held)
        except FileExistsError:
            self.free_stale_lock()
            return False
        return True

    def _is_stale(self):
        try:
            # The link was made when the inode last changed.
            taken = os.stat(self._held).st_ctime
        except FileNotFoundError:
            return False
        return time.time() - taken > STALE_SECONDS and not self._writers(taken)

    def _writers(self, taken):
        """Processes that may hold the lock for longer than a moment: one that started later is none, and waits or logs in."""
        return [pid for pid, started in started_processes("iscsiadm", self._proc) if started < taken + CLOCK_SECONDS]

    def _sweep(self):
        """Remove what a killed run has left, which may hold a secret."""
        for name in _entries(self.root):
            if name.startswith(TEMPORARY):
                os.unlink(os.path.join(self.root, name))


def node_path(root, target, address, port, tpgt, iface):
    """Where iscsiadm looks for a node record. Without a portal group tag it is a file in the place of the directory."""
    directory = os.path.join(root, "nodes", target, f"{address},{port}")
    return directory if tpgt is None else os.path.join(f"{directory},{tpgt}", iface)


def _node(target, match, path, iface):
    portal = Portal(canonical_host(match["address"]), int(match["port"]))
    tpgt = None if match["tpgt"] is None else known_tag(int(match["tpgt"]))
    values, broken = _read(path)
    iface = iface or values.get("iface.iscsi_ifacename", DEFAULT_IFACE)
    broken = broken or _mismatch(values, target, portal, iface)
    return NodeRecord(target, portal, iface, match["address"], tpgt, path, {} if broken else values, broken)


def _mismatch(values, target, portal, iface):
    """What a record says about itself must be what its path says, or iscsiadm acts on another record than the one named."""
    said = (
        ("node.name", target, values.get("node.name")),
        ("node.conn[0].address", portal.host, canonical_host(values.get("node.conn[0].address", ""))),
        ("node.conn[0].port", str(portal.port), values.get("node.conn[0].port")),
        ("iface.iscsi_ifacename", iface, values.get("iface.iscsi_ifacename")),
    )
    return next((f"{key} is {value or 'missing'} in it, not {wanted}" for key, wanted, value in said if value != wanted), None)


def _make_directories(path):
    """As iscsiadm does, for root alone; os.makedirs gives its mode to the last one only."""
    if not os.path.isdir(path):
        _make_directories(os.path.dirname(path))
        os.mkdir(path, DIRECTORY_MODE)


def _sync(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _named(name, kind, path):
    values, broken = _read(path)
    return NamedRecord(name, kind, path, values, broken)


def _read(path):
    try:
        return parse_record(read_text(path) or ""), None
    except ParseError as error:
        return {}, str(error)
    except SanError as error:
        cause = error.__cause__
        # To be root, or let in by SELinux, is missing for all of them.
        if isinstance(cause, PermissionError) or not isinstance(cause, OSError):
            raise
        return {}, f"cannot be read: {cause.strerror}"


def _entries(directory):
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SanError(f"{directory}: cannot be read: {error.strerror}. Run as root.") from error
