# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes an iscsi_node task takes away: chosen among what the host knows."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import Failure
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Choice, is_pattern, known_keys, targets_behind, targets_shown_by
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.spelling_plan import portals_at

# Why a portal names no target.
SILENT, BARE = "did not tell its targets", "shows this host no target"


def find_leaving(asked, ask, records, sessions):
    """-> (keys of the nodes, tuple of Failure, portals that told nothing and of which the host knows no target, warnings).

    asked: of asked_text. ask: an Ask, for the portals are asked for those targets that have no whole name. records, sessions: of the host.
    """
    choice, failures, lost, warnings = asked.choice, (), (), ()
    if asked.kind == "static" and asked.portals:
        portals = portals_at(asked.portals, records, sessions, addresses_of)
        return frozenset(key for key in known_keys(records, sessions, choice) if key[1] in portals), failures, lost, warnings
    names = tuple(text for text in choice.patterns or () if not is_pattern(text))
    # A pattern takes targets of any array that the host knows.
    unnamed = Choice(None if choice.patterns is None else tuple(text for text in choice.patterns if is_pattern(text)))
    others = {each.target for each in (*records, *sessions) if unnamed.takes_target(each.target)}
    if asked.portals and others:
        mine = ([each for each in several if each.target in others] for several in (records, sessions))
        targets, failures, unknown = _behind(asked, ask, *mine)
        choice = replace(choice, patterns=(*names, *sorted(targets & others)))
        lost = tuple(portal for portal, why in unknown.items() if why == SILENT)
        warnings = tuple(_kept(portal, why, others) for portal, why in unknown.items())
    return frozenset(known_keys(records, sessions, choice)), failures, lost, warnings


def _behind(asked, ask, records, sessions):
    """The targets at the portals -> (names, tuple of Failure, dict of portal and why nothing is known of it)."""
    mute = ask.why_mute()
    if mute:
        found, bare, silent = (), (), asked.portals
        failures = tuple(Failure(str(portal), None, f"not asked for its targets, because {mute[0]}", mute[1]) for portal in asked.portals)
    else:
        found, failures, bare = ask.portals(asked.kind, asked.portals)
        silent = ask.silent(asked.portals, failures)
    spelled = portals_at(asked.portals, records, sessions, addresses_of)
    targets = {each.target for each in found} | targets_behind(spelled, records, sessions)
    whys = {**dict.fromkeys(bare, BARE), **dict.fromkeys(silent, SILENT)}
    known = {portal: _known_of(portal, records, sessions) for portal in whys}
    return targets.union(*known.values()), failures, {portal: why for portal, why in whys.items() if not known[portal]}


def _known_of(portal, records, sessions):
    """The targets that the host knows of a portal which shows none itself."""
    return targets_behind(portals_at((portal,), records, sessions, addresses_of), records, sessions) | targets_shown_by(portal, records)


def _kept(portal, why, others):
    """What to say of a portal at which nothing is known, while the host has other targets."""
    return (
        f"portal {portal}: nothing is taken away for it, because it {why} and no node record or session of this host is known to be of it. "
        f"Name those that are meant in targets; this host has {', '.join(sorted(others))}"
    )
