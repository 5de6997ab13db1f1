# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does anything listen at a portal: a TCP connection that is closed at once, many at a time, bounded in time.

open-iscsi says why a login failed only when it gives up, minutes later; a connection refused is known at once.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import open_towards

REACHED = None
NOT_ANSWERED = "timed out"


def probe(portals, timeout, devices=()):
    """-> dict of Portal and None when something listens there, else the reason in words.

    devices: network devices that the interfaces are bound to, tried one after the other; () for the routing table's choice.
    """
    reasons = {}
    for device in devices or (None,):
        left = [portal for portal in portals if reasons.get(portal, NOT_ANSWERED) is not REACHED]
        reasons.update(_probe(left, timeout, device))
    return reasons


def _probe(portals, timeout, device):
    reasons = {}
    waiting = {}
    for portal in portals:
        started = _start(portal, device)
        if isinstance(started, str):
            reasons[portal] = started
        else:
            waiting[started.fileno()] = (portal, started)
    try:
        reasons.update(_finish(waiting, timeout))
    finally:
        for started in waiting.values():
            started[1].close()
    return reasons


def _start(portal, device):
    """A socket that is connecting, or the reason why not."""
    try:
        opened, address = open_towards(portal, device)
    except OSError as error:
        return error.strerror or str(error)
    opened.setblocking(False)
    code = opened.connect_ex(address)
    if code in (0, errno.EINPROGRESS):
        return opened
    opened.close()
    return os.strerror(code)


def _finish(waiting, timeout):
    poller = select.poll()
    for number in waiting:
        poller.register(number, select.POLLOUT)
    reasons = {portal: NOT_ANSWERED for portal, opened in waiting.values()}
    left = dict(waiting)
    deadline = time.monotonic() + timeout
    while left:
        remaining = deadline - time.monotonic()
        events = poller.poll(max(0, remaining) * 1000)
        for number in (event[0] for event in events):
            portal, opened = left.pop(number)
            poller.unregister(number)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            reasons[portal] = os.strerror(code) if code else REACHED
        if not events and remaining <= 0:
            break
    return reasons
