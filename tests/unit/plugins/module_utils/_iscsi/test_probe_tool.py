# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to this machine itself."""

from __future__ import annotations

import socket
import time

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.probe_tool import NOT_ANSWERED, REACHED, probe


def test_each_portal_has_its_own_answer():
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as closed:
        # Bound and not listening: the kernel refuses.
        closed.bind(("127.0.0.1", 0))
        open_portal, shut = (Portal("127.0.0.1", each.getsockname()[1]) for each in (there, closed))
        unknown = Portal("name.invalid")
        found = probe([(open_portal, None), (open_portal, "no-such-device"), (shut, None), (unknown, None)], 5)
    assert found[open_portal, None] is REACHED
    assert found[open_portal, "no-such-device"] not in (REACHED, NOT_ANSWERED)
    assert found[shut, None] == "Connection refused"
    assert found[unknown, None] not in (REACHED, NOT_ANSWERED)


def test_a_portal_that_does_not_answer_takes_the_time_given():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        portal = Portal(*full.getsockname())
        # What waits in the queue fills it, and the kernel drops the next ones.
        waiting = [socket.socket() for number in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        started = time.monotonic()
        assert probe([(portal, None)], 0.3) == {(portal, None): NOT_ANSWERED}
        assert time.monotonic() - started >= 0.3
        for each in waiting:
            each.close()


def test_nothing_to_ask():
    assert probe([], 5) == {}
