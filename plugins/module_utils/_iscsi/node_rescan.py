# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for new and grown LUNs of sessions, of many at a time; one that fails keeps no other from it."""

from __future__ import annotations

import time

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import failure_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import raise_for, side_by_side
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe

# What one has, however late it is.
LEAST_SECONDS = 5


def rescan(iscsiadm, wanted, sessions, deadline):
    """Rescan those of the wanted sessions that are up -> (tuple of Failure of the others, which cannot be asked; tuple of Failure of what went wrong).

    sessions: of the host, now. deadline: of time.monotonic().
    """
    up = {session.sid for session in sessions if session.logged_in}

    def start(session):
        return iscsiadm.start_rescan(session.sid), max(deadline, time.monotonic() + LEAST_SECONDS)

    asked = side_by_side([session for session in wanted if session.sid in up], start)
    errors = [(session, _error(session, process, bound)) for session, (process, bound) in asked]
    return left_out(wanted, sessions), tuple(failure_of(session, reason) for session, reason in errors if reason)


def left_out(wanted, sessions):
    """Those of the wanted sessions that are not up -> tuple of Failure."""
    states = {session.sid: session.state for session in sessions}
    up = {session.sid for session in sessions if session.logged_in}
    down = (session for session in wanted if session.sid not in up)
    return tuple(failure_of(session, f"not rescanned, for the session is {states.get(session.sid, 'gone')}") for session in down)


def _error(session, process, bound):
    """What went wrong, in words, or None."""
    what = f"session {session.sid} ({describe(session)}): rescan"
    try:
        raise_for(what, process.finish(max(0, bound - time.monotonic())))
    except CommandTimeout as error:
        return f"{what}: did not end within the timeout; it had said: {error.said}. Look for a LUN that does not answer."
    except SanError as error:
        return str(error)
    return None
