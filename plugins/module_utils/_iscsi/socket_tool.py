# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP socket towards a portal, and the addresses of a host."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import canonical_host

# The resolver gives a name server that is down 5 s before it asks the next (resolv.conf(5)), and has no bound for them all.
LOOKUP_SECONDS = 8


def look_up(hosts, seconds=LOOKUP_SECONDS):
    """Ask for host names and addresses, all at a time -> dict of host and what getaddrinfo tells of it, or an OSError."""
    told = {}
    # Nothing ends a lookup; one that hangs must not keep the process.
    threads = [threading.Thread(target=_look_up, args=(host, told), daemon=True) for host in dict.fromkeys(hosts)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    late = OSError(errno.ETIMEDOUT, "no name server answered in time")
    return {host: told.get(host, late) for host in hosts}


def open_towards(portal, found, device=None):
    """-> (socket that is not connected yet, the address to connect it to). found: of look_up. device: to go out of. Raises OSError."""
    told = found[portal.host]
    if isinstance(told, OSError):
        raise told
    family, kind, protocol, name, (address, port, *scope) = told[0]
    opened = socket.socket(family, kind, protocol)
    try:
        if device:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    except OSError:
        opened.close()
        raise
    return opened, (address, portal.port, *scope)


def addresses_of(host):
    """The addresses of a host name or an address -> tuple, in the order in which they are tried; empty when it cannot be resolved."""
    told = look_up([host])[host]
    return () if isinstance(told, OSError) else tuple(dict.fromkeys(canonical_host(each[4][0]) for each in told))


def _look_up(host, told):
    try:
        told[host] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        told[host] = error
    except UnicodeError:
        told[host] = OSError(errno.EINVAL, f"{os.strerror(errno.EINVAL)}: {host} is no host name")
