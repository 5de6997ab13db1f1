"""Measures ours beside what others use: tests/bench/run [NAME...], every bench when none is named.

A bench is a file in benches/ and has its name. Its `cases()` yields Case records (measure.py). What was measured goes to
build/bench/results.json after each case, beside the rows of the benches that were not run. Exit status 1 when ours failed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

from measure import Failed, rows_of

HERE = Path(__file__).resolve().parent
RESULTS = Path(os.environ.get("LINUXSAN_BENCH_DIR") or HERE.parents[1] / "build/bench").absolute() / "results.json"


def main() -> int:
    known = sorted(file.stem for file in (HERE / "benches").glob("[a-z]*.py"))
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*known, []], help=f"one of {', '.join(known)}")
    names = parser.parse_args().names or known
    failed = [name for name in names if not run(name)]
    print(f"\n{RESULTS}")
    return 1 if failed else 0


def run(name: str) -> bool:
    """Measure one bench; False when ours failed in a case."""
    rows, well = [], True
    try:
        for case in importlib.import_module(f"benches.{name}").cases():
            try:
                found = rows_of(name, case)
            except Failed as error:
                well = complain(f"{name} {case.size}: {error}")
                continue
            rows += found
            store(name, rows)
            for row in found:
                print(shown(row), flush=True)
    except Failed as error:
        well = complain(f"{name}: {error}")
    return well


def complain(words: str) -> bool:
    print(f"\n{words}", file=sys.stderr, flush=True)
    return False


def store(name: str, rows: list[dict]) -> None:
    """Put the rows of a bench in the place of those it had."""
    kept = json.loads(RESULTS.read_text())["results"] if RESULTS.exists() else []
    results = [row for row in kept if row["bench"] != name] + rows
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    written = RESULTS.with_suffix(".new")
    written.write_text(json.dumps({"results": results}, indent=1) + "\n")
    written.replace(RESULTS)


def shown(row: dict) -> str:
    """A row as a line for people."""
    beside = f"{row['peer']} failed: {row['peer_failed']}"
    if row["peer_failed"] is None:
        beside = f"{row['peer']} {row['peer_median']:.4g} (ratio {row['ratio'] if row['ratio'] is None else round(row['ratio'], 3)})"
    return f"{row['bench']} {row['size']}: {row['metric']} in {row['unit']}: {row['ours']} {row['ours_median']:.4g}, {beside}"


if __name__ == "__main__":
    sys.exit(main())
