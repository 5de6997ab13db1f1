# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for new and grown LUNs of sessions, of many at a time; one that fails keeps no other from it."""

from __future__ import annotations

import time

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import Failure
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import raise_for
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe

# At a time: each is a process that waits for its target.
RESCANS = 16
# What each has, however late it is.
LEAST_SECONDS = 1


def rescan(iscsiadm, wanted, sessions, deadline):
    """Rescan those of the wanted sessions that are up -> tuple of Failure of the others, which cannot be asked.

    sessions: of the host, now. deadline: of time.monotonic(). Raises SanError when all are done, naming every session that could not be rescanned.
    """
    states = {session.sid: session.state for session in sessions}
    up = {session.sid for session in sessions if session.logged_in}
    waiting = [session for session in wanted if session.sid in up]
    errors = []
    while waiting:
        batch, waiting = waiting[:RESCANS], waiting[RESCANS:]
        started = [(session, iscsiadm.start_rescan(session.sid)) for session in batch]
        errors.extend(filter(None, [_error(session, process, deadline) for session, process in started]))
    if errors:
        raise SanError(" ".join(errors))
    return tuple(
        Failure(str(session.portal), session.target, f"not rescanned, for the session is {states.get(session.sid, 'gone')}", None)
        for session in wanted
        if session.sid not in up
    )


def _error(session, process, deadline):
    """What went wrong, in words, or None."""
    try:
        raise_for(f"session {session.sid} ({describe(session)}): rescan", process.finish(max(LEAST_SECONDS, deadline - time.monotonic())))
    except SanError as error:
        return str(error)
    return None
