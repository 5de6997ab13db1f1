# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time, and processes by name."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import START_FIELD, Helpers, started_processes, turn
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

HOLDER = "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


def test_a_turn_ends_with_its_process(tmp_path):
    with turn(str(tmp_path)):
        pass
    (path,) = tmp_path.iterdir()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SanError, match="another run"), turn(str(tmp_path), 0.1):
            pass
        holder.kill()
    with turn(str(tmp_path), 0):
        pass


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
