"""How many processes of iscsiadm a run starts in which there is nothing to do, with 2, 16 and 64 sessions up.

asked: with one portal to ask. static: with discovery=static. named: with the targets alone. They are counted by a program of the name that
comes first in PATH. The peer, community.general.open_iscsi, has no such forms: its figure is the same in all.
"""

from __future__ import annotations

from typing import Iterator

from measure import Case, Failed, Subject
from san import PORTALS, SIZES, San, calm, connected, ours, san_of, sh, theirs

UNITS = {"asked": "processes", "static": "processes", "named": "processes"}
COUNT = "/run/iscsiadm.count"
WRAPPER = "/usr/local/sbin/iscsiadm"


def cases() -> Iterator[Case]:
    for size in SIZES:
        san = san_of(size)
        calm()
        connected(san)
        # The same every time.
        yield Case(
            size, Subject("linuxsan.host", lambda san=san: by_ours(san)), [Subject("community.general.open_iscsi", lambda san=san: by_theirs(san))], UNITS, 1
        )
        sh(f"rm -f {WRAPPER} {COUNT}")


def by_ours(san: San) -> dict:
    forms = {
        "asked": {"portals": [PORTALS[0][0]]},
        "static": {"portals": list(san.portals), "targets": list(san.targets), "discovery": "static"},
        "named": {"targets": list(san.targets)},
    }
    return {name: counted(lambda options=options: unchanged(ours(**options)[1])) for name, options in forms.items()}


def by_theirs(san: San) -> dict:
    figure = counted(lambda: theirs([{"target": name} for name in san.targets]))
    calm(sessions=True)
    return dict.fromkeys(UNITS, figure)


def unchanged(result: dict) -> None:
    if result["changed"]:
        raise Failed(f"it changed something: {result['actions']}")


def counted(work) -> int:
    sh(f"printf '#!/bin/sh\\necho >> {COUNT}\\nexec /usr/sbin/iscsiadm \"$@\"\\n' > {WRAPPER}; chmod 755 {WRAPPER}; : > {COUNT}")
    work()
    said = sh(f"wc -l < {COUNT}; rm -f {WRAPPER}")[1]
    return int(said)
