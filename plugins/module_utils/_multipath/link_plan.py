# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a LUN's paths depend on: the sessions to its targets, the records that ask for one at boot, and the fabric of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import DEFAULT_IFACE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import interface_for

AT_BOOT = ("automatic", "onboot")


@dataclass(frozen=True)
class Link:
    """A session, or a record that asks for one at boot. fabric: the network interface or iface it goes over, None when unknown."""

    target: str
    portal: str
    fabric: Optional[str] = None
    session: Optional[Any] = None


def find_links(sessions, records, routes):
    """The Link of every session, and of every record that asks for one at boot and has none. Returns a tuple of Link."""
    have = {session.key for session in sessions}
    wanted = [record for record in records if record.key not in have and record.values.get("node.startup") in AT_BOOT]
    found = [(session, session) for session in sessions] + [(record, None) for record in wanted]
    return tuple(Link(each.target, str(each.portal), _fabric(each, routes), session) for each, session in found)


def _fabric(each, routes):
    # An iface other than the default one is bound to a network interface or address, whatever the routes are.
    return each.iface if each.iface != DEFAULT_IFACE else interface_for(each.portal.host, routes)
