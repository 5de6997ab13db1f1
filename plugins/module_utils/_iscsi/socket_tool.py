# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP socket towards a portal, and the addresses of a host."""

from __future__ import annotations

import socket

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import canonical_host


def open_towards(portal, device=None):
    """-> (socket that is not connected yet, the address to connect it to). device: the network device to go out of. Raises OSError."""
    family, kind, protocol, name, address = socket.getaddrinfo(portal.host, portal.port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    try:
        if device:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    except OSError:
        opened.close()
        raise
    return opened, address


def addresses_of(host):
    """The addresses of a host name or an address -> tuple, in the order in which they are tried; empty when it cannot be resolved."""
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(canonical_host(address[0]) for family, kind, protocol, name, address in told))
