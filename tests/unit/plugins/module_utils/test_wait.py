# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends with the condition or the bound."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _wait
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves."""
    now = [0.0]
    monkeypatch.setattr(_wait.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_wait.time, "process_time", lambda: 0)
    monkeypatch.setattr(_wait.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def test_a_true_condition_is_returned_at_once(clock):
    assert _wait.wait_until(lambda: "sdb", timeout=30) == "sdb"
    assert clock[0] == 0


def test_the_bound_ends_it_with_the_last_value(clock):
    assert _wait.wait_until(list, timeout=3, interval=1) == []
    assert clock[0] == 3


def test_no_time_still_asks_once(clock):
    assert _wait.wait_until(lambda: True, timeout=0)


def test_it_asks_until_true(clock):
    answers = itertools.chain([False, False], itertools.repeat("LOGGED_IN"))
    assert _wait.wait_until(lambda: next(answers), timeout=10, interval=1) == "LOGGED_IN"
    assert clock[0] == 2


def test_what_is_left_at_the_bound_is_returned(clock):
    answers = iter([("qsan", "data"), ("data",), ("data",)])
    assert _wait.wait_until_none(lambda: next(answers), timeout=2, interval=1) == ("data",)
    assert clock[0] == 2


def test_nothing_left_ends_it(clock):
    answers = iter([("qsan",), ()])
    assert _wait.wait_until_none(lambda: next(answers), timeout=10, interval=1) == ()
    assert clock[0] == 1


def test_a_look_that_is_much_work_is_followed_by_a_rest(clock, monkeypatch):
    spent = itertools.count(0, 2)
    monkeypatch.setattr(_wait.time, "process_time", lambda: next(spent))
    answers = iter([False, False, False, True])
    assert _wait.wait_until(lambda: next(answers), timeout=50, interval=1)
    # Twice the rest of 2 s of work, and then what is left.
    assert clock[0] == 50


@pytest.mark.parametrize(("seconds", "least"), [(0, 0), (0.5, 0), (1, 1), (600, 1)])
def test_a_timeout_is_taken(seconds, least):
    _wait.check_timeout(seconds, least)


@pytest.mark.parametrize(("seconds", "least"), [(-1, 0), (-0.1, 0), (float("nan"), 0), (float("inf"), 0), (0, 1)])
def test_a_timeout_that_bounds_nothing_is_refused(seconds, least):
    with pytest.raises(SanError, match=f"timeout: {seconds:g} is not a number of seconds from {least} on"):
        _wait.check_timeout(seconds, least)
