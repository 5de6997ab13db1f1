"""Tool: qemu-system and qemu-img; starts guests and stops them, and knows which processes are ours."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from . import qmp
from .errors import LabError
from .machine import Machine, render_argv
from .process import environment, run

START_BOUND = 30
RESTORE_BOUND = 120
KILL_BOUND = 10


def version() -> str:
    outcome = run(["qemu-system-x86_64", "--version"], timeout=20)
    return outcome.stdout.splitlines()[0] if outcome.stdout else "unknown"


def create_overlay(overlay: Path, backing: Path, backing_format: str) -> None:
    overlay.unlink(missing_ok=True)
    create_image(["-b", str(backing), "-F", backing_format, str(overlay)], overlay)


def create_disk(disk: Path, size: str) -> None:
    disk.unlink(missing_ok=True)
    create_image([str(disk), size], disk)


def create_image(arguments: list[str], disk: Path) -> None:
    outcome = run(["qemu-img", "create", "-q", "-f", "qcow2", *arguments], timeout=30)
    if outcome.status != 0:
        raise LabError(f"{disk}: qemu-img could not create it: {outcome.stderr.strip()}")


def start(machine: Machine) -> int:
    """Start the guest's QEMU in the background and return its pid once it answers over QMP."""
    machine.qmp.unlink(missing_ok=True)
    machine.log.unlink(missing_ok=True)
    with machine.log.open("wb") as log:
        try:
            child = subprocess.Popen(render_argv(machine), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(), start_new_session=True)
        except FileNotFoundError as error:
            raise LabError("qemu-system-x86_64: not installed; install the packages that tests/lab/README.md lists") from error
    deadline = time.monotonic() + START_BOUND
    while not machine.qmp.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            child.wait()
            raise LabError(f"{machine.host.name}: QEMU did not start: {words(machine)}")
        time.sleep(0.05)
    return child.pid


def words(machine: Machine) -> str:
    lines = machine.log.read_text(errors="replace").split("\n") if machine.log.exists() else []
    said = "; ".join(line for line in lines if line.strip()) or "no words"
    return f"{said[:300]} (log: {machine.log})"


def wait_restored(machine: Machine) -> None:
    """A damaged snapshot shows here: QEMU says so and exits, or stays paused."""
    deadline = time.monotonic() + RESTORE_BOUND
    while time.monotonic() < deadline:
        if not pids(machine.pid_file):
            raise LabError(f"{machine.host.name}: QEMU could not load the snapshot {machine.incoming}: {words(machine)}")
        try:
            state = qmp.guest_state(machine.qmp)
        except LabError:
            state = "unknown"  # it may be about to exit: the next look at the process tells
        if state == "running":
            return
        if state == "paused":  # as it was when it was frozen
            qmp.resume(machine.qmp)
            continue
        time.sleep(0.1)
    raise LabError(f"{machine.host.name}: the snapshot {machine.incoming} was not running after {RESTORE_BOUND} s: {words(machine)}")


def freeze(machine: Machine, ram: Path) -> None:
    """Write the running guest's memory and devices to a file and end its QEMU; the overlay is the disk of that moment."""
    qmp.stop(machine.qmp)
    qmp.start_migration(machine.qmp, f"exec:cat > {quote(ram)}")
    deadline = time.monotonic() + RESTORE_BOUND
    status, description = qmp.migration_state(machine.qmp)
    while status not in ("completed", "failed") and time.monotonic() < deadline:
        time.sleep(0.1)
        status, description = qmp.migration_state(machine.qmp)
    if status != "completed":
        raise LabError(f"{machine.host.name}: QEMU could not write its state to {ram}: {status} {description}; {words(machine)}")
    qmp.leave(machine.qmp)
    wait_gone(machine.pid_file)


def quote(path: Path) -> str:
    return "'" + str(path).replace("'", "'\\''") + "'"


def pids(pid_file: Path) -> list[int]:
    """The live QEMU processes of this pid file: whatever the file says, the command line must name it."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and is_ours(int(entry), pid_file):
            found.append(int(entry))
    return found


def is_ours(pid: int, pid_file: Path) -> bool:
    try:
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if b"qemu-system" not in argv[0] or b"-pidfile" not in argv:
        return False  # a zombie has an empty command line
    return argv[argv.index(b"-pidfile") + 1] == os.fsencode(pid_file)


def kill(pid_file: Path) -> bool:
    """Cut the power. The pid comes from the process list, so a stale pid file never costs a stranger's process its life."""
    ours = pids(pid_file)
    for pid in ours:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
    wait_gone(pid_file)
    pid_file.unlink(missing_ok=True)
    return bool(ours)


def wait_gone(pid_file: Path) -> None:
    deadline = time.monotonic() + KILL_BOUND
    while pids(pid_file):
        if time.monotonic() > deadline:
            raise LabError(f"{pid_file}: QEMU (pid {pids(pid_file)}) did not end within {KILL_BOUND} s")
        time.sleep(0.02)


def rebase(disk: Path, backing: str) -> None:
    """Name the same backing file by another path; the data is not touched."""
    outcome = run(["qemu-img", "rebase", "-u", "-b", backing, "-F", "raw", str(disk)], timeout=30)
    if outcome.status != 0:
        raise LabError(f"{disk}: qemu-img could not name its backing file: {outcome.stderr.strip()}")
