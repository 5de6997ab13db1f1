# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: what they are given, what they leave, and that none outlives its bound."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, Process, ProgramMissing, Result, find_program, run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until


def test_arguments_arrive_as_they_are():
    words = ["$HOME", "~", "a b", "it's", '"', "*", "`id`"]
    assert run(["printf", "%s\\n", *words], timeout=10).stdout.splitlines() == words


def test_environment_is_the_c_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run(["sh", "-c", "echo $LC_ALL"], timeout=10).stdout == "C\n"


def test_exit_status_and_both_outputs_are_kept():
    result = run(["sh", "-c", "echo out; echo err >&2; exit 21"], timeout=10)
    assert (result.rc, result.stdout, result.stderr) == (21, "out\n", "err\n")


def test_stdin_is_given_and_is_empty_otherwise():
    assert run(["cat"], timeout=10, stdin="secret\n").stdout == "secret\n"
    assert run(["cat"], timeout=10).stdout == ""


def test_output_that_is_not_utf8_is_readable():
    assert run(["printf", "\\377"], timeout=10).stdout == "\\xff"


def test_missing_program_is_named_with_the_next_step():
    with pytest.raises(ProgramMissing, match="no-such-program: not found on this host. Install"):
        run(["no-such-program"], timeout=10)


def test_programs_of_root_are_found_without_them_on_path(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert os.path.basename(find_program("ldconfig")) == "ldconfig"


def test_a_program_over_its_time_is_killed_with_its_children():
    process = Process(["sh", "-c", "echo waiting for a portal >&2; sleep 1000 & echo $! >&2; wait"])
    assert wait_until(lambda: process.stderr_so_far().count("\n") == 2, timeout=10)
    child = int(process.stderr_so_far().split()[-1])
    with pytest.raises(CommandTimeout, match="killed after 0.1 s.*waiting for a portal"):
        process.finish(0.1)
    assert wait_until(lambda: _gone(child), timeout=10)


# Takes a lock and gives it back, again and again, as a program does that reads many records.
LOCKER = """
import os, sys, time
print("up", file=sys.stderr, flush=True)
while True:
    open(sys.argv[1], "w").close()
    time.sleep(0.01)
    os.unlink(sys.argv[1])
    time.sleep(0.002)
"""


def test_a_program_that_holds_a_lock_is_not_killed_before_it_gives_it_back(tmp_path, monkeypatch):
    # However busy the machine is that tests.
    monkeypatch.setattr(_command, "BUSY_SECONDS", 30)
    lock = tmp_path / "lock"
    for round_number in range(10):
        process = Process([sys.executable, "-c", LOCKER, str(lock)], busy=lock.exists)
        assert wait_until(process.stderr_so_far, timeout=30, interval=0.01) and wait_until(lock.exists, timeout=10, interval=0.001)
        process.kill()
        assert not process.running and not lock.exists(), round_number


def test_a_program_that_is_always_busy_is_killed_all_the_same():
    process = Process(["sleep", "1000"], busy=lambda: True)
    began = time.monotonic()
    process.kill()
    assert not process.running and time.monotonic() - began < 10
    ended = Process(["true"], busy=pytest.fail)
    assert ended.finish(10).rc == 0
    ended.kill()


def test_a_daemon_that_keeps_the_output_open_does_not_hold_the_caller():
    started = time.monotonic()
    result = run(["sh", "-c", "setsid sleep 20 & echo $!"], timeout=10)
    os.kill(int(result.stdout), signal.SIGKILL)
    assert time.monotonic() - started < 10


def test_looking_at_stderr_leaves_what_follows_in_its_place(tmp_path):
    go = tmp_path / "go"
    process = Process(["sh", "-c", 'echo one >&2; until test -e "$0"; do sleep 0.01; done; echo two >&2', str(go)])
    assert wait_until(lambda: process.stderr_so_far() == "one\n", timeout=10)
    go.touch()
    assert process.finish(10).stderr == "one\ntwo\n"


def test_a_file_that_it_is_to_keep_stays_open_in_it(tmp_path):
    with open(tmp_path / "claim", "w", encoding="ascii") as claim:
        process = Process(["readlink", f"/proc/self/fd/{claim.fileno()}"], keep=(claim.fileno(),))
    assert process.finish(10).stdout == f"{tmp_path / 'claim'}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount the small file system that is to be full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_that_does_not_fit_is_no_output(tmp_path, monkeypatch, stream):
    """dmsetup and multipath exit 0 all the same, and what is not told would count as not there."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", tmp_path], check=True)
    try:
        monkeypatch.setattr(_command.tempfile, "tempdir", str(tmp_path))
        assert run(["sh", "-c", "echo fits"], timeout=10).stdout == "fits\n"
        with pytest.raises(SanError, match="^sh: its output in .* cannot be kept whole: No space left on device. Free space there"):
            run(["sh", "-c", f"head -c 100000 /dev/zero >/dev/{stream} 2>/dev/null; exit 0"], timeout=10)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_file_that_is_no_program_is_told(tmp_path, monkeypatch):
    (tmp_path / "broken").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SanError, match="/broken: cannot be started: Exec format error. Look at the file"):
        run(["broken"], timeout=10)


def test_a_program_that_ends_while_it_is_to_be_stopped_is_stopped():
    process = Process(["true"], busy=lambda: True)
    process.finish(10)
    assert process._is_stopped()


def test_signal_after_the_end_is_nothing():
    process = Process(["true"])
    process.finish(10)
    process.signal(signal.SIGTERM)
    assert not process.running


@pytest.mark.parametrize(
    "stdout, stderr, words",
    [
        ("out\n", "iscsiadm: no records found\n", "iscsiadm: no records found"),
        ("out\n", "", "out"),
        ("", "", "exit status 8"),
        ("", " one\n\n two\n", "one; two"),
    ],
)
def test_the_tools_own_words(stdout, stderr, words):
    assert Result(("iscsiadm",), 8, stdout, stderr).words == words


def _gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
