"""The lab for benches of iSCSI: an array of so many sessions, an initiator in the same state before each run, and ways to time on it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Optional

import yaml
from measure import Failed

ROOT = Path(__file__).resolve().parents[2]
LAB_COMMAND = str(ROOT / "tests/lab/lab")
LAB = Path(os.environ.get("LINUXSAN_LAB_DIR") or ROOT / "build/lab")
HOST = "initiator1"
SIZES = (2, 16, 64)
IQN = "iqn.2004-08.com.example:bench"
PORTALS = (("10.10.10.100", "fabric-a"), ("192.168.195.22", "fabric-b"), ("10.10.10.101", "fabric-a"), ("192.168.195.23", "fabric-b"))
SECONDS = 600
RECORDS = "/var/lib/iscsi/nodes"
# A login that is under way when the sessions are logged out comes up after it, and one that reconnects is not logged out.
NO_SESSION = """
for turn in $(seq 60); do
    ls -d /sys/class/iscsi_session/* >/dev/null 2>&1 || { systemctl restart iscsid 2>/dev/null; exit 0; }
    iscsiadm -m session -u >/dev/null 2>&1 || sleep 1
done
exit 1
"""


@dataclass(frozen=True)
class San:
    """targets: names. portals: addresses, of each target. Its sessions are targets times portals."""

    targets: tuple[str, ...]
    portals: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.targets) * len(self.portals)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Target and address of each session."""
        return [(target, address) for target in self.targets for address in self.portals]


def san_of(size: int, fault: Optional[str] = None) -> San:
    """Start the lab, let its array have that many sessions, and give the initiator open-iscsi and its records. fault: of the last portal."""
    each = min(size, len(PORTALS))
    portals = [{"address": address, "fabric": fabric} for address, fabric in PORTALS[:each]]
    if fault:
        portals[-1]["fault"] = fault
    targets = tuple(f"{IQN}{number}" for number in range(size // each))
    luns = [
        {"name": f"lun{number}", "lun": 0, "size": "16M", "serial": f"be9c{number:04x}-0000-4000-8000-000000000000", "blank": True, "targets": [target]}
        for number, target in enumerate(targets)
    ]
    run([LAB_COMMAND, "up"])
    calm()
    export([{"name": name, "portals": portals} for name in targets], luns)
    sh("test -x /usr/sbin/iscsiadm || { apt-get -q update && apt-get -q -y install open-iscsi; } >&2")
    sh(f"rm -rf {RECORDS} {RECORDS}.kept; iscsiadm -m discovery -t st -p {PORTALS[0][0]}; cp -a {RECORDS} {RECORDS}.kept")
    return San(targets, tuple(address for address, fabric in PORTALS[:each]))


def export(targets: list[dict], luns: list[dict]) -> None:
    """Let the array have these, as in a specification of the lab."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as spec:
        yaml.safe_dump({"targets": targets, "luns": luns}, spec)
        spec.flush()
        run([LAB_COMMAND, "array", "apply", spec.name])


def calm(sessions: bool = False) -> None:
    """The initiator as it was: no session (or those there are), and the records of the discovery."""
    if not sessions:
        sh(NO_SESSION)
    sh(f"test ! -d {RECORDS}.kept || {{ rm -rf {RECORDS}; cp -a {RECORDS}.kept {RECORDS}; }}; udevadm settle; true")


def connected(san: San) -> None:
    """Every session of the array is up and its disk there. Raises Failed when that cannot be had."""
    sh("iscsiadm -m node -l >/dev/null 2>&1; udevadm settle; true")
    expect(san.size)


def expect(sessions: int) -> None:
    """Raises Failed unless the kernel has so many sessions that are logged in, each with a disk."""
    said = sh(
        "cat /sys/class/iscsi_session/*/state 2>/dev/null | grep -c LOGGED_IN; ls -d /sys/class/iscsi_session/*/device/target*/*/block/* 2>/dev/null | wc -l"
    )[1]
    if said.split() != [str(sessions)] * 2:
        raise Failed(f"{said.split()} sessions and disks, not {sessions}")


def sh(script: str, status: int = 0, seconds: int = SECONDS) -> tuple[float, str]:
    """Run a shell script on the initiator -> (seconds, what it said). Raises Failed on another exit status; status: None takes any."""
    facts = yaml.safe_load((LAB / "inventory.yml").read_text())["all"]["children"]["initiators"]["hosts"][HOST]
    options = shlex.split(f"{facts['ansible_ssh_common_args']} {facts['ansible_ssh_args']}")
    where = ["-i", facts["ansible_ssh_private_key_file"], "-p", str(facts["ansible_port"]), f"{facts['ansible_user']}@{facts['ansible_host']}"]
    started = time.monotonic()
    done = subprocess.run(["ssh", *options, *where, "sh", "-s"], input=script, capture_output=True, text=True, timeout=seconds, check=False)
    elapsed = time.monotonic() - started
    if status is not None and done.returncode != status:
        raise Failed(f"{script[:80]}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    return elapsed, done.stdout


def play(tasks: list[dict]) -> tuple[float, dict]:
    """Run tasks on the initiator by Ansible -> (seconds of the last one, its result). The others warm the connection up. Raises Failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as book:
        yaml.safe_dump([{"hosts": HOST, "gather_facts": False, "tasks": tasks}], book)
        book.flush()
        env = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_PIPELINING": "true"}
        argv = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(LAB / "inventory.yml"), book.name]
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=3 * SECONDS, check=False)
    try:
        last = json.loads(done.stdout[done.stdout.index("{") :])["plays"][0]["tasks"][-1]
        result = last["hosts"][HOST]
        seconds = (when(last["task"]["duration"]["end"]) - when(last["task"]["duration"]["start"])).total_seconds()
    except (ValueError, KeyError, IndexError):
        raise Failed(f"ansible-playbook: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}") from None
    if done.returncode != 0:
        raise Failed(f"the task failed: {words_of(result)[:300]}")
    return seconds, result


def ours(**options) -> tuple[float, dict]:
    """One task of iscsi_node."""
    return play([PING, {"linuxsan.host.iscsi_node": {"timeout": 300, **options}}])


def theirs(targets: list[dict]) -> tuple[float, dict]:
    """community.general.open_iscsi in the form of its documentation: discovery once, then a task that loops."""
    discovery = {"community.general.open_iscsi": {"show_nodes": True, "discover": True, "portal": PORTALS[0][0]}}
    loop = {"community.general.open_iscsi": {"target": "{{ item.target }}", "login": True}, "loop": targets}
    first = play([PING, discovery])[0]
    second, result = play([PING, loop])
    return first + second, result


PING = {"ansible.builtin.ping": {}}


def when(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def words_of(result: dict) -> str:
    return "; ".join(str(each.get("msg")) for each in [result, *result.get("results", [])] if each.get("failed"))


def run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
