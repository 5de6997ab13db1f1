"""The rows of a benchmark: what is compared with what, and what a failure leaves."""

from __future__ import annotations

import sys

import pytest
from measure import Case, Failed, Subject, rows_of, timed


def subject(name, values, calls):
    """A Subject that gives the values in turn, and fails on a text."""
    given = iter(values)

    def run():
        calls.append(name)
        value = next(given)
        if isinstance(value, str):
            raise Failed(value)
        return {"elapsed": value}

    return Subject(name, run)


def test_rows():
    calls = []
    case = Case(7, subject("a", [1, 9, 2], calls), [subject("b", [4, 5, 3], calls)], {"elapsed": "s"}, runs=3)
    assert rows_of("x", case) == [
        {
            **{"bench": "x", "size": 7, "ours": "a", "peer": "b", "metric": "elapsed", "unit": "s", "runs": 3},
            **{"ours_median": 2, "ours_min": 1, "ours_max": 9, "peer_median": 4, "peer_min": 3, "peer_max": 5},
            **{"ratio": 0.5, "peer_failed": None},
        }
    ]
    assert calls == ["a", "b", "b", "a", "a", "b"]


def test_peer_that_fails():
    calls = []
    case = Case(7, subject("a", [1, 1], calls), [subject("b", [4, "no such lens"], calls)], {"elapsed": "s"}, runs=2)
    (row,) = rows_of("x", case)
    assert (row["ours_median"], row["peer_median"], row["ratio"], row["peer_failed"]) == (1, None, None, "no such lens")


def test_ours_that_fails():
    with pytest.raises(Failed, match="not connected"):
        rows_of("x", Case(7, subject("a", ["not connected"], []), [], {"elapsed": "s"}, runs=1))


def test_time_of_a_program():
    figures, said = timed([sys.executable, "-c", "print(sum(range(10**6)))"])
    assert said == "499999500000\n"
    assert min(figures.values()) > 0


def test_program_that_fails():
    with pytest.raises(Failed, match="exit status 3: sorry"):
        timed([sys.executable, "-c", "print('sorry'); raise SystemExit(3)"])
