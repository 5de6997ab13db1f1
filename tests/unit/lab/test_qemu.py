"""Which processes are a guest's: a stale pid file never costs a stranger's process its life."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from sanlab import qemu

# A program that is called like QEMU and has its pid file among its arguments.
PLAY_QEMU = "import os, sys; os.execv(sys.executable, ['qemu-system-x86_64', '-c', 'import time; time.sleep(60)', '-pidfile', sys.argv[1]])"


@pytest.fixture
def stranger():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_stale_pid_file_kills_nobody(tmp_path, stranger):
    pid_file = tmp_path / "qemu.pid"
    pid_file.write_text(f"{stranger.pid}\n")
    assert qemu.kill(pid_file) is False
    assert stranger.poll() is None
    assert not pid_file.exists()


def test_a_guest_is_found_without_its_pid_file(tmp_path):
    pid_file = tmp_path / "qemu.pid"
    guest = subprocess.Popen([sys.executable, "-c", PLAY_QEMU, os.fspath(pid_file)], start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while not qemu.pids(pid_file) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert qemu.pids(pid_file) == [guest.pid]
        assert qemu.pids(tmp_path / "other.pid") == []
    finally:
        guest.kill()
        guest.wait()
    assert qemu.pids(pid_file) == []
