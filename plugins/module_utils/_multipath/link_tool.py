# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the paths of LUNs depend on, as the host has it: sessions, node records and routes."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import find_root
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import parse_routes, parse_routes6
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.link_plan import find_links
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE


def read_links(sessions, places=HERE):
    """What the paths of LUNs depend on: sessions and records, each with its fabric, as a tuple of Link."""
    routes = (*parse_routes(_proc_net(places, "route")), *parse_routes6(_proc_net(places, "ipv6_route")))
    records = (record for record in read_nodes(places.iscsi or find_root()) if not record.broken)
    return find_links(sessions, records, routes)


def _proc_net(places, name):
    return attribute(places.proc, "net", name) or ""
