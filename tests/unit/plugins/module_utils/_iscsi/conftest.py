# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of sessions laid out as the kernel lays it out, and a record database as iscsiadm 2.1.8 has written it."""

from __future__ import annotations

import os
import pathlib

import pytest

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
IQN = "iqn.2004-08.com.qsantechnology:dev0.ctr1"


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
            put(scsi / "block" / disk, size=2048, dev="8:16")
            os.symlink(scsi, scsi / "block" / disk / "device")
            os.symlink(scsi / "block" / disk, root / "block" / disk)
        return device

    add.root = root
    return add


@pytest.fixture
def root(tmp_path):
    """Three node records, an interface and a discovery portal."""
    for name, place in (
        ("node-chap", "nodes/iqn.2004-08.com.q:a/2001:db8:0:0::1,3260,1/default"),
        ("node-old-style", "nodes/iqn.2004-08.com.q:b/10.0.0.2,3260"),
        ("node-default", "nodes/iqn.2004-08.com.q:c/some.host,3261,2/default"),
        ("iface", "ifaces/eth9"),
        ("st-config", "send_targets/10.1.1.1,3260/st_config"),
    ):
        path = tmp_path / "db" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((FIXTURES / f"iscsiadm-2.1.8-{name}.txt").read_bytes())
    return tmp_path / "db"
