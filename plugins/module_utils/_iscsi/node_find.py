# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes an iscsi_node task means: asked of the portals, or chosen among what the host knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_discoveries
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import Found
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import plan_discovery
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.outcome_plan import check_selection
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import is_name
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import (
    Choice,
    known_tags,
    nodes_of_found,
    nodes_of_known,
    targets_behind,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step


@dataclass(frozen=True)
class Finding:
    """nodes: what is meant. keys: of what goes away. first: steps for the records of discovery portals, done already when live.

    blind: nobody could be asked. guess: a step in the place of all others then.
    failures: portals that did not answer; silent: those that did through no interface, and may be paths to targets; bare: those that show no target.
    unmade: named interfaces that are not there yet, in a prediction. lost: portals that did not answer and of which nothing is known.
    """

    nodes: tuple = ()
    keys: frozenset = frozenset()
    first: Tuple[Step, ...] = ()
    blind: bool = False
    guess: Tuple[Step, ...] = ()
    failures: tuple = ()
    silent: tuple = ()
    bare: tuple = ()
    warnings: Tuple[str, ...] = ()
    unmade: Tuple[str, ...] = ()
    lost: tuple = ()


class Find:
    """asked: of asked_text. ask: an Ask. root: of the record database. make_records: gives a Records; None to change nothing."""

    def __init__(self, asked, ask, root, make_records):
        self._asked = asked
        self._ask = ask
        self._root = root
        self._make_records = make_records

    def find(self, records, sessions):
        """-> Finding. Raises SanError when not all that is named is found."""
        self._ask.check_ifaces()
        found = self._find(records, sessions)
        early = (
            f"iface {name}: open-iscsi has no such interface that can be read. That an earlier task makes it, with iscsi_iface, is taken for granted; "
            "without one the run fails"
            for name in self._ask.unmade
        )
        return replace(found, warnings=(*found.warnings, *early), unmade=self._ask.unmade)

    def _find(self, records, sessions):
        asked = self._asked
        if asked.takes_away:
            from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_leave import find_leaving

            keys, failures, lost, warnings = find_leaving(asked, self._ask, records, sessions)
            return Finding(keys=keys, failures=failures, lost=lost, warnings=warnings)
        if not asked.portals:
            known = (*(record for record in records if not record.stray), *sessions)
            return self._checked(nodes_of_known(records, sessions, asked.choice), known, ())
        if asked.kind == "static":
            return self._static(records, sessions)
        return self._advertised(records, sessions)

    def _static(self, records, sessions):
        asked = self._asked
        tags = known_tags(records, sessions)
        meant = [Found(target, portal, portal.host, None) for target in dict.fromkeys(asked.choice.patterns) for portal in asked.portals]
        spelled = self._respell(meant, records, sessions)
        found = [replace(each, tpgt=tag) for each in spelled for tag in tags.get((each.target, each.portal), (None,))]
        failures = ()
        untold = tuple(dict.fromkeys(each.portal for each in found if each.tpgt is None))
        if untold and len(asked.choice.ifaces or ()) > 1 and not self._ask.unmade:
            # open-iscsi has room for one interface only in the record of a portal whose group is unknown.
            told, failures = self._ask.portals("sendtargets", untold)[:2]
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
        blind = None if self._make_records else self._ask.why_blind(first)
        if blind:
            return self._guess(records, sessions, first, blind)
        if first and self._make_records:
            self._make_records().discoveries(first)
        found, failures, bare = self._ask.portals(asked.kind, asked.portals)
        nodes = nodes_of_found(self._respell(found, records, sessions), records, sessions, Choice(ifaces=asked.choice.ifaces))
        if failures and asked.choice.patterns is not None:
            # A target that only a dead portal shows is known from earlier.
            seen = {node.target for node in nodes}
            nodes += tuple(node for node in nodes_of_known(records, sessions, asked.choice) if node.target not in seen)
        # An iSNS server is no path to a target.
        silent = self._ask.silent(asked.portals, failures) if asked.kind == "sendtargets" else ()
        return replace(self._checked(nodes, found, failures), first=first, silent=silent, bare=bare)

    def _guess(self, records, sessions, first, blind):
        """What the host knows of these portals is what it would find there, as far as it can be told."""
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import portals_at

        asked = self._asked
        behind = targets_behind(portals_at(asked.portals, records, sessions, addresses_of), records, sessions)
        targets = sorted(target for target in behind if asked.choice.takes_target(target))
        nodes = nodes_of_known(records, sessions, Choice(tuple(targets), asked.choice.filters)) if targets else ()
        if asked.choice.ifaces:
            # Through another interface than until now, too.
            found = [Found(node.target, node.portal, node.address, tag) for node in nodes for tag in node.tags or (None,)]
            nodes = nodes_of_found(found, records, sessions, Choice(ifaces=asked.choice.ifaces))
        warning = f"the portals were not asked for their targets, because {blind}; "
        if nodes:
            warning += "the targets that this host knows at them are taken for all there are"
            return Finding(nodes, frozenset(node.key for node in nodes), first, blind=True, warnings=(warning,))
        warning += "that the host is not connected yet is a guess"
        guess = (Step("connect", f"targets at {', '.join(map(str, asked.portals))}", None, asked.state),)
        return Finding(first=first, blind=True, guess=guess, warnings=(warning,))

    def _checked(self, nodes, found, failures):
        check_selection(self._asked, nodes, found, failures)
        return Finding(nodes, frozenset(node.key for node in nodes), failures=failures)

    def _discovery_steps(self):
        known = {(record.name, record.kind): record for record in read_discoveries(self._root)}
        kind, values = self._asked.kind, self._asked.discovery_values
        plans = (plan_discovery(str(portal), kind, values, known.get((str(portal), kind))) for portal in self._asked.portals)
        return tuple(step for steps in plans for step in steps)


def _with_tag(known, told):
    """A portal with the groups in which it is advertised."""
    tags = [each.tpgt for each in told if (each.target, each.portal) == (known.target, known.portal)] if known.tpgt is None else [known.tpgt]
    if not tags:
        raise SanError(
            f"target {known.target} at {known.portal}: its portal group is unknown, so open-iscsi keeps one record for it and not one per interface. "
            "Ask a portal that shows the target (discovery=sendtargets), or name one interface."
        )
    return [replace(known, tpgt=tag) for tag in tags]
