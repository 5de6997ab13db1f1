# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record database of open-iscsi: nodes, interfaces and discovery portals, read from its files. database_write_tool writes them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import ROOTS
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import known_tag
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import ISCSI_PORT, Portal, canonical_host, join
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, DEFAULT_IFACE, EXAMPLE_IFACE, parse_record

NODE_KINDS = {"sendtargets": "send_targets", "isns": "isns"}
# Of the lock (usr/initiator.h).
LOCK_DIRECTORY = "/run/lock/iscsi"
# In the directory of the lock, while somebody writes: a hard link to the file beside it.
LOCK, HELD_LOCK = "lock", "lock.write"
ADDRESS, IFACE, TRANSPORT = "node.conn[0].address", "iface.iscsi_ifacename", "iface.transport_name"
PORTAL_DIRECTORY = re.compile(r"(?P<address>[^,]+),(?P<port>[0-9]+)(?:,(?P<tpgt>-?[0-9]+))?")


@dataclass(frozen=True)
class NodeRecord:
    """One node record: a target at one portal through one interface.

    address: as the target spells it, which the path has. tpgt: None when unknown. values: key -> str, or Secret for a password.
    broken: what is wrong with the file, None when it is well. It has values then when they are whole and say another place alone.
    stray: it has no name of an interface either. foreign: its keys that the installed open-iscsi does not know.
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
    foreign: Tuple[str, ...] = ()

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
    """An interface (name) or a discovery portal (name: its portal, kind: sendtargets or isns) and its values.

    spelling: the portal as iscsiadm finds this record by, None of an interface.
    """

    name: str
    kind: str
    path: str
    values: dict = field(default_factory=dict)
    broken: Optional[str] = None
    spelling: Optional[str] = None


def read_nodes(root, foreign=frozenset()):
    """All node records, the broken ones too -> tuple of NodeRecord, by target and portal. foreign: as built_tool tells."""
    base = os.path.join(root, "nodes")
    ifaces = {*BUILT_IN_IFACES, *entries(os.path.join(root, "ifaces"))}
    records = []
    for target in entries(base):
        for name in entries(os.path.join(base, target)):
            match = PORTAL_DIRECTORY.fullmatch(name)
            path = os.path.join(base, target, name)
            if match and os.path.isdir(path):
                # A directory in the place of a file is among the strays.
                files = ((iface, os.path.join(path, iface)) for iface in entries(path))
                records.extend(_node(target, match, file, iface, foreign) for iface, file in files if not os.path.isdir(file))
            elif match:
                # A record of unknown portal group is a file in the place of the directory (idbm_rec_write_old).
                records.append(_node(target, match, path, None, foreign))
    told = (replace(record, stray=True) if record.broken and record.iface not in ifaces else record for record in records)
    return tuple(sorted(told, key=lambda record: (record.target, record.portal, record.iface)))


def find_strays(root):
    """What stands among the node records and is none -> tuple of paths: without a target or a portal in its name, or a file for a directory or the like.

    An empty name comes from a full disk.
    """
    base = os.path.join(root, "nodes")
    targets = [os.path.join(base, name) for name in entries(base)]
    paths = [os.path.join(target, name) for target in targets for name in entries(target)]
    portals = [path for path in paths if PORTAL_DIRECTORY.fullmatch(os.path.basename(path))]
    inner = (os.path.join(path, name) for path in portals for name in entries(path))
    files = (target for target in targets if not os.path.isdir(target))
    return (*files, *(path for path in paths if path not in portals), *filter(os.path.isdir, inner))


def find_left_behind(root, roots=None):
    """Where an open-iscsi that was built otherwise has left node records -> tuple of directories. None for a root that is none of the usual (roots)."""
    usual, own = roots or ROOTS, os.path.join(root, "nodes")
    others = [os.path.join(other, "nodes") for other in usual if root in usual and other != root]
    return tuple(path for path in others if entries(path) and os.path.realpath(path) != os.path.realpath(own))


def is_locked(lock_directory):
    """True while somebody writes the database, or was killed when he did."""
    return os.path.lexists(os.path.join(lock_directory, HELD_LOCK))


def read_ifaces(root):
    """The interfaces that somebody has defined -> tuple of NamedRecord."""
    base = os.path.join(root, "ifaces")
    records = (_named(name, "iface", os.path.join(base, name)) for name in entries(base) if name != EXAMPLE_IFACE)
    return tuple(replace(record, broken=record.broken or _iface_fault(record)) for record in records)


def read_discoveries(root):
    """The discovery portals that have a record -> tuple of NamedRecord."""
    found = []
    for kind, directory in NODE_KINDS.items():
        base = os.path.join(root, directory)
        for name in entries(base):
            match = PORTAL_DIRECTORY.fullmatch(name)
            path = os.path.join(base, name, "st_config" if kind == "sendtargets" else "isns_config")
            if match and os.path.isfile(path):
                portal = Portal(canonical_host(match["address"]), int(match["port"]))
                found.append(_named(str(portal), kind, path, join(match["address"], portal.port)))
    return tuple(found)


def node_path(root, target, address, port, tpgt, iface):
    """Where iscsiadm looks for a node record. Without a portal group tag it is a file in the place of the directory."""
    directory = os.path.join(root, "nodes", target, f"{address},{port}")
    return directory if tpgt is None else os.path.join(f"{directory},{tpgt}", iface)


def _node(target, match, path, iface, foreign):
    portal = Portal(canonical_host(match["address"]), int(match["port"]))
    tpgt = None if match["tpgt"] is None else known_tag(int(match["tpgt"]))
    values, broken = _read(path)
    iface = iface or values.get(IFACE, DEFAULT_IFACE)
    unknown = tuple(key for key in values if key in foreign)
    broken = broken or _mismatch(values, target, portal, iface) or _unlisted(unknown)
    # A file that was cut off lacks the address, and another interface goes through another network device.
    whole = "node.name" in values and ADDRESS in values and values.get(IFACE, DEFAULT_IFACE) == iface
    return NodeRecord(target, portal, iface, match["address"], tpgt, path, values if whole or not broken else {}, broken, foreign=unknown)


def _mismatch(values, target, portal, iface):
    """What a record says about itself must be what its path says, or iscsiadm acts on another record than the one named.

    A port and an interface that are not there are those of idbm_node_setup_defaults (usr/idbm.c).
    """
    said = (
        ("node.name", target, values.get("node.name")),
        (ADDRESS, portal.host, canonical_host(values.get(ADDRESS, ""))),
        ("node.conn[0].port", str(portal.port), values.get("node.conn[0].port", str(ISCSI_PORT))),
        (IFACE, iface, values.get(IFACE, DEFAULT_IFACE)),
    )
    return next((f"{key} is {value or 'missing'} in it, not {wanted}" for key, wanted, value in said if value != wanted), None)


def _unlisted(unknown):
    """One such record is enough (libopeniscsiusr/idbm.c, _idbm_rec_update_param)."""
    return f"{unknown[0]} is no key of the open-iscsi of this host, which lists no record at all then" if unknown else None


def _iface_fault(record):
    """Why iscsiadm does not have an interface by the name of its file: a copy acts on the node records of what it was copied from; a file was cut off."""
    said = record.values.get(IFACE, record.name)
    if said != record.name:
        return f"{IFACE} is {said} in it, not {record.name}"
    return None if TRANSPORT in record.values else f"{TRANSPORT} is missing in it"


def _named(name, kind, path, spelling=None):
    values, broken = _read(path)
    return NamedRecord(name, kind, path, values, broken, spelling)


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


def entries(directory):
    """The names in a directory of the database, sorted; none when there is no such directory. Raises SanError."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SanError(f"{directory}: cannot be read: {error.strerror}. Run as root.") from error
