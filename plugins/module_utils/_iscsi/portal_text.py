# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Portals: address[:port], [IPv6]:port or a host name, and the filters that choose among them.

One portal has many spellings (::1 and 0:0::1, no port and 3260), so everything is compared as a Portal.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Optional

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# RFC 7143 section 13.1, and what iSNS servers listen on (RFC 4171 section 2.7).
ISCSI_PORT = 3260
ISNS_PORT = 3205
PORT_MAX = 65535
# RFC 952 and 1123, and the underscore that private networks use.
HOST_NAME = re.compile(r"(?=.{1,253}\.?\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([^:]*))?")
NEXT_STEP = "Write address, address:port, [IPv6]:port or a host name."


@dataclass(frozen=True, order=True)
class Portal:
    """Where a target listens. host: an address in its canonical spelling, or a host name in lower case."""

    host: str
    port: int = ISCSI_PORT

    def __str__(self):
        return join(self.host, self.port)


@dataclass(frozen=True)
class PortalFilter:
    """Which portals are meant. network: an ipaddress network, or None when host is a name. port: None for any."""

    network: Optional[object]
    host: str
    port: Optional[int]

    def admits(self, portal):
        """True when the portal is one of those meant."""
        if self.port not in (None, portal.port):
            return False
        address = _address(portal.host)
        # The same link-local address on another link is another host. Without a zone it is meant on every link.
        if self.network is None or address is None or "%" in self.host:
            return portal.host == self.host
        return address.version == self.network.version and address in self.network


def parse_portal(text, default_port=ISCSI_PORT):
    """address[:port], [IPv6]:port or host name -> Portal. Raises ParseError."""
    host, port = _split(text)
    return Portal(host, default_port if port is None else port)


def parse_filter(text):
    """A portal, with or without its port, or a CIDR (10.0.0.0/8, [2001:db8::]/32:3260 is not one) -> PortalFilter. Raises ParseError."""
    if "/" in text:
        try:
            return PortalFilter(ipaddress.ip_network(text.strip().strip("[]"), strict=False), text, None)
        except ValueError as error:
            raise ParseError(f"{text!r}: not a network: {error}. Write it as 192.168.195.0/24 or 2001:db8::/32.") from None
    host, port = _split(text)
    address = _address(host)
    network = ipaddress.ip_network(int(address)) if address is not None and address.version == 4 else None
    if address is not None and address.version == 6:
        network = ipaddress.ip_network((int(address), 128))
    return PortalFilter(network, host, port)


def canonical_host(text):
    """One spelling for one address: IPv6 as RFC 5952 has it, names in lower case."""
    try:
        # Hundreds are read on a host with many sessions, and this takes a hundredth of the time: an IPv4 address has one spelling.
        socket.inet_pton(socket.AF_INET, text)
        return text
    except (OSError, ValueError):
        pass
    plain, percent, zone = text.partition("%")
    try:
        return str(ipaddress.ip_address(plain)) + percent + zone
    except ValueError:
        return text.lower().rstrip(".") or text


def is_name(host):
    """True when a host in its canonical spelling is no address."""
    return ":" not in host and bool(host.strip("0123456789."))


def join(host, port):
    """host:port as iscsiadm reads it, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _split(text):
    """-> (canonical host, port or None)"""
    word = text.strip()
    bracketed = BRACKETED.fullmatch(word)
    if bracketed:
        host, port = bracketed.groups()
        if _address(host.partition("%")[0]) is None:
            raise ParseError(f"{text!r}: not a portal: {host!r} in brackets is no IPv6 address. {NEXT_STEP}")
    elif word.count(":") > 1:
        host, port = word, None
    else:
        host, colon, rest = word.partition(":")
        port = rest if colon else None
    if _address(host.partition("%")[0]) is None and not _is_name(host):
        raise ParseError(f"{text!r}: not a portal: {host!r} is no address and no host name. {NEXT_STEP}")
    return canonical_host(host), None if port is None else _port(text, port)


def _port(text, port):
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) <= PORT_MAX:
        raise ParseError(f"{text!r}: not a portal: {port!r} is no port number. {NEXT_STEP}")
    return int(port)


def _is_name(host):
    # A name of digits and dots alone is a mistyped address.
    return bool(HOST_NAME.fullmatch(host)) and not re.fullmatch(r"[0-9.]+", host)


def _address(host):
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
