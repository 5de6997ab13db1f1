"""What runs: the processes and QEMU itself are asked, not what the last command believed."""

from __future__ import annotations

from typing import Any

from . import qemu, qmp
from .errors import LabError
from .fleet import FABRICS, Host
from .lab import Lab


def lab_status(lab: Lab) -> dict[str, Any]:
    if lab.state is None:
        return {"directory": str(lab.layout.lab), "release": None, "accel": None, "inventory": None, "hosts": []}
    return {
        "directory": str(lab.layout.lab),
        "release": lab.state.release,
        "accel": lab.state.accel,
        "inventory": str(lab.layout.inventory),
        "hosts": [host_status(lab, host) for host in lab.hosts()],
    }


def host_status(lab: Lab, host: Host) -> dict[str, Any]:
    machine = lab.machine(host)
    pids = qemu.pids(machine.pid_file)
    state = "off"
    if pids:
        try:
            state = qmp.guest_state(machine.qmp)
        except LabError:
            state = "unknown"
    out = lab.required_state().cables_out
    return {
        "name": host.name,
        "guest": state,
        "pid": pids[0] if pids else None,
        "ssh_port": machine.ssh_port,
        "console": str(machine.console),
        "cables": {fabric.name: "out" if f"{host.name}/{fabric.name}" in out else "in" for fabric in FABRICS},
    }


def render_status(status: dict[str, Any]) -> str:
    if not status["hosts"]:
        return f"{status['directory']}: no lab is up; run tests/lab/lab up"
    lines = [f"{status['directory']}: initiators {status['release']}, {status['accel']}"]
    for host in status["hosts"]:
        cables = " ".join(f"{fabric}:{position}" for fabric, position in host["cables"].items())
        lines.append(f"{host['name']:<12} {host['guest']:<10} pid {host['pid'] or '-':<8} port {host['ssh_port']:<6} {cables}")
    return "\n".join(lines)
