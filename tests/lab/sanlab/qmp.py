"""Tool: QEMU's machine protocol, one connection per call."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from qemu.qmp import ExecuteError, QMPClient, QMPError

from .errors import LabError

logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


async def converse(socket: Path, command: str, arguments: dict[str, Any] | None, timeout: float) -> Any:
    client = QMPClient("lab")
    await asyncio.wait_for(client.connect(str(socket)), timeout)
    try:
        return await asyncio.wait_for(client.execute(command, arguments), timeout)
    finally:
        try:
            await asyncio.wait_for(client.disconnect(), timeout)
        except (QMPError, OSError, EOFError, asyncio.TimeoutError):
            pass  # QEMU may be gone: that is what "quit" asks for


def execute(socket: Path, command: str, arguments: dict[str, Any] | None = None, timeout: float = 10) -> Any:
    try:
        return asyncio.run(converse(socket, command, arguments, timeout))
    except ExecuteError as error:
        raise LabError(f"{socket.name}: QEMU refused {command}: {error}") from error
    except (QMPError, OSError, EOFError, asyncio.TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise LabError(f"{socket.name}: QEMU does not answer to {command}: {reason}") from error


def guest_state(socket: Path) -> str:
    return execute(socket, "query-status")["status"]


def set_link(socket: Path, device: str, up: bool) -> None:
    execute(socket, "set_link", {"name": device, "up": up})


def hard_reset(socket: Path) -> None:
    execute(socket, "system_reset")


def stop(socket: Path) -> None:
    execute(socket, "stop")


def resume(socket: Path) -> None:
    execute(socket, "cont")


def leave(socket: Path) -> None:
    execute(socket, "quit")


def start_migration(socket: Path, uri: str) -> None:
    execute(socket, "migrate-set-parameters", {"max-bandwidth": 1 << 40})
    execute(socket, "migrate", {"uri": uri})


def migration_state(socket: Path) -> tuple[str, str]:
    answer = execute(socket, "query-migrate")
    return answer.get("status", "none"), answer.get("error-desc", "")
