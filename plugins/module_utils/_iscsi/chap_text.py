# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHAP as iSCSI has it (RFC 7143, 12.1.3): the texts of its keys, and the answer to a challenge."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# The name in open-iscsi's chap_algs -> number on the wire (IANA, PPP Authentication Algorithms), name in hashlib.
ALGORITHMS = {"MD5": (5, "md5"), "SHA1": (6, "sha1"), "SHA256": (7, "sha256"), "SHA3-256": (8, "sha3_256")}
DEFAULT_ALGORITHMS = "MD5"
BYTE_MAX = 255
# Of a number as text, leading zeros included.
MOST_DIGITS = 20


def algorithm_numbers(text):
    """chap_algs of a record, "SHA256,MD5" or None -> the value of CHAP_A, "7,5"."""
    names = [name for name in re.split(r"[, ]+", text or DEFAULT_ALGORITHMS) if name in ALGORITHMS]
    return ",".join(str(ALGORITHMS[name][0]) for name in names)


def chap_response(number, identifier, secret, challenge):
    """The answer to a challenge -> bytes, or None when this host has not that algorithm. number: text of CHAP_A. secret, challenge: bytes."""
    name = next((name for known, name in ALGORITHMS.values() if str(known) == number), None)
    try:
        # hashlib.new, because a host in FIPS mode has MD5 for nothing.
        return hashlib.new(name, bytes([identifier]) + secret + challenge).digest() if name else None
    except ValueError:
        return None


def parse_identifier(text):
    """The text of CHAP_I, a byte as a decimal or hexadecimal constant (6.1) -> int. Raises ParseError."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", text) and len(text) <= MOST_DIGITS:
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
        if number <= BYTE_MAX:
            return number
    raise ParseError(f"CHAP: {text[:40]!r} is no identifier of one byte. Look at the target.")


def render_binary(value):
    """bytes -> the text of a binary value."""
    return "0x" + value.hex()


def parse_binary(text):
    """The text of a binary value, 0x... or 0b... -> bytes. Raises ParseError."""
    try:
        if text[:2] in ("0x", "0X"):
            return bytes.fromhex(text[2:] if len(text) % 2 == 0 else "0" + text[2:])
        if text[:2] in ("0b", "0B"):
            return base64.b64decode(text[2:], validate=True)
    except (ValueError, binascii.Error):
        pass
    raise ParseError(f"CHAP: {text[:40]!r} is no binary value. Look at the target.")
