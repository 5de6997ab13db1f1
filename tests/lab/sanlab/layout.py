"""Where things are: the lab's state directory, the cache, the sources."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent
CHECKOUT = SOURCES.parent.parent
LONGEST_SOCKET_DIRECTORY = 70  # the path of a UNIX socket ends at 107 bytes and ssh adds 30 of its own


@dataclass(frozen=True)
class Layout:
    lab: Path
    cache: Path

    @property
    def state(self) -> Path:
        return self.lab / "state.json"

    @property
    def inventory(self) -> Path:
        return self.lab / "inventory.yml"

    @property
    def key(self) -> Path:
        return self.lab / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.lab / "known_hosts"

    @property
    def lock(self) -> Path:
        return self.lab / "lock"

    @property
    def logs(self) -> Path:
        return self.lab / "logs"

    def host(self, name: str) -> Path:
        return self.lab / "hosts" / name

    @property
    def sockets(self) -> Path:
        direct = self.lab / "run"
        if len(os.fsencode(direct)) <= LONGEST_SOCKET_DIRECTORY:
            return direct
        digest = hashlib.sha256(os.fsencode(self.lab)).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"linuxsan-lab-{os.getuid()}-{digest}"


def layout_from(environ: Mapping[str, str]) -> Layout:
    lab = environ.get("LINUXSAN_LAB_DIR") or CHECKOUT / "build" / "lab"
    cache = environ.get("LINUXSAN_LAB_CACHE")
    if not cache:
        cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "linuxsan-lab"
    return Layout(lab=Path(lab).absolute(), cache=Path(cache).absolute())
