"""Finds out whether KVM really works here: the device may exist and every guest under it stop.

LINUXSAN_LAB_ACCEL=kvm or tcg decides without a look.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from . import qemu, qmp
from .errors import LabError
from .fleet import FROZEN, Host
from .guest import Say
from .images import Image
from .machine import Machine
from .text_files import locked, read_json, write_atomically

PROBE_BOUND = 15
ALIVE = "Run /init"  # the kernel's words when it has booted
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def working_accel(cache: Path, base: Image, say: Say) -> str:
    """kvm or tcg; the verdict holds for this boot of the machine."""
    forced = os.environ.get("LINUXSAN_LAB_ACCEL")
    if forced:
        if forced not in ("kvm", "tcg"):
            raise LabError(f"LINUXSAN_LAB_ACCEL: {forced!r} is neither kvm nor tcg")
        return forced
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot_id = BOOT_ID.read_text().strip()
    verdict_file = cache / "accel.json"
    with locked(cache / "locks" / "accel", "kvm"):
        verdict = read_json(verdict_file) or {}
        if verdict.get("boot_id") != boot_id or verdict.get("user") != os.getuid():
            failure = probe_kvm(base)
            verdict = {"boot_id": boot_id, "user": os.getuid(), "accel": "tcg" if failure else "kvm", "reason": failure}
            say(f"kvm: {'does not work here: ' + failure + '; emulating' if failure else 'works'}")
            write_atomically(verdict_file, json.dumps(verdict) + "\n")
    return verdict["accel"]


def probe_kvm(base: Image) -> str | None:
    """Start the real kernel without a disk and look at the guest; the reason when KVM does not work."""
    with tempfile.TemporaryDirectory(prefix="linuxsan-kvm-") as name:
        directory = Path(name)
        machine = Machine(
            host=Host("kvm-probe", "probe", FROZEN),
            directory=directory,
            qmp=directory / "qmp",
            kernel=base.directory / "vmlinuz",
            initrd=base.directory / "initrd",
            accel="kvm",
            ssh_port=0,
            fabric_ports={},
        )
        try:
            qemu.start(machine)
            return watch(machine)
        except LabError as error:
            return str(error)
        finally:
            qemu.kill(machine.pid_file)


def watch(machine: Machine) -> str | None:
    deadline = time.monotonic() + PROBE_BOUND
    while time.monotonic() < deadline:
        if not qemu.pids(machine.pid_file):
            return f"QEMU ended: {qemu.words(machine)}"
        if machine.console.exists() and ALIVE in machine.console.read_text(errors="replace"):
            return None
        try:
            state = qmp.guest_state(machine.qmp)
        except LabError:
            state = "unknown"
        if state not in ("running", "unknown", "prelaunch"):
            return f"the guest stopped in state {state}"
        time.sleep(0.1)
    return f"the guest showed no sign of life within {PROBE_BOUND} s"
