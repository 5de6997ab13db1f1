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

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import look_up, open_towards

# Or not judged.
REACHED = None
NOT_ANSWERED = "timed out"


def probe(places, timeout):
    """Connect to all of them at a time -> dict of place and None when something listens there, else the reason in words.

    places: pairs of a portal and the network device to go out of, None for the routing table's choice. timeout: seconds, after those that names take.
    """
    reasons = {}
    waiting = {}
    found = look_up([portal.host for portal, device in places])
    for place in places:
        started = _start(*place, found)
        if isinstance(started, str):
            reasons[place] = started
        else:
            waiting[started.fileno()] = (place, started)
    try:
        reasons.update(_finish(waiting, timeout))
    finally:
        for started in waiting.values():
            started[1].close()
    return reasons


def _start(portal, device, found):
    """A socket that is connecting, or the reason why not."""
    try:
        opened, address = open_towards(portal, found, device)
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
    reasons = {place: NOT_ANSWERED for place, opened in waiting.values()}
    left = dict(waiting)
    deadline = time.monotonic() + timeout
    while left:
        remaining = deadline - time.monotonic()
        events = poller.poll(max(0, remaining) * 1000)
        for number in (event[0] for event in events):
            place, opened = left.pop(number)
            poller.unregister(number)
            code = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            reasons[place] = os.strerror(code) if code else REACHED
        if not events and remaining <= 0:
            break
    return reasons
