"""A run in which there is nothing to do, with 2, 16 and 64 sessions up.

Peers: what it takes at least, an ansible.builtin.ping and then the discovery alone; community.general.open_iscsi.
"""

from __future__ import annotations

from typing import Iterator

from measure import Case, Failed, Subject
from san import PING, PORTALS, SIZES, San, calm, connected, expect, ours, play, san_of, sh, theirs

UNITS = {"elapsed": "s"}


def cases() -> Iterator[Case]:
    for size in SIZES:
        san = san_of(size)
        calm()
        connected(san)
        yield Case(
            size,
            Subject("linuxsan.host", lambda: nothing(ours(portals=[PORTALS[0][0]], min_portals="all"))),
            [
                Subject("ping + discovery", ping_and_discovery),
                Subject("community.general.open_iscsi", lambda san=san: again(san)),
            ],
            UNITS,
        )


def nothing(done: tuple[float, dict]) -> dict:
    elapsed, result = done
    if result["changed"]:
        raise Failed(f"it changed something: {result['actions']}")
    return {"elapsed": elapsed}


def ping_and_discovery() -> dict:
    ping = play([PING, PING])[0]
    return {"elapsed": ping + sh(f"iscsiadm -m discovery -t st -p {PORTALS[0][0]} -o nonpersistent")[0]}


def again(san: San) -> dict:
    elapsed, result = theirs([{"target": name} for name in san.targets])
    expect(san.size)
    calm(sessions=True)
    return {"elapsed": elapsed}
