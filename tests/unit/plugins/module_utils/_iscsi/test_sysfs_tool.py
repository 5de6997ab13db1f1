# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions, on a tree laid out as the kernel lays it out."""

from __future__ import annotations

import os
import shutil

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Login, daemon_listens, read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

IQN = "iqn.2004-08.com.qsantechnology:dev0.ctr1"
SECTORS = 2048


def put(directory, **attributes):
    directory.mkdir(parents=True, exist_ok=True)
    for name, value in attributes.items():
        (directory / name).write_text(f"{value}\n", encoding="utf-8")


@pytest.fixture
def sysfs(tmp_path):
    root = tmp_path / "sys"
    for name in ("class/iscsi_session", "block"):
        (root / name).mkdir(parents=True)

    def add(sid, address, disk="sdb", **attributes):
        device = root / f"devices/platform/host{sid}/session{sid}"
        own = device / f"iscsi_session/session{sid}"
        put(own, **{"targetname": IQN, "tpgt": 1, "state": "LOGGED_IN", "recovery_tmo": 5, "ifacename": "default", "username": "(null)", **attributes})
        os.symlink(device, own / "device")
        os.symlink(own, root / f"class/iscsi_session/session{sid}")
        put(device / f"connection{sid}:0/iscsi_connection/connection{sid}:0", persistent_address=address, persistent_port=3260, address="10.9.9.9", port=860)
        scsi = device / f"target{sid}:0:0/{sid}:0:0:3"
        put(scsi, type=0, state="running", wwid="naa.60014051")
        put(device / f"target{sid}:0:0/{sid}:0:0:4", type=13, state="running")
        if disk:
            put(scsi / "block" / disk, size=SECTORS, dev="8:16")
            os.symlink(scsi, scsi / "block" / disk / "device")
            os.symlink(scsi / "block" / disk, root / "block" / disk)
        return device

    add.root = root
    return add


def read(sysfs, **words):
    return read_sessions(str(sysfs.root), str(sysfs.root), **words)


def test_a_session(sysfs):
    sysfs(3, "2001:DB8:0:0::1")
    (session,) = read(sysfs)
    assert (session.sid, session.target, session.portal, session.address) == (3, IQN, Portal("2001:db8::1"), Portal("10.9.9.9", 860))
    assert (session.tpgt, session.iface, session.logged_in, session.recovery_tmo, session.host) == (1, "default", True, 5, 3)
    assert session.login == Login()
    (device,) = session.devices
    assert (device.name, device.hctl, device.lun, device.size, device.wwid, device.state) == ("sdb", "3:0:0:3", 3, SECTORS * 512, "360014051", "running")


def test_sessions_in_the_order_of_their_number(sysfs):
    for sid in (10, 9):
        sysfs(sid, f"10.0.0.{sid}", disk=f"sd{chr(90 + sid)}")
    assert [session.sid for session in read(sysfs)] == [9, 10]


def test_the_login_is_known_and_not_shown(sysfs):
    sysfs(1, "10.0.0.1", username="host", password="SECRET-VALUE")
    (session,) = read(sysfs)
    assert session.login == Login("host", Secret("SECRET-VALUE"))
    assert "SECRET-VALUE" not in repr(session)


def test_a_disk_without_its_block_device_yet(sysfs):
    sysfs(1, "10.0.0.1", disk=None)
    assert [device.name for device in read(sysfs)[0].devices] == [None]


def test_a_session_that_is_going_is_left_out(sysfs):
    shutil.rmtree(next(sysfs(1, "10.0.0.1").glob("connection*")))
    assert read(sysfs) == ()


def test_no_iscsi_at_all(tmp_path):
    assert read_sessions(str(tmp_path)) == ()


def test_the_daemon(tmp_path):
    put(tmp_path / "net", unix="0: 2 0 10000 0001 01 1 /run/x")
    assert not daemon_listens(str(tmp_path))
    put(tmp_path / "net", unix="0: 2 0 10000 0001 01 1 @ISCSIADM_ABSTRACT_NAMESPACE")
    assert daemon_listens(str(tmp_path))
