# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from the node records and sessions that a host has to those that it should have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.asked_text import STARTUP
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node, describe
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.settings_text import KINDS, same_value
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

NR_SESSIONS = "node.session.nr_sessions"
AUTH = "node.session.auth."
# What the kernel shows of a live session's CHAP -> the key of the record.
LIVE_LOGIN = {name: AUTH + name for name in ("username", "password", "username_in", "password_in")}
NOTHING = "-"


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    state: connected, present, disconnected or absent. nodes: of connected and present. keys: (target, portal, iface) of what goes away.
    values: record key -> str, Secret, or None to clear it. exclusive: whatever else the host has goes away.
    """

    state: str
    nodes: Tuple[Node, ...] = ()
    keys: frozenset = frozenset()
    values: dict = field(default_factory=dict)
    exclusive: bool = False
    rescan: bool = False


def plan_nodes(wanted, records, sessions):
    """-> tuple of Step, in the order in which they are safe: what goes away first, logins last."""
    if wanted.state == "disconnected":
        return _logouts(session for session in sessions if session.key in wanted.keys)
    if wanted.state == "absent":
        return _removal(wanted.keys, records, sessions)
    steps = list(_record_steps(wanted, records))
    if wanted.exclusive:
        listed = {node.key for node in wanted.nodes}
        others = {each.key for each in (*records, *sessions)} - listed
        steps = [*_removal(others, records, sessions), *steps]
    if wanted.state == "connected":
        steps.extend(_session_steps(wanted, records, sessions))
    return tuple(steps)


def plan_session(sid, sessions):
    """Log out of one session."""
    return _logouts(session for session in sessions if session.sid == sid)


def changes_of(values, wanted):
    """Of the wanted values those that open-iscsi would take for others."""
    return {key: value for key, value in wanted.items() if not _same(key, values.get(key), value)}


def plan_discovery(name, kind, wanted, record):
    """The steps for the record of one discovery portal. record: the one there is, or None; wanted: its values."""
    if not wanted:
        return ()
    if record is None or record.broken:
        shown = {key: value for key, value in wanted.items() if value is not None}
        before = f"unreadable ({record.broken})" if record else None
        return (Step("create", f"discovery record {name}", before, _line(shown), (kind, name, wanted, record)),)
    changes = changes_of(record.values, wanted)
    if not changes:
        return ()
    return (Step("update", f"discovery record {name}", _line(record.values, changes), _line(changes), (kind, name, changes, record)),)


def differs_live(session, values):
    """True when a session was logged in with another CHAP name or secret than these values say."""
    return any(_live_differs(getattr(session.login, name), values[key]) for name, key in LIVE_LOGIN.items() if key in values)


def _live_differs(live, wanted):
    # The kernel may hide a secret; a name is always shown.
    if isinstance(wanted, Secret) and live is None:
        return False
    return live != wanted


def _record_steps(wanted, records):
    by_key = {}
    for record in records:
        by_key.setdefault(record.key, []).append(record)
    for node in wanted.nodes:
        good = None
        for record in by_key.get(node.key, ()):
            if record.broken is None and good is None and node.tpgt in (None, record.tpgt) or _untagged(record, good):
                good = record
            else:
                yield _delete(record, record.broken or f"portal group {record.tpgt}")
        if good is None:
            shown = {key: value for key, value in wanted.values.items() if value is not None}
            yield Step("create", f"node record {node}", None, _line(shown) or "as in iscsid.conf", (node, wanted.values))
        elif changes_of(good.values, wanted.values):
            changes = changes_of(good.values, wanted.values)
            yield Step("update", f"node record {node}", _line(good.values, changes), _line(changes), (good, changes))


def _untagged(record, good):
    # A record without a portal group tag fits any.
    return record.broken is None and good is None and record.tpgt is None


def _session_steps(wanted, records, sessions):
    by_key = {}
    for session in sessions:
        by_key.setdefault(session.key, []).append(session)
    counts = {record.key: record.values.get(NR_SESSIONS, "1") for record in records}
    for node in wanted.nodes:
        present = by_key.get(node.key, ())
        for session in present:
            if differs_live(session, wanted.values):
                yield Step("relogin", f"session {node}", "with the CHAP values of its login", "with those of its record", (node, session))
        count = int(wanted.values.get(NR_SESSIONS) or counts.get(node.key, "1"))
        if len(present) < count:
            yield Step("login", f"session {node}", NOTHING if not present else f"{len(present)} of {count}", "LOGGED_IN", node)
    if wanted.rescan:
        listed = {node.key for node in wanted.nodes}
        yield from (Step("rescan", f"session {describe(session)}", None, None, session) for session in sessions if session.key in listed)


def _removal(keys, records, sessions):
    return (
        *_logouts(session for session in sessions if session.key in keys),
        *(_delete(record, record.broken or _line(record.values, STARTUP[:1]) or "there") for record in records if record.key in keys),
    )


def _logouts(sessions):
    return tuple(Step("logout", f"session {describe(session)}", session.state, NOTHING, session) for session in sessions)


def _delete(record, before):
    return Step("delete", f"node record {describe(record)}", before, None, record)


def _same(key, one, other):
    if isinstance(one, str) and isinstance(other, str) and key in KINDS:
        return same_value(key, one, other)
    return (one or None) == (other or None)


def _line(values, keys=None):
    shown = values if keys is None else {key: values.get(key) for key in keys}
    return ", ".join(f"{key}={value if value is not None else NOTHING}" for key, value in shown.items()) or None
