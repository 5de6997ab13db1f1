# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHAP's texts, and answers that md5sum and sha256sum of coreutils and openssl give to the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_text import (
    algorithm_numbers,
    chap_response,
    parse_binary,
    parse_identifier,
    render_binary,
)


@pytest.mark.parametrize(
    "number, answer",
    [
        ("5", "4b23a16d35df6ae7154c2d5631f60e1b"),
        ("7", "373308f0351c9afb3a85c6d72a8e7f7fa39b6b597cfe1b88c36d69bdb4096875"),
        ("8", "2d63e696ae9b0ca8f539b1fdf1bf042d5bf522c038a0942ad3bc643075526f63"),
    ],
)
def test_answers(number, answer):
    assert chap_response(number, 7, b"twelve-bytes", b"\x01\x02\x03\x04").hex() == answer


@pytest.mark.parametrize("number", ["9", "", None])
def test_an_unknown_algorithm_has_no_answer(number):
    assert chap_response(number, 7, b"twelve-bytes", b"\x01") is None


@pytest.mark.parametrize(
    "text, numbers",
    [(None, "5"), ("", "5"), ("MD5", "5"), ("SHA3-256,SHA256,SHA1,MD5", "8,7,6,5"), ("SHA256, MD5", "7,5")],
)
def test_algorithms(text, numbers):
    assert algorithm_numbers(text) == numbers


@given(st.binary(min_size=1, max_size=64))
def test_binary_comes_back(value):
    assert parse_binary(render_binary(value)) == value


@pytest.mark.parametrize("text, value", [("0xABC", b"\x0a\xbc"), ("0X01", b"\x01"), ("0bAQI=", b"\x01\x02")])
def test_spellings(text, value):
    assert parse_binary(text) == value


@pytest.mark.parametrize("text, number", [("0", 0), ("200", 200), ("0x1f", 31), ("0XFF", 255), ("0x001F", 31)])
def test_identifiers(text, number):
    assert parse_identifier(text) == number


@pytest.mark.parametrize("text", ["", "x", "256", "0x100", "-1", "0b1", "1_0", " 1", "\u0661", "9" * 5000])
def test_what_is_no_identifier(text):
    with pytest.raises(ParseError, match="CHAP"):
        parse_identifier(text)


@pytest.mark.parametrize("text", ["", "12", "0xzz", "0b***", "abc"])
def test_what_is_no_binary_value(text):
    with pytest.raises(ParseError, match="CHAP"):
        parse_binary(text)
