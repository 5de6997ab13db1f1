"""Tool: OpenSSH's client, with the lab's own key and known hosts and nothing of the user's configuration."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .process import Outcome, run

BANNER_BOUND = 5


@dataclass(frozen=True)
class Access:
    key: Path
    known_hosts: Path
    sockets: Path
    port: int


def options(access: Access) -> list[str]:
    return [
        *("-F", "none", "-i", str(access.key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
        *("-o", f"UserKnownHostsFile={access.known_hosts}", "-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=30", "-o", "LogLevel=ERROR"),
        *("-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=6", "-o", "PreferredAuthentications=publickey"),
    ]


def control_options(access: Access) -> list[str]:
    """Ansible runs a connection per task: one that persists saves most of the key exchange, slow in an emulated guest."""
    return ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", f"ControlPath={access.sockets}/%h-%p"]


def shell(access: Access, command: list[str]) -> int:
    """Become the user's shell on the guest: never returns."""
    argv = ["ssh", *options(access), "-p", str(access.port), "root@127.0.0.1", *command]
    try:
        os.execvp("ssh", argv)
    except FileNotFoundError as error:
        raise LabError("ssh: not installed; install openssh-client") from error


def script(access: Access, text: str, timeout: float) -> Outcome:
    """Run a shell script on the guest; its words come back, none of it is on a command line."""
    return run(["ssh", *options(access), "-p", str(access.port), "root@127.0.0.1", "sh", "-s"], stdin=text, timeout=timeout)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=BANNER_BOUND) as connection:
            connection.settimeout(BANNER_BOUND)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait(port: int, bound: float, alive) -> bool:
    """Wait for the guest's sshd; QEMU takes the connection long before it, so only the banner counts."""
    deadline = time.monotonic() + bound
    while time.monotonic() < deadline:
        if answers(port):
            return True
        if not alive():
            return False
        time.sleep(0.2)
    return False
