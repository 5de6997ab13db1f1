# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was found and what came up is what was asked for."""

from __future__ import annotations

from collections import Counter

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import failure_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import unmatched

ADVICE = {
    "ISCSI_ERR_LOGIN_AUTH_FAILED": "Compare the CHAP user name and secret, and this host's initiator name, with what the target has for it.",
    "ISCSI_ERR_LOGIN": "See on the target whether this host's initiator name may use it.",
    "ISCSI_ERR_FATAL_LOGIN": "Compare what the target has to show in CHAP (username_in, password_in), and see on it whether this host may use it.",
    "ISCSI_ERR_TRANS": "Look at the address, the network and the target.",
    "ISCSI_ERR_TRANS_TIMEOUT": "Look at the address, the network and the target.",
}
OTHER_ADVICE = "Look at the journal of iscsid and at the target."


def check_selection(asked, nodes, found, failures):
    """Raise SanError when nothing, or not all that is named, was found.

    nodes: what is meant of found. found: what was advertised or, without portals to ask, what the host has.
    """
    facts = {"failed_portals": [failure_facts(failure) for failure in failures]}
    asked_at = ", ".join(map(str, asked.portals))
    reasons = "; ".join(f"portal {failure.portal}: {failure.reason}" for failure in failures)
    if asked.portals and not found and failures and not nodes:
        raise SanError(f"discovery: no portal answered: {reasons}. {_advice(failures)}", **facts)
    if asked.portals and not found and not failures:
        raise SanError(f"discovery: {asked_at} shows no target to this host. Let this host's initiator name in on the target and run again.", **facts)
    where = f"at {asked_at}" if asked.portals else "among the node records and sessions of this host"
    missing = unmatched(asked.choice.patterns, {node.target for node in nodes})
    if missing and not (failures and nodes):
        there = [each for each in found if not unmatched(missing[:1], {each.target})]
        words = _left_out(asked.choice, there, where) if there else _not_found(found, where, reasons)
        raise SanError(f"target {missing[0]}: {words}", **facts)
    if not nodes:
        raise SanError(f"target_portals: none of the portals that were found is among them ({_portals(found)}). Correct target_portals or targets.", **facts)


def _not_found(found, where, reasons):
    there = ", ".join(sorted({each.target for each in found})) or "none"
    return f"not found {where} (there: {there}{f'; {reasons}' if reasons else ''}). Correct the name, or give portals to ask."


def _left_out(choice, there, where):
    """Which option leaves out what there is of a target."""
    admitted = [each for each in there if choice.takes(each.target, each.portal)]
    if admitted:
        ifaces = ", ".join(sorted({each.iface for each in admitted}))
        return f"ifaces leaves out every interface by which it is {where} ({ifaces}). Correct ifaces, or give portals to ask."
    return f"target_portals leaves out every portal of it {where} ({_portals(there)}). Correct target_portals or targets."


def _portals(several):
    return ", ".join(sorted({str(each.portal) for each in several}))


def check_outcome(counts, missing, dead, up, failures, least, facts):
    """Raise SanError when a target has fewer sessions than asked for, or none of a name was found.

    counts: key of a node -> how many sessions it is to have. missing: names and patterns of targets that nobody shows.
    dead: portals that told nothing and have no session, where all are to count. up: key -> how many sessions it has.
    least: a number for each target, None for all.
    """
    have, whole = Counter(), Counter()
    for key, count in counts.items():
        have[key[0]] += up[key]
        whole[key[0]] += count
    needed = {target: count if least is None else least for target, count in whole.items()}
    short = [f"target {target}: {have[target]} of {count} sessions" for target, count in needed.items() if have[target] < count]
    short += [f"target {pattern}: not found" for pattern in missing if least != 0]
    # What such a portal would show is a path of one of the targets, or of another one.
    short += [f"portal {portal}: no session" for portal in dead]
    if short:
        places = ((failure, f"of {failure.target}: login" if failure.target else "at discovery") for failure in failures)
        reasons = "; ".join(f"portal {failure.portal} {place}: {failure.reason}" for failure, place in places)
        # Without a failure all portals were found.
        too_many = not failures and any(whole[target] < count for target, count in needed.items())
        advice = "Lower min_portals, or have the target show more portals to this host." if too_many else _advice(failures)
        raise SanError(f"{'; '.join(short)}: {reasons or 'no portal failed, but there are not as many'}. {advice}", **facts)


def logged_in(sessions):
    """How many sessions of each key are up -> Counter."""
    return Counter(session.key for session in sessions if session.logged_in)


def without_session(portals, nodes, up, sessions, addresses):
    """Those of the portals at which no session is up -> tuple.

    nodes, up: what is meant, and key -> how many sessions it has. sessions: of the host. addresses: as spelling_plan has them.
    """
    # Loaded where a portal is silent: a host compiles our code at every run.
    from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import portals_at

    there = [*(session for session in sessions if session.logged_in), *(node for node in nodes if up[node.key])]
    used = {each.portal for each in there}
    return tuple(portal for portal in portals if not used.intersection(portals_at((portal,), (), there, addresses)))


def foretold(counts, steps, sessions):
    """How many sessions each key will have -> Counter. steps: that can be done. sessions: as they are; open-iscsi brings one back that is down."""
    logins = {step.args.key for step in steps if step.verb == "login"}
    present = Counter(session.key for session in sessions)
    return Counter({key: count if key in logins else present[key] for key, count in counts.items()})


def done_of(steps, failures, before, after):
    """The steps that were done: not a login that brought no session, a relogin at a portal that was not reached, nor a rescan of a session that is down.

    failures: of the portals of targets. before, after: sessions of the host.
    """
    failed = {failure.place for failure in failures}
    known = {session.sid for session in before}
    new = {session.key for session in after if session.sid not in known}
    up = {session.sid for session in after if session.logged_in}

    def is_done(step):
        if step.verb == "login":
            return step.args.key in new or _place(step.args) not in failed
        if step.verb == "rescan":
            return step.args.sid in up or _place(step.args) not in failed
        return step.verb != "relogin" or _place(step.args[0]) not in failed

    return tuple(step for step in steps if is_done(step))


def _place(node):
    """As in Failure."""
    return node.target, str(node.portal), node.iface


def _advice(failures):
    return " ".join(dict.fromkeys(ADVICE.get(failure.status, OTHER_ADVICE) for failure in failures)) or OTHER_ADVICE
