# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which LUN each wanted alias means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import select_luns
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wwid_plan import check_wwid


@dataclass(frozen=True)
class Wanted:
    """One alias as given. wwid or select says which LUN; for state absent the alias alone does too. settings: keyword -> value, None to remove it."""

    alias: Optional[str]
    wwid: Optional[str] = None
    select: Optional[Mapping] = None
    settings: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """One alias with its LUN. wwid: None as long as no LUN matches. missing: what is not there, as a sentence, or None."""

    alias: Optional[str]
    wwid: Optional[str]
    settings: Mapping = field(default_factory=dict)
    missing: Optional[str] = None

    @property
    def texts(self):
        """The settings that are to be set, as multipath writes them: a playbook's yes is a truth value, its 12 a number."""
        words = {True: "yes", False: "no"}
        return {key: words[value] if isinstance(value, bool) else str(value).strip() for key, value in self.settings.items() if value is not None}


def choose_luns(wanted, host):
    """The Choice of each Wanted, for state present. Raises SanError when more than one LUN matches."""
    return tuple(_choose(item, host) for item in wanted)


def choose_names(wanted, host):
    """The Choice of each Wanted, for state absent: a LUN that is gone can still be named in a file."""
    return tuple(_choose_name(item, host) for item in wanted)


def _choose(item, host):
    if item.wwid:
        known = host.lun(item.wwid) or host.device(item.wwid) or host.told(item.wwid)
        missing = None if known else f"{item.alias}: no LUN on this host has the WWID {item.wwid}{_hint(item.wwid, host)}. {_there(host.luns)}"
        return Choice(item.alias, item.wwid, item.settings, missing)
    found = select_luns(host.luns, item.select)
    criteria = ", ".join(f"{key} {value}" for key, value in sorted(item.select.items()) if value is not None)
    if len(found) > 1:
        raise SanError(f"{item.alias}: {len(found)} LUNs match {criteria}: {_list(found)}. Add what tells them apart, or give the wwid.")
    missing = None if found else f"{item.alias}: no LUN matches {criteria}. {_there(host.luns)}"
    return Choice(item.alias, found[0].wwid if found else None, item.settings, missing)


def _choose_name(item, host):
    if item.wwid:
        check_wwid(item.wwid, host)
    # What select fits now may be another LUN than the one that was given the alias, or several: it is asked only when there is no alias.
    wwid = item.wwid or _owner(item.alias, host)
    if wwid is None and item.alias is None and item.select:
        chosen = _choose(item, host)
        if chosen.missing:
            return chosen
        wwid = chosen.wwid
    alias = item.alias or next((naming.alias for naming in host.namings if naming.wwid == wwid), None)
    return Choice(alias, wwid, item.settings)


def _owner(alias, host):
    """The WWID that has an alias, or None."""
    owners = [naming.wwid for naming in host.namings if naming.alias == alias]
    # Killed after the file was written: only the map still has the alias.
    owners += [device.wwid for device in host.devices if device.name == alias and device.wwid]
    return next(iter(owners), None) if alias else None


def _hint(wwid, host):
    # Arrays show the NAA identifier; multipath puts the designator type 3 before it.
    return f" (one has 3{wwid})" if host.lun(f"3{wwid}") else ""


def _there(luns):
    san = [lun for lun in luns if lun.san]
    return f"There are: {_list(san)}." if san else "No SAN LUN is there: log in to the target, or look at the array's mapping."


def _list(luns):
    return "; ".join(map(str, luns))
