"""Starts one guest and makes it a host of the lab."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from . import qemu, ssh
from .errors import LabError
from .fleet import Host, render_hosts_file
from .machine import Machine
from .personality import render_personality

BOOT_BOUND = 400  # an emulated guest on a loaded machine
SETTLED = """
tries=0
until state=$(systemctl is-system-running); [ "$state" = running ] || [ "$state" = degraded ]; do
    tries=$((tries + 1)); [ $tries -lt 300 ] || exit 1
    sleep 1
done
[ "$state" = running ] || { systemctl --failed --plain --no-legend >&2; exit 1; }
"""


def prepare_disks(machine: Machine, backing: Path, backing_format: str) -> None:
    machine.directory.mkdir(parents=True, exist_ok=True)
    qemu.create_overlay(machine.overlay, backing, backing_format)
    if machine.host.kind == "initiator":
        qemu.create_disk(machine.spare, "128M")


def boot(machine: Machine, access: ssh.Access) -> None:
    """Cold start, until the guest's systemd has nothing more to do."""
    qemu.start(machine)
    wait_for_ssh(machine, access)
    outcome = ssh.script(access, SETTLED, BOOT_BOUND)
    if outcome.status != 0:
        raise LabError(f"{machine.host.name}: systemd did not reach the state running: {outcome.stderr.strip()}; console: {machine.console}")


def restore(machine: Machine, access: ssh.Access, hosts: tuple[Host, ...]) -> None:
    """Start from the snapshot and give the guest its own identity."""
    qemu.start(machine)
    qemu.wait_restored(machine)
    wait_for_ssh(machine, access)
    script = render_personality(machine.host, render_hosts_file(machine.host, hosts), time.time())
    run_script(machine.host.name, access, script, "take its name and addresses")


def wait_for_ssh(machine: Machine, access: ssh.Access) -> None:
    if not ssh.wait(access.port, BOOT_BOUND, lambda: bool(qemu.pids(machine.pid_file))):
        raise LabError(f"{machine.host.name}: no ssh on port {access.port}; console: {machine.console}; {qemu.words(machine)}")


def run_script(name: str, access: ssh.Access, script: str, verb: str, timeout: float = 300) -> str:
    outcome = ssh.script(access, script, timeout)
    if outcome.status != 0:
        said = "; ".join((outcome.stderr.strip() or outcome.stdout.strip() or "no words").splitlines()[-6:])
        raise LabError(f"{name}: could not {verb} ({outcome.status}): {said}")
    return outcome.stdout


Say = Callable[[str], None]
