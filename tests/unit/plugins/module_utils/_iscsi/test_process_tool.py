# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by name."""

from __future__ import annotations

import os
import subprocess
import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import START_FIELD, Helpers, started_processes
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until


def test_processes_by_name():
    before = time.time()
    with subprocess.Popen(["sleep", "60"]) as process:
        # It has its name a moment after it was started.
        found = wait_until(lambda: {pid: started for pid, started in started_processes("sleep") if pid == str(process.pid)}, 5)
        process.kill()
    assert abs(found[str(process.pid)] - before) < 5
    assert str(os.getpid()) not in dict(started_processes("sleep"))


def test_helpers_are_not_the_daemon_itself(tmp_path):
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    for pid, parent, age in ((10, 1, 100), (11, 10, 99.9), (12, 10, 3), (13, 1, 2)):
        directory = tmp_path / str(pid)
        directory.mkdir()
        fields = ["S", str(parent), *["0"] * (START_FIELD - 2), str(int((now - age) * os.sysconf("SC_CLK_TCK")))]
        (directory / "comm").write_text("iscsid\n", encoding="utf-8")
        (directory / "stat").write_text(f"{pid} (iscsid) {' '.join(fields)} 0\n", encoding="utf-8")
    helpers = Helpers("iscsid", str(tmp_path))
    assert helpers.running() == ("12",)
    # Not in the processes that were read: told by the daemon's own lists.
    for pid, children in ((10, "11 12 14"), (11, ""), (13, "")):
        (tmp_path / f"{pid}/task/{pid}").mkdir(parents=True)
        (tmp_path / f"{pid}/task/{pid}/children").write_text(children, encoding="utf-8")
    assert helpers.running() == ("12", "14")
    (tmp_path / "10/task/10/children").unlink()
    assert helpers.running() == ("12",)
