# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network below the interfaces of an iscsi_node task: which device each goes out of, and whether a portal is reached by it."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_ifaces
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import REACHED
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BUILT_IN_IFACES, DEFAULT_IFACE


class Network:
    """root: of the record database. places: of the host. probe: as probe_tool has it."""

    def __init__(self, root, places, probe):
        self._root = root
        self._places = places
        self._probe = probe

    def probe(self, places, seconds):
        """places: pairs of portal and interface -> dict of pair and reason, as probe_tool has it."""
        bound, adapters = self._read({iface for portal, iface in places})[:2]
        asked = {(portal, iface): (portal, bound.get(iface)) for portal, iface in places if iface not in adapters}
        reasons = self._probe(list(asked.values()), seconds) if asked else {}
        return {place: reasons[asked[place]] if place in asked else REACHED for place in places}

    def warnings(self, ifaces):
        """What is wrong with the network that these interfaces go through, as a tuple of sentences."""
        return self._read(ifaces)[2]

    def _read(self, ifaces):
        """Of some interfaces -> (dict of the bound ones and their network device, names of those by which an adapter connects, warnings)."""
        if not set(ifaces) - {DEFAULT_IFACE}:
            return {}, frozenset(), ()
        # Most tasks name no interface.
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_plan import by_adapter, net_device_of, network_warnings
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_tool import read_devices

        devices = read_devices(self._places.sysfs, self._places.proc)
        known = {record.name: record.values for record in read_ifaces(self._root) if record.name in ifaces}
        adapters = {*BUILT_IN_IFACES, *(name for name, values in known.items() if by_adapter(values))} - {DEFAULT_IFACE}
        told = {name: net_device_of(values, devices) for name, values in known.items() if name not in adapters}
        bound = {name: device for name, device in told.items() if device}
        return bound, adapters, network_warnings(tuple(bound.values()), devices)
