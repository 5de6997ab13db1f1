# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LUNs given to multipath: their WWIDs registered, their paths handed to multipathd."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import value_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import MultipathdError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wwids_tool import Wwids


def register(wwids, host, multipath, places=HERE):
    """Let the LUNs of these WWIDs form maps, whatever find_multipaths says."""
    # Until 0.9.6 the file may be elsewhere, which multipath itself knows best.
    if value_in_force(host.confs, "wwids_file", None, None):
        for wwid in wwids:
            multipath.add_wwid(wwid)
    else:
        Wwids(places.etc).register(wwids)


def add_paths(multipathd, owner, names):
    """Give multipathd the paths of a LUN. owner: the map and its LUN for a message. Raises SanError when it takes none of them."""
    refused = []
    for name in names:
        try:
            multipathd.add_path(name)
        except MultipathdError as error:
            refused.append(str(error))
    if len(refused) == len(names):
        raise SanError(f"{owner}: multipathd makes no map of it: {'; '.join(refused)} Look for it in the blacklists (multipathd show blacklist).")
