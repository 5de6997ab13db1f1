# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a target take these CHAP values: a login that ends after the authentication.

open-iscsi can try new values only by logging a live session out, and when they are wrong its path is gone. This asks the
target before. No session comes of it: the connection is closed before the login is complete, and its ISID is none
that open-iscsi uses, so that no session is taken for an old one and ended (RFC 7143, 6.3.5).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_text import (
    algorithm_numbers,
    chap_response,
    parse_binary,
    parse_identifier,
    render_binary,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.login_text import HEADER_BYTES, data_bytes, parse_login, render_login
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import look_up, open_towards

# 11.12.5: a type "random" ISID; open-iscsi's begin with the OUI 00-02-3d.
RANDOM_TYPE = b"\x80"
CHALLENGE_BYTES = 16
SUCCESS, AUTH_FAILED = 0, 0x0201
NO_CHAP = "the target does no CHAP, and mutual CHAP asks for it (username_in, password_in)"


@dataclass(frozen=True)
class Trial:
    """accepted: True, False, or None when it could not be asked. reason: why not, in words."""

    accepted: Optional[bool]
    reason: Optional[str] = None


def try_login(initiator, target, portal, login, algorithms, timeout, device=None):
    """Ask a target -> Trial.

    initiator, target: names. login: as in sysfs_tool, what is shown and expected. algorithms: chap_algs of open-iscsi, or None.
    timeout: seconds for each answer. device: a network device to go out of.
    """
    try:
        connection = _connect(portal, timeout, device)
    except OSError as error:
        return Trial(None, error.strerror or str(error))
    with connection:
        try:
            return _talk(connection, initiator, target, login, algorithms)
        except (OSError, ParseError) as error:
            return Trial(False, getattr(error, "strerror", None) or str(error))


def _connect(portal, timeout, device):
    opened, address = open_towards(portal, look_up([portal.host]), device)
    try:
        opened.settimeout(timeout)
        opened.connect(address)
    except OSError:
        opened.close()
        raise
    return opened


def _talk(connection, initiator, target, login, algorithms):
    """The three steps of 12.1.3: method, challenge, answer."""
    isid = RANDOM_TYPE + os.urandom(5)
    names = {"InitiatorName": initiator, "TargetName": target, "SessionType": "Normal"}
    asks, mutual = login.username is not None, login.username_in is not None
    # As open-iscsi: where the target has to show something, a login without CHAP counts as failed (usr/auth.c, acl_next_phase).
    first = _ask(connection, isid, {**names, "AuthMethod": "CHAP" if mutual else "CHAP,None" if asks else "None"}, not asks, None)
    method = first.keys.get("AuthMethod", "None")
    if mutual and first.status == AUTH_FAILED:
        return Trial(False, f"{first.words}: {NO_CHAP}, or it does not let this host in")
    if mutual and first.status == SUCCESS and method != "CHAP":
        return Trial(False, NO_CHAP)
    if first.status != SUCCESS or method == "None":
        return _end(first)
    second = _ask(connection, isid, {"CHAP_A": algorithm_numbers(algorithms)}, False, first.stat_sn)
    if second.status != SUCCESS:
        return _end(second)
    shown, expected = _answer(second.keys, login)
    if shown is None:
        return Trial(None, f"this host has not the algorithm {second.keys.get('CHAP_A')} of CHAP")
    third = _ask(connection, isid, shown, True, second.stat_sn)
    if third.status != SUCCESS:
        return _end(third)
    if expected and not _is_expected(third.keys, login, expected):
        return Trial(False, "the target does not know the name and secret that it should show (username_in, password_in)")
    return Trial(True)


def _answer(keys, login):
    """The keys that answer a challenge -> (keys or None without the algorithm, what the target has to answer in turn or None)."""
    identifier, challenge = parse_identifier(keys.get("CHAP_I", "0")), parse_binary(keys.get("CHAP_C", ""))
    response = chap_response(keys.get("CHAP_A"), identifier, _bytes(login.password), challenge)
    if response is None:
        return None, None
    shown = {"CHAP_N": login.username, "CHAP_R": render_binary(response)}
    if login.username_in is None:
        return shown, None
    own = os.urandom(CHALLENGE_BYTES)
    number = os.urandom(1)[0]
    expected = chap_response(keys.get("CHAP_A"), number, _bytes(login.password_in), own)
    return {**shown, "CHAP_I": str(number), "CHAP_C": render_binary(own)}, expected


def _is_expected(keys, login, expected):
    # A target that has no name for us to check sends neither key.
    return keys.get("CHAP_N") == login.username_in and parse_binary(keys.get("CHAP_R", "")) == expected


def _end(response):
    if response.status == SUCCESS:
        return Trial(True)
    # A target that has one session per initiator says 0x0206 or 0x0302 to a second one, whatever its values are.
    return Trial(False if response.refuses else None, response.words)


def _ask(connection, isid, keys, transit, stat_sn):
    connection.sendall(render_login(keys, isid, transit, stat_sn))
    header = _receive(connection, HEADER_BYTES)
    response = parse_login(header, _receive(connection, data_bytes(header)))
    if response.continues:
        raise ParseError("login: the answer comes in parts, which this trial does not put together.")
    return response


def _receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ParseError("login: the target closed the connection without an answer")
        data += part
    return data


def _bytes(secret):
    return secret.reveal().encode("utf-8", "surrogateescape") if secret else b""
