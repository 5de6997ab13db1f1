"""One case of a bench: ours and its peers run in turn, and the rows that come of it."""

from __future__ import annotations

import os
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import Callable, Mapping, Optional, Sequence

# The fewest runs whose median is worth a word.
RUNS = 5


class Failed(Exception):
    """What is measured did not do what it was asked for; the words say why."""


@dataclass(frozen=True)
class Subject:
    """What is measured.

    run: does the work once and returns {metric: value}; it prepares before and looks at the outcome after what it
    measures, and raises Failed when the outcome is not what was asked for.
    """

    name: str
    run: Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class Case:
    """The same work for ours and each peer. size: how much of it; units: {metric: unit}, smaller values are better."""

    size: int
    ours: Subject
    peers: Sequence[Subject]
    units: Mapping[str, str]
    runs: int = RUNS


def rows_of(bench: str, case: Case) -> list[dict]:
    """Run a case and return a row per peer and metric, in the form of build/bench/results.json.

    ratio is ours / peer. Every other round goes backwards, so that neither always runs after the other. A peer that failed
    has no figures, and its row says why. Raises Failed when ours did.
    """
    subjects = [case.ours, *case.peers]
    values, failures = defaultdict(list), {}
    for turn in range(case.runs):
        for subject in subjects if turn % 2 == 0 else subjects[::-1]:
            if subject.name in failures:
                continue
            try:
                for metric, value in subject.run().items():
                    values[subject.name, metric].append(value)
            except Failed as error:
                if subject is case.ours:
                    raise
                failures[subject.name] = str(error)
    return [_row(bench, case, peer.name, metric, values, failures.get(peer.name)) for peer in case.peers for metric in case.units]


def _row(bench: str, case: Case, peer: str, metric: str, values: Mapping, failure: Optional[str]) -> dict:
    ours, theirs = values[case.ours.name, metric], values[peer, metric] if failure is None else []
    row = {"bench": bench, "size": case.size, "ours": case.ours.name, "peer": peer, "metric": metric, "unit": case.units[metric]}
    row.update(_figures("ours", ours), **_figures("peer", theirs))
    comparable = theirs and row["peer_median"]
    return {**row, "ratio": row["ours_median"] / row["peer_median"] if comparable else None, "runs": len(ours), "peer_failed": failure}


def _figures(whose: str, values: Sequence[float]) -> dict:
    found = {"median": median, "min": min, "max": max}
    return {f"{whose}_{name}": figure(values) if values else None for name, figure in found.items()}


def timed(argv: Sequence[str], env: Optional[Mapping[str, str]] = None) -> tuple[dict, str]:
    """Run a program to its end: ({"elapsed": s, "cpu": s of it and its children}, what it said). Raises Failed on a bad exit status."""
    started = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(env or {})})
    said = process.stdout.read()
    pid, status, usage = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if pid != process.pid or process.returncode != 0:
        raise Failed(f"{argv[0]}: exit status {process.returncode}: {said.strip()[-500:]}")
    return {"elapsed": elapsed, "cpu": usage.ru_utime + usage.ru_stime}, said
