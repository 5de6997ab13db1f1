"""Tool: the cache of images and frozen guests: entries appear whole, damaged ones go, old ones make room."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from .errors import LabError
from .process import run
from .text_files import is_held, locked, read_json, require_space, write_atomically

MANIFEST = "manifest.json"
BUILD_SPACE_MIB = 3500
LARGEST_MIB = 4500  # what the cache may hold before entries no lab uses are removed, oldest first


def entry(cache: Path, name: str, make: Callable[[Path], None], say: Callable[[str], None]) -> Path:
    """The directory of a cache entry, made first when it is not there or not whole."""
    directory = cache / name
    with locked(cache / "locks" / name, name):
        if directory.exists() and not is_whole(directory):
            say(f"{name}: the cache entry is damaged (a file is missing or has another size); making it again")
            remove(directory)
        if not directory.exists():
            require_space(cache, BUILD_SPACE_MIB, f"making {name}")
            make_room(cache)
            for left in cache.glob(f"draft-{name}-*"):
                remove(left)  # of a build that was killed: we hold its lock
            # A name of its own: what a killed build has started may still be writing to the old one.
            draft = cache / f"draft-{name}-{os.getpid()}"
            draft.mkdir(parents=True)
            try:
                make(draft)
                write_manifest(draft)
                draft.replace(directory)
            finally:
                remove(draft)
        os.utime(directory)
    return directory


def write_manifest(directory: Path) -> None:
    files = {path.name: {"size": path.stat().st_size, "digest": digest(path)} for path in sorted(directory.iterdir())}
    write_atomically(directory / MANIFEST, json.dumps(files, indent=1))


def digest(path: Path) -> str:
    """Of the data alone: holes are skipped, so that a sparse disk costs what it holds."""
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        size, offset = path.stat().st_size, 0
        while offset < size:
            try:
                offset = os.lseek(stream.fileno(), offset, os.SEEK_DATA)
            except OSError:
                break  # ENXIO: only a hole is left
            end = os.lseek(stream.fileno(), offset, os.SEEK_HOLE)
            while offset < end:
                block = os.pread(stream.fileno(), min(1 << 20, end - offset), offset)
                if block.strip(b"\0"):
                    state.update(b"%d:" % offset + block)
                offset += len(block)
    return state.hexdigest()


def is_whole(directory: Path) -> bool:
    files = read_json(directory / MANIFEST)
    if not isinstance(files, dict) or not files:
        return False
    return all((directory / name).is_file() and (directory / name).stat().st_size == known["size"] for name, known in files.items())


def is_intact(directory: Path) -> bool:
    """Reads everything: asked only when something already went wrong."""
    files = read_json(directory / MANIFEST) or {}
    return is_whole(directory) and all(digest(directory / name) == known["digest"] for name, known in files.items())


def remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory, ignore_errors=True)
    if directory.exists() and os.getuid() != 0:
        # an interrupted build of a user who is not root leaves files of his subordinate ids
        run(["unshare", "--map-root-user", "--map-auto", "--", "rm", "-rf", str(directory)], timeout=120)
    if directory.exists():
        raise LabError(f"{directory}: could not be removed; remove it by hand")


def claim(directory: Path, lab: Path) -> None:
    """Say that a lab's disks are built on this entry, so that it is not removed under them."""
    users = directory.parent / "users" / directory.name
    write_atomically(users / hashlib.sha256(os.fsencode(lab)).hexdigest()[:12], str(lab))


def in_use(directory: Path) -> bool:
    """By a lab that has a guest's disk on it, or is just about to; a frozen guest's disk is itself built on an image."""
    users = directory.parent / "users" / directory.name
    labs = [Path(user.read_text()) for user in users.iterdir()] if users.is_dir() else []
    return any(is_held(lab / "lock") or any(lab.glob("hosts/*/disk.qcow2")) for lab in labs)


def used_mib(directory: Path) -> int:
    return sum(path.stat().st_blocks for path in directory.iterdir()) >> 11


def make_room(cache: Path) -> None:
    """One at a time: two would count and remove the same entries."""
    with locked(cache / "locks" / "room", "room in the cache"):
        remove_oldest(cache)


def remove_oldest(cache: Path) -> None:
    # Drafts are others' and may go any moment.
    entries = [path.parent for path in cache.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("draft-")]
    total = sum(used_mib(path) for path in entries)
    for oldest in sorted(entries, key=lambda path: path.stat().st_mtime):
        if total <= LARGEST_MIB - BUILD_SPACE_MIB // 2:
            return
        if not in_use(oldest) and not oldest.name.startswith("keys"):
            total -= used_mib(oldest)
            remove(oldest)
