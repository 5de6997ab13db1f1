# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions beyond those that a record asks for, as `iscsiadm -m session -r SID -o new` makes them, or a lowered nr_sessions leaves them.

counts: key of a node -> sessions that it is to have.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import NR_SESSIONS, by_key
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe

MEND = f"Log out of those that are too many (state=disconnected with session_id), or give a higher {NR_SESSIONS} in settings"


def surplus(counts, sessions):
    """Nodes with more sessions than they are to have -> dict of key and words."""
    mine = {key: found for key, found in by_key(sessions).items() if len(found) > counts.get(key, len(found))}
    return {key: _words(found, counts[key]) for key, found in mine.items()}


def check_comes_back(nodes, counts, sessions):
    """Raise SanError when a session of these nodes that is logged out would not be logged in again.

    open-iscsi counts the sessions that are there, up or not, and makes only those that miss (usr/session_mgmt.c, iscsi_login_portal).
    """
    stuck = [words for key, words in surplus(counts, sessions).items() if key in {node.key for node in nodes}]
    if stuck:
        raise SanError(
            f"CHAP: a session is logged out to use its new values, and open-iscsi would not log it in again: {'; '.join(stuck)}. "
            f"None of these was logged out. {MEND}, and run again."
        )


def _words(sessions, count):
    sids = ", ".join(str(session.sid) for session in sessions)
    return f"session {describe(sessions[0])}: there are {len(sessions)} (sid {sids}), and {NR_SESSIONS} is {count}"
