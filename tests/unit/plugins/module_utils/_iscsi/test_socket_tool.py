# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets towards this machine itself."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import open_towards


@pytest.mark.parametrize("host, family", [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_the_family_is_that_of_the_portal(host, family):
    opened, address = open_towards(Portal(host, 3260))
    with opened:
        assert (opened.family, opened.type, address[:2]) == (family, socket.SOCK_STREAM, (host, 3260))


def test_a_network_device_that_is_not_there(recwarn):
    with pytest.raises(OSError):
        open_towards(Portal("127.0.0.1"), "no-such-device")
    # A socket that nobody closes is a ResourceWarning.
    assert not recwarn.list
