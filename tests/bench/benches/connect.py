"""Log in to 2, 16 and 64 sessions (targets of 4 portals), from the same records, until the disks are there.

Peers: bare `iscsiadm -m node -l`; one call of it per portal, as the white paper has it; community.general.open_iscsi; os-brick's connector.
"""

from __future__ import annotations

from typing import Iterator

import brick
from measure import Case, Subject
from san import SIZES, San, calm, expect, ours, san_of, sh, theirs

UNITS = {"elapsed": "s"}


def cases() -> Iterator[Case]:
    for size in SIZES:
        san = san_of(size)
        yield Case(
            size,
            # As the peer it goes by the records, and asks nobody.
            Subject("linuxsan.host", lambda san=san: measured(san, lambda: ours(targets=list(san.targets), min_portals="all"))),
            [
                Subject("iscsiadm -m node -l", lambda san=san: measured(san, lambda: sh("iscsiadm -m node -l"))),
                Subject("iscsiadm per portal", lambda san=san: measured(san, lambda: sh(per_portal(san)))),
                Subject("community.general.open_iscsi", lambda san=san: measured(san, lambda: theirs([{"target": name} for name in san.targets]))),
                Subject("os-brick", lambda san=san: measured(san, lambda: brick.connect(san))),
            ],
            UNITS,
        )


def measured(san: San, work) -> dict:
    """Once, from no session to all of them."""
    calm()
    elapsed, said = work()
    expect(san.size)
    return {"elapsed": elapsed}


def per_portal(san: San) -> str:
    return "set -e\n" + "\n".join(f"iscsiadm -m node -T {target} -p {address} -l" for target, address in san.pairs)
