"""Text: what a lab remembers between commands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class State:
    release: str
    accel: str
    fabric_ports: dict[str, int]
    ssh_ports: dict[str, int] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)  # kind -> directory of kernel and initrd
    frozen: dict[str, str] = field(default_factory=dict)  # kind -> directory of the snapshot
    array: str = ""  # the specification the array exports
    cables_out: tuple[str, ...] = ()  # HOST/FABRIC: a cable stays out over power and resets until it is put in

    @property
    def names(self) -> list[str]:
        return list(self.ssh_ports)


def render_state(state: State) -> str:
    return json.dumps(asdict(state), indent=1) + "\n"


def parse_state(document: Any) -> State | None:
    if not isinstance(document, dict):
        return None
    try:
        return State(**{**document, "cables_out": tuple(document.get("cables_out", ()))})
    except TypeError:
        return None  # of another version of the lab
