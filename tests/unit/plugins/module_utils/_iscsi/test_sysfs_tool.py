# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions, on a tree laid out as the kernel lays it out."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Login, daemon_listens, daemon_may_be_gone, read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

IQN = "iqn.2004-08.com.qsantechnology:dev0.ctr1"


def read(sysfs, **words):
    return read_sessions(str(sysfs.root), str(sysfs.root), **words)


def test_a_session(sysfs):
    sysfs(3, "2001:DB8:0:0::1")
    (session,) = read(sysfs)
    assert (session.sid, session.target, session.portal, session.address) == (3, IQN, Portal("2001:db8::1"), Portal("10.9.9.9", 860))
    assert (session.tpgt, session.iface, session.logged_in, session.recovery_tmo, session.host) == (1, "default", True, 5, 3)
    assert session.login == Login()
    (device,) = session.devices
    assert (device.name, device.hctl, device.lun, device.size, device.wwid, device.state) == ("sdb", "3:0:0:3", 3, 1 << 20, "360014051", "running")


def test_sessions_in_the_order_of_their_number(sysfs):
    for sid in (10, 9):
        sysfs(sid, f"10.0.0.{sid}", disk=f"sd{chr(90 + sid)}")
    assert [session.sid for session in read(sysfs)] == [9, 10]


def test_the_login_is_known_and_not_shown(sysfs):
    sysfs(1, "10.0.0.1", username="host", password="SECRET-VALUE")
    (session,) = read(sysfs)
    assert session.login == Login("host", Secret("SECRET-VALUE"))
    assert "SECRET-VALUE" not in repr(session)


@pytest.mark.parametrize("end", ["\u00a0", "\u0085", "\u3000", "\u2028", "\x1c", "\udcff", "x"])
def test_the_login_is_read_to_its_last_character(sysfs, end):
    sysfs(1, "10.0.0.1")
    own = next(sysfs.root.glob("devices/platform/host1/session1/iscsi_session/session1"))
    for name in ("username", "password", "username_in", "password_in"):
        (own / name).write_text(f"{name}{end}\n", encoding="utf-8", errors="surrogateescape")
    (session,) = read(sysfs)
    assert session.login == Login(f"username{end}", Secret(f"password{end}"), f"username_in{end}", Secret(f"password_in{end}"))


def test_a_disk_without_its_block_device_yet(sysfs):
    sysfs(1, "10.0.0.1", disk=None)
    assert [device.name for device in read(sysfs)[0].devices] == [None]


@pytest.mark.parametrize(
    "answer, names",
    [(b"\x00\x00\x06", [None]), (b"\x20\x00\x06", []), (b"\x60\x00\x06", []), (b"", [None])],
    ids=["connected", "not connected", "not possible", "kernel that does not show it"],
)
def test_a_unit_to_which_the_kernel_binds_no_driver_is_no_disk(sysfs, answer, names):
    """The first byte of the answer to INQUIRY: the qualifier and the type."""
    (sysfs(1, "10.0.0.1", disk=None) / "target1:0:0/1:0:0:3/inquiry").write_bytes(answer)
    assert [device.name for device in read(sysfs)[0].devices] == names


@pytest.mark.parametrize("kind", [4, 5, 7, 14, 20])
def test_other_units_with_a_block_device(sysfs, kind):
    scsi = sysfs(1, "10.0.0.1") / "target1:0:0/1:0:0:3"
    (scsi / "type").write_text(f"{kind}\n", encoding="utf-8")
    assert [device.name for device in read(sysfs)[0].devices] == ["sdb"]
    shutil.rmtree(scsi / "block")
    assert read(sysfs)[0].devices == ()


def test_a_session_that_is_going_is_left_out(sysfs):
    shutil.rmtree(next(sysfs(1, "10.0.0.1").glob("connection*")))
    assert read(sysfs) == ()


def test_no_iscsi_at_all(tmp_path):
    assert read_sessions(str(tmp_path)) == ()


def test_the_daemon(tmp_path):
    listening = tmp_path / "net/unix"
    listening.parent.mkdir()
    listening.write_text("0: 2 0 10000 0001 01 1 /run/x\n")
    assert not daemon_listens(str(tmp_path))
    listening.write_text("0: 2 0 10000 0001 01 1 @ISCSIADM_ABSTRACT_NAMESPACE\n")
    assert daemon_listens(str(tmp_path))


@pytest.mark.parametrize(
    "rows, gone", [("", True), ("0000000000000000 8   0          00000000 0\n", True), ("0000000000000000 8   812        00000001 0\n", False)]
)
def test_a_daemon_that_only_its_socket_stands_for(tmp_path, rows, gone):
    assert not daemon_may_be_gone(str(tmp_path))
    table = tmp_path / "net/netlink"
    table.parent.mkdir()
    table.write_text(f"sk               Eth Pid        Groups   Rmem\n0000000000000000 0   812        00000000 0\n{rows}")
    assert daemon_may_be_gone(str(tmp_path)) is gone
