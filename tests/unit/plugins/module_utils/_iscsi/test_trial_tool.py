# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trials against a small target of our own: it speaks the security stage of a login on a loopback socket."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import replace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import trial_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_text import chap_response, parse_binary, render_binary
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_text import HEADER_BYTES, data_bytes, parse_login, render_login
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Login
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.trial_tool import Trial, try_login
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

INITIATOR, TARGET = "iqn.2026-11.com.example:db1", "iqn.2004-08.com.example:ctr1"
ONE_WAY = Login("initiator", Secret("Secret-of-host-1"))
MUTUAL = replace(ONE_WAY, username_in="array", password_in=Secret("Secret-of-array-1"))
REFUSED, UNAVAILABLE, MOVED = 0x0201, 0x0301, 0x0101


class Target:
    """One login. wants: Login that it asks for, None for none. status: what it answers at once instead. method: its AuthMethod, None for none at all."""

    def __init__(self, wants=None, status=None, says=None, identifier="200", method="None"):
        self.requests = []
        self._wants = wants
        self._status = status
        self._says = says
        self._identifier = identifier
        self._method = method
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.portal = Portal("127.0.0.1", self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._thread.join(20)
        self._listener.close()

    def _serve(self):
        connection = self._listener.accept()[0]
        with connection:
            connection.settimeout(20)
            if self._says is not None:
                connection.sendall(self._says)
                return
            for number, answer in enumerate((self._first, self._second, self._third)):
                keys = self._receive(connection)
                if keys is None:
                    return
                status, transit, answered = answer(keys)
                self._send(connection, status, transit, answered, number + 41)
                if status or transit:
                    # The initiator closes it: nothing more comes.
                    self.requests.append(connection.recv(1))
                    return

    def _receive(self, connection):
        header = connection.recv(HEADER_BYTES, socket.MSG_WAITALL)
        if len(header) < HEADER_BYTES:
            return None
        length = int.from_bytes(header[5:8], "big")
        data = connection.recv(length + -length % 4, socket.MSG_WAITALL) if length else b""
        keys = dict(item.split("=", 1) for item in data[:length].decode().split("\0") if item)
        self.requests.append((header, keys))
        return keys

    @staticmethod
    def _send(connection, status, transit, keys, stat_sn):
        data = b"".join(f"{name}={value}".encode() + b"\0" for name, value in keys.items())
        header = struct.pack(">BBBBI", 0x23, 0x81 if transit else 0, 0, 0, len(data)) + b"\0" * 16 + struct.pack(">III", stat_sn, 1, 1)
        connection.sendall(header + struct.pack(">H10x", status) + data + b"\0" * (-len(data) % 4))

    def _first(self, keys):
        if self._status:
            return self._status, False, {}
        if self._wants is None:
            method = {"AuthMethod": self._method} if self._method else {}
            return 0, True, {**method, "TargetPortalGroupTag": "1"}
        return (0, False, {"AuthMethod": "CHAP"}) if "CHAP" in keys["AuthMethod"] else (REFUSED, False, {})

    def _second(self, keys):
        self.algorithm = keys["CHAP_A"].split(",")[0]
        return 0, False, {"CHAP_A": self.algorithm, "CHAP_I": self._identifier, "CHAP_C": render_binary(b"challenge")}

    def _third(self, keys):
        wanted = chap_response(self.algorithm, 200, self._wants.password.reveal().encode(), b"challenge")
        if (keys["CHAP_N"], parse_binary(keys["CHAP_R"])) != (self._wants.username, wanted):
            return REFUSED, False, {}
        if "CHAP_C" not in keys or self._wants.username_in is None:
            return 0, True, {}
        answer = chap_response(self.algorithm, int(keys["CHAP_I"]), self._wants.password_in.reveal().encode(), parse_binary(keys["CHAP_C"]))
        return 0, True, {"CHAP_N": self._wants.username_in, "CHAP_R": render_binary(answer)}


@pytest.fixture
def target():
    made = []

    def make(*args, **kwargs):
        made.append(Target(*args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()


def trial(target, login, algorithms=None):
    return try_login(INITIATOR, TARGET, target.portal, login, algorithms, 10)


@pytest.mark.parametrize("algorithms", [None, "MD5", "SHA256,MD5", "SHA3-256"])
@pytest.mark.parametrize("login", [ONE_WAY, MUTUAL])
def test_the_right_values_are_accepted_and_no_session_comes_of_it(target, login, algorithms):
    asked = target(login)
    assert trial(asked, login, algorithms) == Trial(True)
    asked.close()
    assert asked.requests[-1] == b""
    (header, keys), second, third = asked.requests[:3]
    assert (keys["InitiatorName"], keys["TargetName"], keys["SessionType"]) == (INITIATOR, TARGET, "Normal")
    assert header[8:9] == b"\x80"
    assert [struct.unpack(">I", each[0][28:32])[0] for each in (second, third)] == [42, 43]


@pytest.mark.parametrize(
    "wants, login",
    [
        (ONE_WAY, replace(ONE_WAY, password=Secret("Wrong-of-host-1"))),
        (ONE_WAY, replace(ONE_WAY, username="Initiator")),
        (ONE_WAY, Login()),
    ],
)
def test_wrong_values_are_refused(target, wants, login):
    assert trial(target(wants), login) == Trial(False, "authentication failure")


@pytest.mark.parametrize(
    "wants",
    [ONE_WAY, replace(MUTUAL, password_in=Secret("Wrong-of-array-1")), replace(MUTUAL, username_in="other")],
)
def test_a_target_that_cannot_show_what_it_should_is_refused(target, wants):
    seen = trial(target(wants), MUTUAL)
    assert (seen.accepted, "username_in, password_in" in seen.reason) == (False, True)


def test_an_identifier_in_hexadecimal(target):
    assert trial(target(ONE_WAY, identifier="0xc8"), ONE_WAY) == Trial(True)


@pytest.mark.parametrize("identifier", ["x", "256", ""])
def test_an_identifier_that_is_none(target, identifier):
    seen = trial(target(ONE_WAY, identifier=identifier), ONE_WAY)
    assert seen.accepted is False and "no identifier" in seen.reason


def test_a_target_without_chap_takes_all(target):
    assert trial(target(None), ONE_WAY) == Trial(True)
    assert trial(target(None), Login()) == Trial(True)


@pytest.mark.parametrize("wants, offered", [(ONE_WAY, "CHAP,None"), (MUTUAL, "CHAP"), (Login(), "None")])
def test_what_open_iscsi_offers(target, wants, offered):
    """No None where the target has to show something (usr/auth.c, acl_set_auth_method_valid)."""
    asked = target(wants)
    trial(asked, wants)
    asked.close()
    assert asked.requests[0][1]["AuthMethod"] == offered


@pytest.mark.parametrize("answer", [{"method": "None"}, {"method": "Reject"}, {"method": None}, {"status": REFUSED}])
def test_a_target_without_chap_is_refused_where_it_has_to_show_something(target, answer):
    """open-iscsi fails such a login itself (usr/auth.c, acl_next_phase)."""
    seen = trial(target(None, **answer), MUTUAL)
    assert (seen.accepted, "the target does no CHAP, and mutual CHAP asks for it" in seen.reason) == (False, True)


@pytest.mark.parametrize(
    "status, accepted, words",
    [
        (UNAVAILABLE, None, "the service is not available"),
        (0x0302, None, "the target is out of resources"),
        (0x0206, None, "too many connections"),
        (0x0203, False, "the target is not there"),
        (0x02FF, False, "login status 0x02ff"),
        (MOVED, None, "the target has moved for now"),
        (0x0400, None, "login status 0x0400"),
    ],
)
def test_a_target_that_takes_no_login_now(target, status, accepted, words):
    assert trial(target(status=status), ONE_WAY) == trial(target(status=status), MUTUAL) == Trial(accepted, words)


def test_an_algorithm_that_the_host_has_not(target, monkeypatch):
    monkeypatch.setattr(trial_tool, "chap_response", lambda *given: None)
    seen = trial(target(ONE_WAY), ONE_WAY)
    assert (seen.accepted, seen.reason) == (None, "this host has not the algorithm 5 of CHAP")


@pytest.mark.parametrize("says", [b"", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 and some more words\r\n", b"\x23" + b"\0" * 20])
def test_what_is_no_target(target, says):
    seen = trial(target(says=says), ONE_WAY)
    assert seen.accepted is False
    assert seen.reason


def test_a_portal_where_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert try_login(INITIATOR, TARGET, Portal("127.0.0.1", port), ONE_WAY, None, 5) == Trial(None, "Connection refused")


def test_a_request_is_read_back_as_it_was_made():
    request = render_login({"InitiatorName": INITIATOR}, b"\x80abcde", True, 7)
    answer = bytes([0x23]) + request[1:36] + b"\x02\x01" + request[38:]
    header, data = answer[:HEADER_BYTES], answer[HEADER_BYTES:]
    assert data_bytes(header) == len(data)
    parsed = parse_login(header, data)
    assert (parsed.keys, parsed.transit, parsed.words) == ({"InitiatorName": INITIATOR}, True, "authentication failure")
