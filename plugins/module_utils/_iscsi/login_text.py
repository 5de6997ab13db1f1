# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Login requests and responses on the wire (RFC 7143, 11.12 and 11.13), of the security negotiation only."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

HEADER_BYTES = 48
# What a target may send in this stage: MaxRecvDataSegmentLength is its default of 8192 until it is negotiated.
MOST_DATA_BYTES = 8192
_REQUEST = 0x43  # a login request, immediate
_RESPONSE = 0x23
_TRANSIT = 0x80
_TO_OPERATIONAL = 0x01  # CSG 0, NSG 1
_INITIATOR_ERROR = 2
_TOO_MANY = 0x0206
# 11.13.5: class and detail -> words.
STATUSES = {
    0x0000: "success",
    0x0101: "the target has moved for now",
    0x0102: "the target has moved for good",
    0x0201: "authentication failure",
    0x0202: "authorization failure",
    0x0203: "the target is not there",
    0x0204: "the target was removed",
    _TOO_MANY: "too many connections",
    0x0207: "a parameter is missing",
    0x0300: "error of the target",
    0x0301: "the service is not available",
    0x0302: "the target is out of resources",
}


@dataclass(frozen=True)
class LoginResponse:
    """status: class and detail, 0x0201. transit: the target goes on to the next stage. stat_sn: its number for the next request's ExpStatSN."""

    status: int
    transit: bool
    continues: bool
    stat_sn: int
    keys: dict = field(default_factory=dict)

    @property
    def refuses(self):
        """True when the initiator, its values or its request are refused: not for a redirection, a limit, or trouble of the target."""
        return self.status >> 8 == _INITIATOR_ERROR and self.status != _TOO_MANY

    @property
    def words(self):
        """The status in words."""
        return STATUSES.get(self.status, f"login status 0x{self.status:04x}")


def render_login(keys, isid, transit, stat_sn=None):
    """A request of the security stage -> bytes. keys: name -> text. isid: 6 bytes. stat_sn: that of the last response, None for the first request."""
    data = b"".join(f"{name}={value}".encode("utf-8", "surrogateescape") + b"\0" for name, value in keys.items())
    flags = _TO_OPERATIONAL | _TRANSIT if transit else 0
    # TSIH 0: a new session. One task tag and one command number serve the whole login.
    expected = 0 if stat_sn is None else (stat_sn + 1) & 0xFFFFFFFF
    numbers = struct.pack(">6sHIHHII16x", isid, 0, 1, 0, 0, 1, expected)
    header = struct.pack(">BBBBI", _REQUEST, flags, 0, 0, len(data)) + numbers
    return header + data + b"\0" * (-len(data) % 4)


def data_bytes(header):
    """How many bytes follow a header, padding included. Raises ParseError."""
    length = int.from_bytes(header[5:8], "big")
    if len(header) != HEADER_BYTES or header[0] & 0x3F != _RESPONSE or header[4] or length > MOST_DATA_BYTES:
        raise ParseError("login: the answer is no login response. Look at what listens at this portal.")
    return length + -length % 4


def parse_login(header, data):
    """A response's header and data -> LoginResponse. Raises ParseError."""
    length = int.from_bytes(header[5:8], "big")
    pairs = (item.partition(b"=") for item in data[:length].split(b"\0") if item)
    keys = {name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape") for name, mark, value in pairs if mark}
    return LoginResponse(
        status=int.from_bytes(header[36:38], "big"),
        transit=bool(header[1] & _TRANSIT),
        continues=bool(header[1] & 0x40),
        stat_sn=int.from_bytes(header[24:28], "big"),
        keys=keys,
    )
