# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iSCSI sessions and their disks, from /sys/class/iscsi_session: no daemon and no process is asked.

The attributes are those of drivers/scsi/scsi_transport_iscsi.c. A session can come and go while it is read; what is gone is left out.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES, attribute, attribute_bytes, natural_key
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import properties_of, wwid_at
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import DEFAULT_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

SESSION = re.compile(r"session([0-9]+)")
HOST = re.compile(r"host[0-9]+")
HCTL = re.compile(r"[0-9]+:[0-9]+:[0-9]+:([0-9]+)")
LOGGED_IN = "LOGGED_IN"
# As in the column Eth of /proc/net/netlink (include/uapi/linux/netlink.h).
NETLINK_ISCSI = "8"
# SPC: peripheral device type 0 is a disk, whose block device comes in any case. Some others get one too: of sd.c optical memory (7), simplified
# (0x0e) and zoned disks (0x14), of sr.c CD-ROM (5) and write-once (4). An enclosure or a controller gets none.
TYPE_DISK = "0"
# SPC: the first three bits of the answer to INQUIRY. Without 0 there the kernel binds no driver (scsi_bus_match), so that no block device ever comes:
# an array shows LUN 0 so to a host that has no LUN of that number.
QUALIFIER_SHIFT = 5
# How older kernels print a string that was never set.
NO_STRING = ("(null)", "<NULL>", "")


@dataclass(frozen=True)
class Device:
    """A SCSI disk of a session, or another unit with a block device.

    name: sdb, None until the kernel has made it for a disk. size: bytes. state: running, blocked, offline, ...
    """

    name: Optional[str]
    hctl: str
    lun: int
    size: Optional[int]
    wwid: Optional[str]
    state: Optional[str]


@dataclass(frozen=True)
class Login:
    """The CHAP names and secrets that a session was logged in with; None where there is none, or root alone may read them."""

    username: Optional[str] = None
    password: Optional[Secret] = None
    username_in: Optional[str] = None
    password_in: Optional[Secret] = None


@dataclass(frozen=True)
class Session:
    """One session.

    portal: the one that was asked for, as in the node record; address: where the connection goes, another one after a login redirect.
    state: LOGGED_IN, FAILED or FREE. recovery_tmo: seconds until I/O fails when the connection is lost, -1 for never.
    initiator: the name that this host was logged in with.
    """

    sid: int
    target: str
    portal: Portal
    address: Optional[Portal]
    tpgt: Optional[int]
    iface: str
    state: str
    recovery_tmo: Optional[int]
    host: Optional[int] = None
    devices: Tuple[Device, ...] = ()
    login: Login = Login()
    initiator: Optional[str] = None

    @property
    def key(self):
        """What makes it the session of a node record: target, portal and interface."""
        return self.target, self.portal, self.iface

    @property
    def logged_in(self):
        """True when I/O can flow."""
        return self.state == LOGGED_IN


def read_sessions(sysfs="/sys", udev="/run/udev/data", disks=True, chap=True):
    """All iSCSI sessions of the host -> tuple of Session, by sid. disks: read size and WWID of the devices too; chap: the login."""
    read = (read_session(sid, sysfs, udev if disks else None, chap) for sid in session_numbers(sysfs))
    return tuple(session for session in read if session)


def session_numbers(sysfs="/sys"):
    """The sids of all iSCSI sessions of the host, ascending."""
    matches = (SESSION.fullmatch(name) for name in _entries(os.path.join(sysfs, "class", "iscsi_session")))
    return sorted(int(match.group(1)) for match in matches if match)


def session_state(sid, sysfs="/sys"):
    """As Session has it, None when there is none."""
    return _string(os.path.join(sysfs, "class", "iscsi_session", f"session{sid}"), "state")


def read_session(sid, sysfs="/sys", udev=None, chap=False):
    """One session -> Session, None when it is gone or not made yet. udev: where udev keeps its data; None to read no size and WWID of the devices."""
    base = os.path.join(sysfs, "class", "iscsi_session")
    try:
        # ../../devices/platform/hostN/sessionM/iscsi_session/sessionM
        return _session(sid, os.path.join(base, os.readlink(os.path.join(base, f"session{sid}"))), udev, chap)
    except OSError:
        return None


