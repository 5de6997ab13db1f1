# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps from the node records and sessions that a host has to those that it should have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.asked_text import STARTUP
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Node, describe, targets_behind, targets_shown_by
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

NR_SESSIONS = "node.session.nr_sessions"
AUTH = "node.session.auth."
# What the kernel shows of a live session's CHAP -> the key of the record.
LIVE_LOGIN = {name: AUTH + name for name in ("username", "password", "username_in", "password_in")}
NOTHING = "-"
# What goes away first, logins last; all of one kind together, because they are done together.
# Not among them: "forget", of a discovery record, which is the last of all.
ORDER = ("logout", "delete", "create", "retire", "update", "relogin", "login", "rescan")


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    state: connected, present, disconnected or absent. nodes: of connected and present. keys: (target, portal, iface) of what goes away.
    values: record key -> str, Secret, or None to clear it. exclusive: whatever else the host has goes away.
    partial: not every portal was heard, so that a portal may be advertised in more groups than those of its node.
    """

    state: str
    nodes: Tuple[Node, ...] = ()
    keys: frozenset = frozenset()
    values: dict = field(default_factory=dict)
    exclusive: bool = False
    rescan: bool = False
    partial: bool = False


def plan_nodes(wanted, records, sessions):
    """-> tuple of Step, in the order in which they are done."""
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
    return tuple(sorted(steps, key=lambda step: ORDER.index(step.verb)))


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


def plan_forget(portals, discoveries, left, partly):
    """The steps to remove the records of sendtargets portals that hold a secret, when nothing is left that was found there.

    left: the node records that stay. partly: not all that the portals show goes, so that each of left may have been found there.
    """
    for record in discoveries:
        portal = next((portal for portal in portals if str(portal) == record.name), None)
        secret = any(isinstance(value, Secret) for value in record.values.values())
        if (
            portal
            and secret
            and record.kind == "sendtargets"
            and not (left if partly else targets_behind((portal,), left, ()) | targets_shown_by(portal, left))
        ):
            yield Step("forget", f"discovery record {record.name}", "with CHAP", None, record)


def differs_live(session, values):
    """True when a session was logged in with another CHAP name or secret than these values say."""
    return any(_live_differs(getattr(session.login, name), values[key]) for name, key in LIVE_LOGIN.items() if key in values)


def _live_differs(live, wanted):
    # The kernel may hide a secret; a name is always shown.
    if isinstance(wanted, Secret) and live is None:
        return False
    return live != wanted


def by_key(several):
    """Records or sessions -> dict of key and list."""
    found = {}
    for each in several:
        found.setdefault(each.key, []).append(each)
    return found


def sort_records(node, records):
    """The records with the key of a node -> (those that serve it, pairs of a record that does not and why).

    A portal can be advertised in several groups, each with a record of its own. One without a group serves when there is no other.
    """
    serving, wrong = [], []
    for record in sorted(records, key=lambda record: record.tpgt is None):
        if record.broken is not None:
            wrong.append((record, record.broken))
        elif serving if record.tpgt is None else node.tags and record.tpgt not in node.tags:
            wrong.append((record, _group(record)))
        else:
            serving.append(record)
    return tuple(serving), tuple(wrong)


def nr_sessions(values):
    """How many sessions a record asks for, by its values; 1 when it does not say so in digits."""
    text = values.get(NR_SESSIONS, "1")
    return int(text) if text.isascii() and text.isdigit() else 1


def session_counts(wanted, records):
    """How many sessions each node is to have -> dict of its key and a number: nr_sessions as asked for, or of the records that stay or are copied."""
    mine = by_key(records)
    counts = {}
    for node in wanted.nodes:
        serving, wrong = sort_records(node, mine.get(node.key, ()))
        values = [record.values for record in serving or _copied(wrong)]
        values = [wanted.values] if NR_SESSIONS in wanted.values else values
        counts[node.key] = max(map(nr_sessions, values), default=1)
    return counts


def _copied(wrong):
    """The record whose CHAP and settings a new one takes over, since its portal has moved to another group or it says another place than its own.

    A list of it, or of none.
    """
    return sorted((record for record, reason in wrong if record.broken is None or record.values), key=_is_broken)[:1]


def _record_steps(wanted, records):
    mine = by_key(records)
    for node in wanted.nodes:
        serving, wrong = sort_records(node, mine.get(node.key, ()))
        old = None if serving else next(iter(_copied(wrong)), None)
        # The new record takes the place of the old one.
        same = old is not None and old.broken is not None and (old.address, old.tpgt) == (node.address, node.tpgt)
        for record, reason in wrong:
            if record is old and same:
                continue
            if record.broken is not None and record is not old:
                yield _delete(record, reason)
            elif record.broken is not None or not wanted.partial:
                yield Step("retire", f"node record {describe(record)}", reason, None, record)
        if not serving:
            shown = {key: value for key, value in wanted.values.items() if value is not None}
            like = (f"as in {_group(old)}" if old.broken is None else "with its old values") if old else None if shown else "as in iscsid.conf"
            after = ", ".join(filter(None, (_line(shown), like)))
            yield Step("create", f"node record {node}", old.broken if same else None, after, (node, wanted.values, old))
        for record in serving:
            changes = changes_of(record.values, wanted.values)
            if changes:
                yield Step("update", f"node record {node}", _line(record.values, changes), _line(changes), (record, changes))


def _session_steps(wanted, records, sessions):
    mine, counts = by_key(sessions), session_counts(wanted, records)
    for node in wanted.nodes:
        present = mine.get(node.key, ())
        for session in present:
            if differs_live(session, wanted.values):
                yield Step("relogin", f"session {node}", "with the CHAP values of its login", "with those of its record", (node, session))
        if len(present) < counts[node.key]:
            yield Step("login", f"session {node}", f"{len(present)} of {counts[node.key]}" if present else NOTHING, "LOGGED_IN", node)
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


def _group(record):
    return f"portal group {NOTHING if record.tpgt is None else record.tpgt}"


def _is_broken(record):
    return record.broken is not None


def _delete(record, before):
    return Step("delete", f"node record {describe(record)}", before, None, record)


def _same(key, one, other):
    if (one or None) == (other or None):
        return True
    # Two texts can be one value. The table that says so is loaded when it is asked.
    from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.settings_text import KINDS, same_value

    return isinstance(one, str) and isinstance(other, str) and key in KINDS and same_value(key, one, other)


def _line(values, keys=None):
    shown = values if keys is None else {key: values.get(key) for key in keys}
    return ", ".join(f"{key}={value if value is not None else NOTHING}" for key, value in shown.items()) or None
