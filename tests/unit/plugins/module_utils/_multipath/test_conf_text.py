# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How libmultipath reads a file: what each of its surprises does to the structure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf, render_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree

POLLING = ("defaults", "polling_interval")
# Pieces that matter to the parser, so that examples reach its corners.
PIECES = st.sampled_from(
    ["defaults", "blacklist", "devices", "device", "overrides", "protocol", "multipaths", "multipath", "{", "}", '"', '""', "#", "!", "\n"]
    + ["\r\n", "\r", "\0", " ", "\t", "é", "\udc80", "wwid", "alias", "polling_interval", "7", "foo", "vendor", "x" * 1000]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=60).map(" ".join), st.lists(PIECES, max_size=60).map("".join))


def values(text, release=None):
    """The values of a text, {key: text}; keys of stanzas that are merely there left out."""
    table = settings_of(parse_conf(text, "f", keyword_tree(release)))
    return {key: setting.text for key, setting in table.items() if setting.text}


def codes(text, release=None):
    """The codes of the problems of a text, with their lines."""
    conf = parse_conf(text, "f", keyword_tree(release))
    return [(problem.code, problem.line + 1) for problem in conf.problems]


@given(TEXTS)
def test_any_text_is_kept(text):
    conf = parse_conf(text)
    assert render_conf(conf) == text
    assert "".join(map(conf.lines.raw, range(len(conf.lines)))) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("defaults {\n polling_interval 7\n}\n", {POLLING: "7"}, id="plain"),
        pytest.param("defaults\n{\n polling_interval 7\n}\n", {POLLING: "7"}, id="brace on the next line"),
        pytest.param("defaults{\npolling_interval 7\n}\n", {POLLING: "7"}, id="brace glued"),
        pytest.param("defaults\npolling_interval 7\n}\n", {POLLING: "7"}, id="no brace at all"),
        pytest.param("overrides\n{\n no_path_retry 3\n}\n", {}, id="overrides needs its brace"),
        pytest.param("blacklist { }\ndefaults {\n polling_interval 7\n}\n", {}, id="an empty one-line block swallows the next"),
        pytest.param("defaults { polling_interval 7 }\n", {}, id="a one-line block loses its value"),
        pytest.param("defaults {\n polling_interval 7 }\n verbosity 3\n}\n", {POLLING: "7", ("defaults", "verbosity"): "3"}, id="no close"),
        pytest.param("blacklist {\n} defaults {\n polling_interval 7\n}\n", {}, id="what follows a closing brace is lost"),
        pytest.param("defaults {\n foo {\n }\n polling_interval 7\n}\n", {}, id="the brace of an unknown block closes the known one"),
        pytest.param("DEFAULTS {\n polling_interval 7\n}\n", {}, id="keywords are case-sensitive"),
        pytest.param("defaults {\n polling_interval 5\n polling_interval 7\n}\n", {POLLING: "7"}, id="the last one wins"),
        pytest.param("defaults {\npolling_interval 5\n}\ndefaults {\npolling_interval 7\n}\n", {POLLING: "7"}, id="sections merge"),
        pytest.param("defaults {\n polling_interval 7", {POLLING: "7"}, id="the file ends in the block"),
        pytest.param("defaults {\r\n polling_interval 7\r\n}\r\n", {POLLING: "7"}, id="CRLF"),
        pytest.param("defaults {\r polling_interval 7\r}\r", {}, id="a lone CR ends what is read of a line"),
        pytest.param("defaults {\n polling_interval 7\0 8\n}\n", {POLLING: "7"}, id="so does a NUL"),
        pytest.param("\ufeffdefaults {\n\u00a0polling_interval\u00a07\n}\n", {POLLING: "7"}, id="other letters than ASCII are blanks"),
        pytest.param("defaults {\n polling_interval 7#8\n}\n", {POLLING: "7"}, id="a comment behind a word"),
        pytest.param("defaults {\n! polling_interval 7\n}\n", {}, id="an exclamation mark is a comment"),
        pytest.param("defaults {\n // polling_interval 7\n}\n", {}, id="two slashes are an unknown keyword"),
        pytest.param('defaults {\n polling_interval"7"\n}\n', {POLLING: "7"}, id="quotes need no blank"),
        pytest.param("defaults {\n polling_interval 7 8\n}\n", {POLLING: "7"}, id="what follows the value is ignored"),
    ],
)
def test_structure(text, expected):
    assert values(text) == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"a b"', "a b"),
        ('"a#b!{}"', "a#b!{}"),
        ('"2.5"" SSD"', '2.5" SSD'),
        ('""""', '"'),
        ('"a\\"b"', "a\\"),
        ("'a b'", "'a"),
        ('"a b', "a b"),
        ("sd[a-z]{1,2}", "sd[a-z]"),
        ("zz\u00e9y", "zz"),
        ('"zz\u00e9y"', "zz\u00e9y"),
    ],
)
def test_value(written, read):
    assert values(f"defaults {{\n prio_args {written}\n}}\n") == {("defaults", "prio_args"): read}


def test_long_line_is_read_in_pieces():
    comment = "#" + "x" * 1021 + " polling_interval 9"
    assert values(f"defaults {{\n{comment}\n}}\n") == {POLLING: "9"}


def test_pieces_are_counted_in_bytes():
    comment = "#" + "é" * 511 + " polling_interval 9"
    assert values(f"defaults {{\n{comment}\n}}\n") == {POLLING: "9"}


def test_a_block_newer_than_the_release_moves_what_it_holds():
    text = "overrides {\n protocol {\n  type scsi:fcp\n  fast_io_fail_tmo 11\n }\n no_path_retry 9\n}\n"
    assert values(text, (0, 9, 0)) == {("overrides", ("scsi:fcp",), "fast_io_fail_tmo"): "11", ("overrides", "no_path_retry"): "9"}
    assert values(text, (0, 8, 8)) == {("overrides", "fast_io_fail_tmo"): "11"}


def test_same_wwid_twice():
    text = "multipaths {\n" + "".join(f"multipath {{\nwwid w\nalias {alias}\n}}\n" for alias in "ab") + "}\n"
    assert values(text, (0, 9, 4))[("multipaths", ("w",), "alias")] == "b"
    assert values(text, (0, 7, 4))[("multipaths", ("w",), "alias")] == "a"


def test_two_names_of_one_value():
    assert values("defaults {\n path_checker tur\n checker directio\n}\n") == {("defaults", "path_checker"): "directio"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defaults {\n", [("unclosed", 1)]),
        ("}\n", [("unmatched", 1)]),
        ("defaults {\n foo 1\n}\n", [("unknown", 2)]),
        ("defaults {\n foo {\n }\n", [("unknown block", 2)]),
        ("defaults {\n prio\n}\n", [("missing", 2)]),
        ("defaults\n{\n}\n", [("brace", 1), ("stray", 2)]),
        ("defaults {\n prio a b\n}\n", [("extra", 2)]),
        ('defaults {\n prio "a\n}\n', [("quote", 2)]),
        ("defaults {\n}\ndefaults {\n}\n", [("duplicate", 3)]),
        ("blacklist {\n wwid a\n wwid b\n}\n", []),
    ],
)
def test_problems(text, expected):
    assert codes(text) == expected
