# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets towards this machine itself."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of, look_up, open_towards


@pytest.mark.parametrize("host, family", [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_the_family_is_that_of_the_portal(host, family):
    opened, address = open_towards(Portal(host, 3260), look_up([host]))
    with opened:
        assert (opened.family, opened.type, address[:2]) == (family, socket.SOCK_STREAM, (host, 3260))


def test_a_network_device_that_is_not_there(recwarn):
    with pytest.raises(OSError):
        open_towards(Portal("127.0.0.1"), look_up(["127.0.0.1"]), "no-such-device")
    # A socket that nobody closes is a ResourceWarning.
    assert not recwarn.list


def test_names_that_no_server_answers_for_are_waited_for_together(monkeypatch):
    real, end = socket.getaddrinfo, threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **more: end.wait(30) if host.startswith("mute") else real(host, *args, **more))
    started = time.monotonic()
    found = look_up(["mute1", "127.0.0.1", "mute2"], 0.5)
    took = time.monotonic() - started
    assert 0.5 <= took < 1
    with pytest.raises(OSError, match="no name server answered in time"):
        open_towards(Portal("mute2"), found)
    opened, address = open_towards(Portal("127.0.0.1"), found)
    opened.close()
    end.set()


@pytest.mark.parametrize("host", ["name.invalid", "l" * 64 + ".example"])
def test_what_is_no_name_of_a_host_has_no_address(host):
    assert addresses_of(host) == ()
    with pytest.raises(OSError):
        open_towards(Portal(host), look_up([host]))
