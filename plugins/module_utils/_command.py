# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one file that starts processes.

Argument lists only, no shell, nothing in them expanded ($ and ~ stay as they are), LC_ALL=C, bounded in time.
Tools take `run` as an argument, so that a test can hand them recorded answers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# sudo and non-login shells often leave these out, and iscsiadm and multipath live there.
SYSTEM_DIRECTORIES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
# How long a process that is busy is given to come to an end of it, and to stop when it is told to.
BUSY_SECONDS = 0.2
STOP_SECONDS = 0.1
MOMENT = 0.005
# How long a killed process may take to go. One that hangs in the kernel (state D) never does and is left behind.
KILL_GRACE_SECONDS = 2


class ProgramMissing(SanError):
    """The program is not installed."""


class CommandTimeout(SanError):
    """The program did not end in its time and was killed. told: what happened; said: its own words until then, on one line."""

    def __init__(self, argv, timeout, said):
        self.said = _one_line(said) or "nothing"
        self.told = f"{' '.join(argv)}: killed after {timeout:g} s without an end; it had said: {self.said}"
        super().__init__(f"{self.told}. Look for a device or portal that does not answer.")


@dataclass(frozen=True)
class Result:
    """What a finished process left: rc is negative for a signal, stdout and stderr are text."""

    argv: Tuple[str, ...]
    rc: int
    stdout: str
    stderr: str

    @property
    def words(self):
        """The tool's own words for a message: stderr, or stdout, or its exit status, on one line."""
        return _one_line(self.stderr) or _one_line(self.stdout) or f"exit status {self.rc}"


def find_program(name):
    """The full path of a program, or None. Also looks where root's programs live."""
    return next(find_programs(name), None)


def find_programs(name):
    """The full paths of all programs of that name; the first is the one that is started."""
    path = os.pathsep.join((os.environ.get("PATH", ""), SYSTEM_DIRECTORIES))
    found = (shutil.which(name, path=directory) for directory in dict.fromkeys(path.split(os.pathsep)) if directory)
    return filter(None, found)


class Process:
    """One running process, in a process group of its own.

    Its output goes to unnamed files and not to pipes: a daemon that it leaves behind would hold a pipe open for ever.
    package: that has the program, for a message.
    busy: tells that it may be doing what it must not be killed in, such as holding a lock; asked while it is stopped.
    keep: open files that it holds open too, as long as it runs.
    """

    def __init__(self, argv, stdin=None, busy=None, package="the package that has it", keep=()):
        program = find_program(argv[0])
        if program is None:
            raise ProgramMissing(f"{argv[0]}: not found on this host. Install {package} and run again.")
        self.argv = tuple(argv)
        self.started = time.monotonic()
        self._busy = busy
        try:
            self._stdout = tempfile.TemporaryFile()
            self._stderr = tempfile.TemporaryFile()
            with tempfile.TemporaryFile() as given:
                given.write((stdin or "").encode("utf-8", "surrogateescape"))
                given.seek(0)
                self._popen = subprocess.Popen(
                    [program, *argv[1:]],
                    stdin=given,
                    stdout=self._stdout,
                    stderr=self._stderr,
                    env={**os.environ, "LC_ALL": "C", "LANGUAGE": "C"},
                    start_new_session=True,
                    pass_fds=keep,
                )
        except OSError as error:
            raise SanError(f"{program}: cannot be started: {error.strerror}. Look at the file, and at the free space for temporary ones.") from error

    @property
    def running(self):
        """True until the process has ended."""
        return self._popen.poll() is None

    def signal(self, number):
        """Send a signal to the process and its children; a process that has ended is left alone."""
        if self.running:
            os.killpg(self._popen.pid, number)

    def stderr_so_far(self):
        """What the process has written to stderr until now."""
        return _read(self._stderr)

    def finish(self, timeout):
        """Wait at most timeout seconds for the end and return the Result; kill the process and raise when it takes longer."""
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise CommandTimeout(self.argv, timeout, self.stderr_so_far()) from None
        self._check_whole()
        return Result(self.argv, self._popen.returncode, _read(self._stdout), self.stderr_so_far())

    def kill(self):
        """End the process and its children, as soon as it is not busy but in BUSY_SECONDS at the latest."""
        if self._busy:
            self._stop()
        self.signal(signal.SIGKILL)
        try:
            self._popen.wait(KILL_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass

    def _check_whole(self):
        """Raise SanError when the files of its output are full. Many programs do not look, and exit as if nothing had got lost."""
        for file in (self._stdout, self._stderr):
            size = os.fstat(file.fileno()).st_size
            try:
                os.pwrite(file.fileno(), b"\n", size)
                os.ftruncate(file.fileno(), size)
            except OSError as error:
                raise SanError(
                    f"{self.argv[0]}: its output in {tempfile.gettempdir()} cannot be kept whole: {error.strerror}. Free space there and run again."
                ) from error

    def _stop(self):
        bound = time.monotonic() + BUSY_SECONDS
        while self.running:
            self.signal(signal.SIGSTOP)
            wait_until(self._is_stopped, STOP_SECONDS, MOMENT)
            if not self._busy() or time.monotonic() > bound:
                return
            self.signal(signal.SIGCONT)
            time.sleep(MOMENT)

    def _is_stopped(self):
        try:
            return os.waitid(os.P_PID, self._popen.pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            # It has ended by itself, and `running` has collected it.
            return True


def run(argv, timeout, stdin: Optional[str] = None):
    """Run a program to its end.

    argv: list of str, the program's name first. timeout: seconds. stdin: text for the program, or none.
    Returns a Result whatever the exit status is: what a status means is known by the tool that asked.
    Raises ProgramMissing and CommandTimeout.
    """
    return Process(argv, stdin).finish(timeout)


def _one_line(text):
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def _read(file):
    # pread leaves the offset alone: a running child shares it, and its next words would land where a seek has gone.
    handle = file.fileno()
    return os.pread(handle, os.fstat(handle).st_size, 0).decode("utf-8", "backslashreplace")
