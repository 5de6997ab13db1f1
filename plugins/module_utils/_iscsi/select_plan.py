# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets, portals and interfaces are meant, out of what was discovered or what the host knows."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal, canonical_host, join
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import DEFAULT_IFACE, MANUAL, STARTUP


@dataclass(frozen=True)
class Node:
    """A target at one portal through one interface, as it should be known to the host.

    address: as the target spells it. tpgt: None when unknown. others: further groups that the portal is advertised in.
    """

    target: str
    portal: Portal
    iface: str
    address: str
    tpgt: Optional[int]
    others: Tuple[int, ...] = ()

    @property
    def tags(self):
        """All portal groups, empty when none is known."""
        return (*(() if self.tpgt is None else (self.tpgt,)), *self.others)

    @property
    def key(self):
        """There is one record and one session for it."""
        return self.target, self.portal, self.iface

    @property
    def spelling(self):
        """The portal for iscsiadm."""
        return join(self.address, self.portal.port)

    def __str__(self):
        return describe(self)


@dataclass(frozen=True)
class Choice:
    """patterns: names or shell patterns of targets, None for all. filters: PortalFilter, None for all. ifaces: names, None for those in use."""

    patterns: Optional[Tuple[str, ...]] = None
    filters: Optional[tuple] = None
    ifaces: Optional[Tuple[str, ...]] = None

    def takes_target(self, target):
        """True when the target is meant."""
        return self.patterns is None or any(fnmatch.fnmatchcase(target, pattern) for pattern in self.patterns)

    def takes(self, target, portal):
        """True when this portal of this target is meant."""
        return self.takes_target(target) and (self.filters is None or any(each.admits(portal) for each in self.filters))


def is_pattern(text):
    """True for a shell pattern of names, False for a whole name."""
    return not set("*?[").isdisjoint(text)


def describe(node):
    """A node, record or session in words."""
    through = "" if node.iface == DEFAULT_IFACE else f" through {node.iface}"
    return f"{node.target} {node.portal}{through}"


def nodes_of_found(found, records, sessions, choice):
    """Advertised portals -> tuple of Node. Without a choice of interfaces those count that the host uses for a portal already."""
    nodes, used = {}, _ifaces_in_use(records, sessions)
    for each in found:
        if choice.takes(each.target, each.portal):
            for iface in choice.ifaces or used.get((each.target, each.portal), (DEFAULT_IFACE,)):
                _join(nodes, Node(each.target, each.portal, iface, each.address, each.tpgt))
    return tuple(sorted(nodes.values(), key=lambda node: node.key))


def unused_ifaces(nodes, records):
    """Interfaces that have a record of a portal of the nodes and are none of theirs -> names, sorted."""
    keys, places = {node.key for node in nodes}, {node.key[:2] for node in nodes}
    return sorted({record.iface for record in records if record.key[:2] in places and record.key not in keys and not record.stray})


def nodes_of_known(records, sessions, choice):
    """What the host has records of or sessions to -> tuple of Node."""
    nodes = {}
    spelled = [(record, record.address) for record in records if not record.stray]
    for each, address in (*spelled, *((session, session.portal.host) for session in sessions)):
        if _is_chosen(each, choice):
            _join(nodes, Node(each.target, each.portal, each.iface, address, each.tpgt))
    return tuple(nodes.values())


def known_keys(records, sessions, choice):
    """Keys of all records and sessions that are meant, for what takes away."""
    return {each.key for each in (*records, *sessions) if _is_chosen(each, choice)}


def known_tags(records, sessions):
    """The portal groups that records and sessions tell -> dict of (target, portal) and tuple of numbers."""
    tags = {}
    for each in (*records, *sessions):
        if each.tpgt is not None:
            tags.setdefault((each.target, each.portal), {})[each.tpgt] = None
    return {place: tuple(found) for place, found in tags.items()}


def targets_behind(portals, records, sessions):
    """The targets that the host knows at one of these portals, when the portal itself does not answer."""
    return {each.target for each in (*records, *sessions) if each.portal in portals}


def targets_shown_by(portal, records):
    """The targets whose records another tool had made when it asked this portal; ours do not say so."""
    told = ((each.target, each.values.get("node.discovery_address"), each.values.get("node.discovery_port")) for each in records)
    return {target for target, host, port in told if host and (canonical_host(host), port) == (portal.host, str(portal.port))}


def unmatched(patterns, targets):
    """The patterns that fit none of the targets."""
    return tuple(pattern for pattern in patterns or () if not any(fnmatch.fnmatchcase(target, pattern) for target in targets))


def _ifaces_in_use(records, sessions):
    """Those that have a session, or a record that is logged in to at boot -> dict of (target, portal) and names.

    A plain `iscsiadm -m discovery` leaves a record for every interface of the host: a manual one counts only when there is no other.
    """
    used, known = {}, {}
    records = [record for record in records if not record.stray]
    for each in (*(record for record in records if _starts_at_boot(record)), *sessions):
        used.setdefault((each.target, each.portal), {})[each.iface] = None
    for record in records:
        known.setdefault((record.target, record.portal), {})[record.iface] = None
    return {**{place: ifaces for place, ifaces in known.items() if len(ifaces) == 1}, **used}


def _starts_at_boot(record):
    return any(record.values.get(key, MANUAL) != MANUAL for key in STARTUP)


def _join(nodes, node):
    """A portal that is there in a second portal group is the same node."""
    known = nodes.setdefault(node.key, node)
    if node.tpgt is not None and node.tpgt not in known.tags:
        first = node.tpgt if known.tpgt is None else known.tpgt
        nodes[node.key] = replace(known, tpgt=first, others=(*known.tags, node.tpgt)[1:])


def _is_chosen(each, choice):
    return choice.takes(each.target, each.portal) and (choice.ifaces is None or each.iface in choice.ifaces)
