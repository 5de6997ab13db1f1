# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values: what a keyword takes, what means the same, how it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import all_paths, keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import meaning, taken
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.line_text import read_tokens
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import check_regex, matches
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.value_text import is_reservation_key, render_value, wanted_text


@given(st.text(st.characters(blacklist_categories=("Cc", "Cs"))), st.booleans())
def test_written_value_is_read_whole(text, quote):
    (token,) = read_tokens(render_value(text, quote))
    assert (token.text, token.closed) == (text, True)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("yes_no", "yes", "1"),
        ("find_multipaths", "yes", "on"),
        ("no_path_retry", "fail", "0"),
        ("off_or_seconds", "010", "10"),
        ("dev_loss_tmo", "infinity", "4294967295"),
        ("path_selector", "service-time  0", "service-time 0"),
        ("mode", "0660", "660"),
    ],
)
def test_same_meaning(kind, one, other):
    assert meaning(kind, one) == meaning(kind, other)


REFUSED = ["[z-a]", "[[:foo:]]", "[[.foo.]]", "a{32768}", "\\b*"]


@pytest.mark.parametrize("text", ["*", "+", "(*a)", "a|*", "^*", "[a", "[[:alpha:]", "(a", "a{2,1}", "a{x}", "a\\", "\\1", "!*", "$*", *REFUSED])
def test_bad_regex(text):
    with pytest.raises(SanError, match="regular expression"):
        check_regex(text)


@pytest.mark.parametrize("text", [".*", "^(sd|dasd)[a-z]+", "!^sd", "\\!^sd", "[]a]", "[^]]", "[[:alpha:]]", "a{1,2}", "a{2}", "(a)\\1", "a)", "\\*", "\\!*"])
def test_good_regex(text):
    check_regex(text)
    assert wanted_text("regex", text, None) == text


@pytest.mark.parametrize(
    ("text", "subject", "fits"),
    [
        ("^sd[[:lower:]]$", "sdb", True),
        ("1", "32033001378901d00", True),
        ("^sd", "dm-0", False),
        ("!^sd", "dm-0", True),
        ("\\!^sd", "sdb", False),
        ("a+?b", "b", True),
        ("\xe4", "\xe4", True),
        ("[", "[", False),
        ("!*", "sdb", False),
        (".*", None, False),
    ],
)
def test_what_an_expression_fits(text, subject, fits):
    assert matches(text, subject) is fits


def test_every_kind_is_known():
    tree = keyword_tree()
    kinds = {tree.known(path).kind for path in all_paths() if tree.known(path)} - {"block"}
    for kind in kinds:
        with pytest.raises(SanError):
            wanted_text(kind, "\n", None)


def test_wwid_that_yaml_made_a_number():
    assert wanted_text("identity", 360014050000, None) == "360014050000"


@pytest.mark.parametrize("text", ["file", "0x1f", "1F", "0123456789abcdef0", "12:aptpl", "12:other", "x1"])
def test_reservation_key(text):
    assert is_reservation_key(text)


@pytest.mark.parametrize("text", ["", "0", "0x", "file:aptpl", "zz", "0:aptpl", "0123456789abcdef01", "1 2", "00x1"])
def test_no_reservation_key(text):
    assert not is_reservation_key(text)


@pytest.mark.parametrize("kind", ["counted", "path_selector", "count", "group", "seconds", "failback"])
@pytest.mark.parametrize("text", ["\u00b2", "\u0663 a b c", "service-time \u00b2", "0\u0663", ""])
def test_digits_of_other_scripts_are_none(kind, text):
    assert taken(kind, text) is None
