# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a condition, with a bound."""

from __future__ import annotations

import math
import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# After so much work on a look it rests so many times as long: what is waited for needs the processor, and on a host of one CPU it is the same one.
# The time that passes on a busy one is no work.
REST = 9


def check_timeout(seconds, least=0):
    """Raises SanError for a timeout that bounds nothing, or is less than least seconds."""
    if not math.isfinite(seconds) or seconds < least:
        raise SanError(f"timeout: {seconds:g} is not a number of seconds from {least} on. Give the seconds that it may take; nothing was changed.")


def wait_until(condition, timeout, interval=0.1):
    """Ask condition() until it is true or timeout seconds have passed. Returns its last value.

    The first question comes at once, the last one after the bound, so that a slow host is not judged too early.
    """
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() >= deadline
        value, work = timed(condition)
        if value or late:
            return value
        time.sleep(max(interval, min(REST * work, deadline - time.monotonic())))


def timed(work):
    """-> (what it gives, seconds of work, those of other processes not among them)"""
    began = time.process_time()
    return work(), time.process_time() - began


def wait_until_none(remaining, timeout, interval=0.1):
    """Ask remaining(), which returns what is not yet as it should be, as wait_until does until that is empty. Returns the last answer."""
    last = ()

    def done():
        nonlocal last
        last = remaining()
        return not last

    wait_until(done, timeout, interval)
    return last
