# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network devices of the host, as far as sessions through two of them in one network depend on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.route_text import parse_routes, shared_networks


@dataclass(frozen=True)
class NetDevice:
    """A network device. networks: of IPv4, each with the devices that are in it. rp_filter, arp_ignore, arp_announce: what is in force, None when unknown."""

    name: str
    hwaddress: Optional[str]
    networks: Tuple[Tuple[str, Tuple[str, ...]], ...]
    rp_filter: Optional[int]
    arp_ignore: Optional[int]
    arp_announce: Optional[int]


def read_devices(sysfs="/sys", proc="/proc"):
    """-> tuple of NetDevice."""
    networks = shared_networks(parse_routes(read_text(os.path.join(proc, "net", "route")) or ""))
    base = os.path.join(sysfs, "class", "net")
    names = sorted(os.listdir(base)) if os.path.isdir(base) else ()
    # bonding_masters is a file among the devices.
    return tuple(_device(base, proc, name, networks) for name in names if os.path.isdir(os.path.join(base, name)))


def _device(base, proc, name, networks):
    own = tuple((network, devices) for network, devices in networks.items() if name in devices)
    return NetDevice(name, attribute(base, name, "address"), own, *(_in_force(proc, name, key) for key in ("rp_filter", "arp_ignore", "arp_announce")))


def _in_force(proc, name, key):
    """The higher of the two counts (Documentation/networking/ip-sysctl.rst)."""
    values = [attribute(proc, "sys", "net", "ipv4", "conf", place, key) for place in ("all", name)]
    return max((int(value) for value in values if value and value.isdigit()), default=None)
