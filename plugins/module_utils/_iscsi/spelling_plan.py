# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One portal under two spellings, a host name and the address of it.

open-iscsi takes a session by the one for that of the other: it resolves both and compares their first addresses (usr/iscsi_util.c,
iscsi_addr_match). A login by the other spelling is told that the session is there already, and sysfs shows it by the first.

addresses: gives those of a host name or address, the first one first; none when it cannot be resolved. It is asked only where a name is, and once for each.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import is_name


def respell(found, records, sessions, addresses):
    """Tuple of Found, each by the spelling that the host has its session by, else its record. One place is there once."""
    addresses = functools.lru_cache(maxsize=None)(addresses)
    up, known = [_known(each) for each in sessions], [_known(record) for record in records if not record.broken]
    spelled = {(record.target, record.portal): record.address for record in records}
    done = []
    for each in found:
        # What is up counts more than a record that was made for it twice.
        portal = _spelling(each, up, addresses) or _spelling(each, known, addresses) or each.portal
        if portal != each.portal:
            each = replace(each, portal=portal, address=spelled.get((each.target, portal), portal.host))
        known.append(_known(each))
        done.append(each)
    return tuple(dict.fromkeys(done))


def portals_at(portals, records, sessions, addresses):
    """The portals, and those by which the host knows the same places -> frozenset."""
    addresses = functools.lru_cache(maxsize=None)(addresses)
    known = {(each.portal, real) for each in (*records, *sessions) for target, portal, real in [_known(each)]}
    same = (other for portal in portals for other, real in known if _is_same(portal, other, real, addresses))
    return frozenset((*portals, *same))


def _known(each):
    """Of a session, a record or a Found -> (target, portal, where the connection of a session really goes)."""
    real = getattr(each, "address", None)
    return each.target, each.portal, getattr(real, "host", None)


def _spelling(found, known, addresses):
    mine = [(portal, real) for target, portal, real in known if target == found.target]
    if any(portal == found.portal for portal, real in mine):
        return found.portal
    return next((portal for portal, real in mine if _is_same(found.portal, portal, real, addresses)), None)


def _is_same(portal, other, real, addresses):
    if portal == other or portal.port != other.port or not (is_name(portal.host) or is_name(other.host)):
        return False
    wanted, there = addresses(portal.host)[:1], addresses(other.host)
    # A connection that goes where the name does not lead was redirected; of a name that leads nowhere now it alone tells.
    places = {*there[:1], *([real] if real and (real in there or not there) else [])}
    return bool(places.intersection(wanted))
