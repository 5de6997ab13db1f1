"""Tool: files that are whole or not there."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import LabError


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(text)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise LabError(f"{path}: could not be written: {error.strerror}{full_disk_hint(error)}") from error


def full_disk_hint(error: OSError) -> str:
    return "; free some space and run it again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""


def read_json(path: Path) -> Any:
    """None when there is no such file, or half of one."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def require_space(directory: Path, needed_mib: int, what: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free >> 20
    if free < needed_mib:
        raise LabError(f"{directory}: {free} MiB free, {what} needs {needed_mib} MiB; free some, or set LINUXSAN_LAB_CACHE or LINUXSAN_LAB_DIR elsewhere")


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """One holder at a time; a second one says who holds it, and waits. The kernel lets go when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "another process"
            # The two guests are built side by side, and neither is news to the other.
            if not holder.startswith(f"pid {os.getpid()} "):
                print(f"{what}: waiting for {holder}, which holds {path}", file=sys.stderr, flush=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        stream.truncate()
        stream.write(f"pid {os.getpid()} ({' '.join(sys.argv[1:]) or 'lab'})")
        stream.flush()
        try:
            yield
        finally:
            stream.seek(0)
            stream.truncate()


def is_held(path: Path) -> bool:
    """Whether somebody, this process included, is in `locked` on that path."""
    if not path.exists():
        return False
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
