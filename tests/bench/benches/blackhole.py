"""Connect to a target of 4 portals, one of which drops every packet: until 3 sessions and their disks are there and it has ended.

Peers: bare `iscsiadm -m node -l`, and community.general.open_iscsi. iscsid goes on trying for two minutes, whoever asked.
"""

from __future__ import annotations

from typing import Iterator

from measure import Case, Failed, Subject
from san import PORTALS, calm, expect, ours, san_of, sh, theirs

UNITS = {"elapsed": "s"}
SIZE = len(PORTALS)


def cases() -> Iterator[Case]:
    san = san_of(SIZE, fault="blackhole")
    yield Case(
        SIZE,
        Subject("linuxsan.host", by_ours),
        [
            Subject("iscsiadm -m node -l", lambda: measured(lambda: sh("iscsiadm -m node -l", status=None))),
            Subject("community.general.open_iscsi", lambda: measured(lambda: theirs([{"target": name} for name in san.targets]))),
        ],
        UNITS,
    )


def measured(work) -> dict:
    calm()
    elapsed, said = work()
    expect(SIZE - 1)
    return {"elapsed": elapsed}


def by_ours() -> dict:
    calm()
    elapsed, result = ours(portals=[PORTALS[0][0]])
    expect(SIZE - 1)
    named = [(each["portal"], each["status"]) for each in result["failed_portals"]]
    if named != [(f"{PORTALS[-1][0]}:3260", "ISCSI_ERR_TRANS_TIMEOUT")]:
        raise Failed(f"the failed portals are told as {named}")
    return {"elapsed": elapsed}
