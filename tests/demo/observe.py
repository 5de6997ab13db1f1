"""What the initiator's own programs say, read over the lab's ssh and not from any module."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parents[1] / "lab" / "lab"
MOUNT = "/mnt/DataCoreSAN"
MAP = "qsan"


@dataclass(frozen=True)
class Observed:
    """source: what is mounted at MOUNT, or "". maps, fstab, sessions, topology: text of the programs. active: active and ready paths of MAP."""

    source: str
    active: int
    fstab: str
    sessions: str
    topology: str
    disks: str


def observe(host: str) -> Observed:
    """Read the host. A program that finds nothing gives empty text."""
    maps = ask(host, "multipathd show maps json")
    return Observed(
        source=ask(host, f"findmnt -no SOURCE {MOUNT}").strip(),
        active=active_paths(json.loads(maps)) if maps else 0,
        fstab=ask(host, f"grep {MOUNT} /etc/fstab"),
        sessions=ask(host, "iscsiadm -m session"),
        topology=ask(host, "multipath -ll"),
        disks=ask(host, "lsblk -o NAME,SIZE,TYPE,VENDOR,FSTYPE,MOUNTPOINTS"),
    )


def ask(host: str, command: str) -> str:
    """What the command prints on the host, or "" when it fails."""
    answer = subprocess.run([LAB, "ssh", host, command], capture_output=True, text=True, check=False, timeout=60)
    return answer.stdout if answer.returncode == 0 else ""


def active_paths(maps: dict) -> int:
    """Paths of MAP that the kernel uses (dm_st) and that the checker reaches (chk_st)."""
    groups = [group for each in maps["maps"] if each["name"] == MAP for group in each["path_groups"]]
    return sum(path["dm_st"] == "active" and path["chk_st"] == "ready" for group in groups for path in group["paths"])