def daemon_listens(proc="/proc"):
    """True when iscsid, or systemd for it, listens on its control socket (usr/mgmt_ipc.h)."""
    text = attribute(proc, "net", "unix") or ""
    return "@ISCSIADM_ABSTRACT_NAMESPACE" in text


def daemon_may_be_gone(proc="/proc"):
    """True when nobody hears what the kernel tells of its sessions (NETLINK_ISCSI), as iscsid does: systemd can listen on the socket for one that is gone."""
    lines = [line.split() for line in (attribute(proc, "net", "netlink") or "").splitlines()[1:]]
    # Number 0 is the kernel itself.
    return bool(lines) and not any(fields[1] == NETLINK_ISCSI and fields[2] != "0" for fields in lines if len(fields) > 2)


def _session(sid, directory, udev, chap):
    device = os.path.dirname(os.path.dirname(directory))
    entries = _entries(device)
    target = _string(directory, "targetname")
    connection = _connection(device, entries)
    portal = connection and (_portal(connection, "persistent_") or _portal(connection, ""))
    if target is None or portal is None:
        return None
    return Session(
        sid=sid,
        target=target,
        portal=portal,
        address=_portal(connection, ""),
        tpgt=_number(directory, "tpgt"),
        iface=_string(directory, "ifacename") or DEFAULT_IFACE,
        state=_string(directory, "state") or "FREE",
        recovery_tmo=_number(directory, "recovery_tmo"),
        host=_host(device),
        devices=tuple(sorted(_devices(device, entries, udev), key=lambda found: natural_key(found.hctl))),
        login=_login(directory) if chap else Login(),
        initiator=_string(directory, "initiatorname") if chap else None,
    )


def _connection(device, entries):
    """The directory of the session's connection. open-iscsi makes one per session."""
    for name in entries:
        found = os.path.join(device, name, "iscsi_connection", name)
        if name.startswith("connection") and os.path.isdir(found):
            return found
    return None


def _portal(connection, prefix):
    host = _string(connection, prefix + "address")
    port = _number(connection, prefix + "port")
    return Portal(canonical_host(host), port) if host and port else None


def _host(device):
    name = os.path.basename(os.path.dirname(device))
    return int(name[len("host") :]) if HOST.fullmatch(name) else None


def _login(directory):
    password, password_in = (_exact_string(directory, key) for key in ("password", "password_in"))
    return Login(
        username=_exact_string(directory, "username"),
        password=Secret(password) if password else None,
        username_in=_exact_string(directory, "username_in"),
        password_in=Secret(password_in) if password_in else None,
    )


def _devices(device, entries, udev):
    for target in entries:
        for hctl in _entries(os.path.join(device, target)) if target.startswith("target") else ():
            match = HCTL.fullmatch(hctl)
            directory = os.path.join(device, target, hctl)
            names = _entries(os.path.join(directory, "block")) if match else []
            if names or match and _is_disk(directory):
                yield _device(directory, names, int(match.group(1)), udev)


def _is_disk(directory):
    """True for a SCSI unit that is to have a block device of a disk. Kernels that show no answer to INQUIRY are taken to have a good one."""
    return attribute(directory, "type") == TYPE_DISK and not any(byte >> QUALIFIER_SHIFT for byte in attribute_bytes(directory, "inquiry")[:1])


def _device(directory, names, lun, udev):
    """names: of its block device, none or one. udev: None to leave size and WWID out."""
    size = wwid = None
    if names and udev is not None:
        node = os.path.join(directory, "block", names[0])
        sectors, dev = _number(node, "size"), attribute(node, "dev")
        size = None if sectors is None else sectors * SECTOR_BYTES
        wwid = wwid_at(names[0], node, properties_of(dev, udev) if dev else {})
    return Device(name=names[0] if names else None, hctl=os.path.basename(directory), lun=lun, size=size, wwid=wwid, state=attribute(directory, "state"))


def _string(directory, name):
    text = attribute(directory, name)
    return None if text is None or text in NO_STRING else text


def _exact_string(directory, name):
    """As it was set: what Python takes for a blank can be the end of a secret. The kernel adds one line end."""
    text = attribute_bytes(directory, name).decode("utf-8", "surrogateescape")
    text = text[:-1] if text.endswith("\n") else text
    return None if text in NO_STRING else text


def _number(directory, name):
    text = attribute(directory, name)
    return int(text) if text and re.fullmatch(r"-?[0-9]+", text) else None


def _entries(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []
