# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes an iscsi_node task means: asked of the portals, or chosen among what the host knows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_discoveries, read_ifaces
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import Failure, discover
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import plan_discovery
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.outcome_plan import check_selection
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import is_name
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, DEFAULT_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import (
    Choice,
    known_keys,
    known_tags,
    nodes_of_found,
    nodes_of_known,
    targets_behind,
    targets_shown_by,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import daemon_listens
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class Finding:
    """nodes: what is meant. keys: of what goes away. first: steps for the records of discovery portals, done already when live.

    guess: a step in the place of all others when nobody could be asked. failures: portals that did not answer; bare: those that show no target.
    unmade: named interfaces that are not there yet, in a prediction. lost: portals that did not answer and of which nothing is known.
    """

    nodes: tuple = ()
    keys: frozenset = frozenset()
    first: Tuple[Step, ...] = ()
    guess: Tuple[Step, ...] = ()
    failures: tuple = ()
    bare: tuple = ()
    warnings: Tuple[str, ...] = ()
    unmade: Tuple[str, ...] = ()
    lost: tuple = ()


class Find:
    """asked: of asked_text. iscsiadm: its tool. make_records: gives a Records; None to change nothing. probe: as in discover_tool."""

    def __init__(self, asked, root, proc, deadline, iscsiadm, make_records, probe):
        self._asked = asked
        self._root = root
        self._proc = proc
        self._deadline = deadline
        self._iscsiadm = iscsiadm
        self._make_records = make_records
        self._probe = probe
        self._unmade = ()

    def find(self, records, sessions):
        """-> Finding. Raises SanError when not all that is named is found."""
        self._unmade = self._check_ifaces()
        found = self._find(records, sessions)
        early = (
            f"iface {name}: open-iscsi has no such interface that can be read. That an earlier task makes it, with iscsi_iface, is taken for granted; "
            "without one the run fails"
            for name in self._unmade
        )
        return replace(found, warnings=(*found.warnings, *early), unmade=self._unmade)

    def _find(self, records, sessions):
        asked = self._asked
        if asked.takes_away:
            return self._leaving(records, sessions)
        if not asked.portals:
            return self._checked(nodes_of_known(records, sessions, asked.choice), (), ())
        if asked.kind == "static":
            return self._static(records, sessions)
        return self._advertised(records, sessions)

    def _leaving(self, records, sessions):
        """Chosen among what the host knows. The portals are asked when the targets are not named."""
        asked, choice, failures = self._asked, self._asked.choice, ()
        if asked.kind == "static" and asked.portals:
            portals = self._spellings(asked.portals, records, sessions)
            return Finding(keys=frozenset(key for key in known_keys(records, sessions, choice) if key[1] in portals))
        lost = ()
        if choice.patterns is None and (records or sessions):
            targets, failures, lost = self._behind(records, sessions)
            choice = Choice(tuple(sorted(targets)), choice.filters, choice.ifaces)
        warnings = tuple(_lost(portal, {each.target for each in (*records, *sessions)}) for portal in lost)
        return Finding(keys=frozenset(known_keys(records, sessions, choice)), failures=failures, warnings=warnings, lost=lost)

    def _behind(self, records, sessions):
        """The targets at the portals -> (names, tuple of Failure, portals that told nothing and of which the host knows none)."""
        asked, mute = self._asked, self._why_mute()
        if mute:
            found, failures = (), tuple(Failure(str(portal), None, f"not asked for its targets, because {mute[0]}", mute[1]) for portal in asked.portals)
        else:
            found, failures = self._ask(asked.kind, asked.portals)[:2]
        targets = {each.target for each in found} | targets_behind(self._spellings(asked.portals, records, sessions), records, sessions)
        lost = []
        through = 1 if mute else len(self._through())
        for portal in asked.portals:
            if sum(failure.portal == str(portal) for failure in failures) == through:
                known = targets_behind(self._spellings((portal,), records, sessions), records, sessions) | targets_shown_by(portal, records)
                targets |= known
                lost += [] if known else [portal]
        return targets, failures, tuple(lost)

    def _spellings(self, portals, records, sessions):
        """The portals, and others that are the same place."""
        if not any(is_name(portal.host) for portal in (*portals, *(each.portal for each in (*records, *sessions)))):
            return portals
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import portals_at

        return portals_at(portals, records, sessions, addresses_of)

    def _static(self, records, sessions):
        asked = self._asked
        tags = known_tags(records, sessions)
        meant = [Found(target, portal, portal.host, None) for target in dict.fromkeys(asked.choice.patterns) for portal in asked.portals]
        spelled = self._respell(meant, records, sessions)
        found = [replace(each, tpgt=tag) for each in spelled for tag in tags.get((each.target, each.portal), (None,))]
        failures = ()
        untold = tuple(dict.fromkeys(each.portal for each in found if each.tpgt is None))
        if untold and len(asked.choice.ifaces or ()) > 1 and not self._unmade:
            # open-iscsi has room for one interface only in the record of a portal whose group is unknown.
            told, failures = self._ask("sendtargets", untold)[:2]
            found = [each for known in found for each in _with_tag(known, told)]
        return self._checked(nodes_of_found(found, records, sessions, Choice(ifaces=asked.choice.ifaces)), meant, failures)

    def _respell(self, found, records, sessions):
        """What is meant of what was found, by the spelling that the host knows it by."""
        choice = self._asked.choice
        found = [each for each in found if choice.takes(each.target, each.portal)]
        if not any(is_name(each.portal.host) for each in (*found, *records, *sessions)):
            return found
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import respell

        mine = ([each for each in several if choice.ifaces is None or each.iface in choice.ifaces] for several in (records, sessions))
        return respell(found, *mine, addresses_of)

    def _advertised(self, records, sessions):
        asked = self._asked
        first = self._discovery_steps()
        blind = None if self._make_records else self._why_blind(first)
        if blind:
            return self._guess(records, sessions, first, blind)
        if first and self._make_records:
            self._make_records().discoveries(first)
        found, failures, bare = self._ask(asked.kind, asked.portals)
        nodes = nodes_of_found(self._respell(found, records, sessions), records, sessions, Choice(ifaces=asked.choice.ifaces))
        if failures and asked.choice.patterns is not None:
            # A target that only a dead portal shows is known from earlier.
            seen = {node.target for node in nodes}
            nodes += tuple(node for node in nodes_of_known(records, sessions, asked.choice) if node.target not in seen)
        return replace(self._checked(nodes, found, failures), first=first, bare=bare)

    def _guess(self, records, sessions, first, blind):
        """What the host knows of these portals is what it would find there, as far as it can be told."""
        asked = self._asked
        behind = targets_behind(self._spellings(asked.portals, records, sessions), records, sessions)
        targets = sorted(target for target in behind if asked.choice.takes_target(target))
        nodes = nodes_of_known(records, sessions, Choice(tuple(targets), asked.choice.filters)) if targets else ()
        if asked.choice.ifaces:
            # Through another interface than until now, too.
            found = [Found(node.target, node.portal, node.address, tag) for node in nodes for tag in node.tags or (None,)]
            nodes = nodes_of_found(found, records, sessions, Choice(ifaces=asked.choice.ifaces))
        warning = f"the portals were not asked for their targets, because {blind}; "
        if nodes:
            warning += "the targets that this host knows at them are taken for all there are"
            return Finding(nodes, frozenset(node.key for node in nodes), first, warnings=(warning,))
        warning += "that the host is not connected yet is a guess"
        guess = (Step("connect", f"targets at {', '.join(map(str, asked.portals))}", None, asked.state),)
        return Finding(first=first, guess=guess, warnings=(warning,))

    def _checked(self, nodes, found, failures):
        check_selection(self._asked, nodes, found, failures)
        return Finding(nodes, frozenset(node.key for node in nodes), failures=failures)

    def _ask(self, kind, portals):
        """-> (tuple of Found, tuple of Failure, the portals that answered and show this host nothing)"""
        stored = {record.name for record in read_discoveries(self._root) if record.kind == kind}
        timeout = max(1.0, self._deadline - time.monotonic())
        by_portal, failures = discover(self._iscsiadm, kind, portals, self._through(), stored, timeout, self._probe)
        bare = tuple(portal for portal, answers in by_portal.items() if not answers)
        return tuple(found for answers in by_portal.values() for found in answers), failures, bare

    def _through(self):
        """The interfaces to ask through."""
        return tuple(name for name in self._asked.choice.ifaces or () if name not in self._unmade) or (DEFAULT_IFACE,)

    def _discovery_steps(self):
        known = {(record.name, record.kind): record for record in read_discoveries(self._root)}
        kind, values = self._asked.kind, self._asked.discovery_values
        plans = (plan_discovery(str(portal), kind, values, known.get((str(portal), kind))) for portal in self._asked.portals)
        return tuple(step for steps in plans for step in steps)

    def _why_blind(self, first):
        """Why check mode cannot ask the portals without changing the host, or None."""
        mute = self._why_mute()
        if mute:
            return mute[0]
        return f"interface {self._unmade[0]} is not there yet" if self._unmade else "the CHAP of the discovery is not stored yet" if first else None

    def _why_mute(self):
        """Why the portals cannot be asked -> (reason, name of the status that iscsiadm would give), or None."""
        if not self._iscsiadm.installed():
            return "open-iscsi is not installed", None
        return None if daemon_listens(self._proc) else ("iscsid is not running", "ISCSI_ERR_ISCSID_NOTCONN")

    def _check_ifaces(self):
        """The interfaces that are not there -> tuple of names; none when live. Raises SanError."""
        known = {record.name: record.broken for record in read_ifaces(self._root)}
        wrong = {name: known.get(name) for name in self._asked.choice.ifaces or () if known.get(name, name not in BUILT_IN_IFACES)}
        for name, broken in wrong.items() if self._make_records else ():
            if name not in known:
                raise SanError(f"iface {name}: open-iscsi has no such interface. Make it with iscsi_iface and run again.")
            raise SanError(f"iface {name}: its record cannot be read: {broken}. Make it anew with iscsi_iface and run again.")
        return tuple(wrong)


def _lost(portal, others):
    """What to say of a portal that told nothing and at which nothing is known, while the host has other targets."""
    return (
        f"portal {portal}: nothing is taken away for it, because it did not tell its targets and no node record or session of this host is known to be of it. "
        f"Name those that are meant in targets; this host has {', '.join(sorted(others))}"
    )


def _with_tag(known, told):
    """A portal with the groups in which it is advertised."""
    tags = [each.tpgt for each in told if (each.target, each.portal) == (known.target, known.portal)] if known.tpgt is None else [known.tpgt]
    if not tags:
        raise SanError(
            f"target {known.target} at {known.portal}: its portal group is unknown, so open-iscsi keeps one record for it and not one per interface. "
            "Ask a portal that shows the target (discovery=sendtargets), or name one interface."
        )
    return [replace(known, tpgt=tag) for tag in tags]
