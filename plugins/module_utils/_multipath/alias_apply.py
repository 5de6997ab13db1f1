# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases brought into force: maps created where there are none, and the wait until kernel, udev and multipathd show what was asked."""

from __future__ import annotations

import contextlib
import itertools

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_plan import unmet_absence, unmet_names, unmet_told
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.claim_tool import claim_paths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_names
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.luns_apply import add_paths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import MultipathdError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import parse_topology
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until_none

INTERVAL_SECONDS = 0.3
# multipathd of 0.9.4 renames a map and leaves the rest of a changed section for another day. How often it is looked at before its table is
# loaded anew.
PATIENT_LOOKS = 3


class Aliases:
    """The maps of some LUNs on their way to their aliases. multipathd: the tool; host, choices: as in alias_plan; timeout: seconds for all."""

    def __init__(self, multipathd, host, choices, timeout, places=HERE):
        self._multipathd = multipathd
        self._host = host
        self._choices = choices
        self._timeout = timeout
        self._places = places
        # Paths that udev has refused to claim.
        self.unclaimed = ()

    def create(self):
        """Give multipathd the paths of every LUN that the reload has left without a map."""
        now = self._names()
        for choice in self._choices:
            lun = now.lun(choice.wwid)
            if now.device(choice.wwid) is None and lun:
                add_paths(self._multipathd, f"{choice.alias} of {lun.wwid}", [path.name for path in lun.paths])

    def wait_present(self):
        """Wait until every alias is there with its settings, and return the Host of then. Raises SanError naming what is not as asked."""
        now = self._wait(unmet_names, unmet_told)
        paths = [name for choice in self._choices for name in now.device(choice.wwid).slaves]
        self.unclaimed = claim_paths(paths, self._places.sysfs, self._places.udev)
        return now

    def wait_absent(self):
        """Wait until no map has its alias any more, and return the Host of then."""
        return self._wait(unmet_absence, lambda choice, host: ())

    def _names(self, told=()):
        return read_names(self._host, [choice.alias for choice in self._choices], told, self._places)

    def _wait(self, in_kernel, in_daemon):
        looks = itertools.count(1)
        seen = []

        def remaining():
            # multipathd is asked last, since that is a process: sysfs tells for nothing how far the maps are.
            in_sysfs = self._unmet(in_kernel, self._names())
            unmet = in_sysfs or self._ask(in_daemon, seen)
            if unmet and not in_sysfs and next(looks) == PATIENT_LOOKS:
                self._load_tables([choice.alias for choice, said in unmet if choice])
            return unmet

        left = wait_until_none(remaining, self._timeout, INTERVAL_SECONDS)
        if left:
            raise SanError(
                f"After {self._timeout:g} s not everything is as asked: {'; '.join(said for choice, said in left)}. The file is written: look at "
                "the journal of multipathd, and run again with a longer timeout when the host is slow."
            )
        return seen[-1]

    def _ask(self, in_daemon, seen):
        """What multipathd does not yet show, as pairs like those of _unmet; one without a Choice when it does not answer. seen: gets the Host of then."""
        try:
            told = parse_topology(self._multipathd.show_maps_json())
        except MultipathdError as error:
            return [(None, str(error))]
        seen.append(self._names(told))
        return self._unmet(in_daemon, seen[-1])

    def _load_tables(self, names):
        for name in dict.fromkeys(names):
            # What it does not do now is told when the time is up.
            with contextlib.suppress(MultipathdError):
                self._multipathd.reload_map(name)

    def _unmet(self, unmet, host):
        """Pairs of a Choice and a sentence."""
        return [(choice, said) for choice in self._choices for said in unmet(choice, host)]
