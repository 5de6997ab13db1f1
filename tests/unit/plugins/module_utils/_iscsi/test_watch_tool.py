# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that come up and go, on a tree laid out as the kernel lays it out."""

from __future__ import annotations

import shutil

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.watch_tool import Watch


def seen(watch):
    return {session.sid: (session.state, [device.name for device in session.devices]) for session in watch.read()}


def test_what_comes_up_is_seen_and_what_goes_too(sysfs):
    watch = Watch(str(sysfs.root))
    assert seen(watch) == {}
    device = sysfs(1, "10.0.0.1", disk=None, state="FREE")
    assert seen(watch) == {}
    (device / "iscsi_session/session1/state").write_text("LOGGED_IN")
    assert seen(watch) == {1: ("LOGGED_IN", [None])}
    shutil.rmtree(device)
    (sysfs.root / "class/iscsi_session/session1").unlink()
    sysfs(2, "10.0.0.1")
    assert seen(watch) == seen(watch) == {2: ("LOGGED_IN", ["sdb"])}
    (sysfs.root / "class/iscsi_session/session2").unlink()
    assert seen(watch) == {}


def test_one_that_is_there_is_read_once(sysfs):
    watch = Watch(str(sysfs.root))
    device = sysfs(1, "10.0.0.1")
    before = seen(watch)
    (device / "iscsi_session/session1/state").write_text("FAILED")
    assert seen(watch) == before == {1: ("LOGGED_IN", ["sdb"])}
