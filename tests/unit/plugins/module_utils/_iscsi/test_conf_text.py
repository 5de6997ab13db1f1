# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines render back byte for byte, and count as open-iscsi's readers count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_text

KEY = "node.session.timeo.replacement_timeout"
PASSWORD = "node.session.auth.password"
PIECES = ["node.a", "node.b", "iscsid.c", "=", " = ", " ", "\t", "#", '"', "x", "\r\n", "\n", "\n", "\u00e9", "\udcff", "\x85"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def parse(text):
    return conf_text.parse_conf(text, "iscsid.conf")


@given(text=st.one_of(TEXTS, st.text()))
def test_a_text_renders_back_or_is_refused_by_line(text):
    try:
        lines = parse(text)
    except ParseError as error:
        assert str(error).startswith("iscsid.conf, line ")
    else:
        assert conf_text.render_conf(lines) == text


@given(text=TEXTS, key=st.sampled_from(["node.a", "node.b", "iscsid.c"]))
def test_setting_a_key_counts_and_leaves_the_other_keys(text, key):
    try:
        lines = parse(text)
    except ParseError:
        return
    after = parse(conf_text.render_conf(conf_text.set_key(lines, key, "7")))
    assert conf_text.effective(after, key) == "7"
    for other in {line.key for line in lines} - {key, None}:
        assert conf_text.effective(after, other) == conf_text.effective(lines, other)
    assert not conf_text.stands(parse(conf_text.render_conf(conf_text.remove_key(after, key))), key)


@pytest.mark.parametrize(
    "text, value",
    [
        (f"{KEY} = 1\n{KEY} = 2\n", "2"),
        (f"{KEY} =1\n", "1"),
        (f"  {KEY}\t=  1 \t\r\n", "1"),
        (f"{KEY}=1\n", None),
        (f"{KEY}= 1\n", None),
        (f"{KEY}== 1\n", "1"),
        (f"{KEY} == 1\n", "= 1"),
        (f"{KEY} =\n", None),
        (f"#{KEY} = 1\n", None),
        (f"{KEY} = 1\n{KEY} = 2", "1"),
        (f'{KEY} = a "b" #c \\\n', 'a "b" #c \\'),
    ],
)
def test_idbm_takes(text, value):
    assert conf_text.effective(parse(text), KEY) == value


@pytest.mark.parametrize("text, value", [("iscsid.startup=a\niscsid.startup = b\n", "a"), ("iscsid.startup =\niscsid.startup = b", "b")])
def test_iscsid_takes(text, value):
    assert conf_text.effective(parse(text), "iscsid.startup") == value


@pytest.mark.parametrize(
    "before, after",
    [
        (f"a.b = 1\n#{KEY} = 120\n\n", f"a.b = 1\n#{KEY} = 120\n{KEY} = 5\n\n"),
        (f"  {KEY}  =  120  \r\n", f"  {KEY}  =  5  \r\n"),
        (f"{KEY}=120\n", f"{KEY} = 5\n"),
        ("# end\r\n", f"# end\r\n{KEY} = 5\r\n"),
        ("", f"{KEY} = 5\n"),
        # The unended line is not in force and must not come into force.
        ("a.b = 1", f"{KEY} = 5\na.b = 1"),
        (f"# {KEY} = 1", f"# {KEY} = 1\n{KEY} = 5\n"),
        (f"{KEY} = 1", f"{KEY} = 5\n"),
    ],
)
def test_where_a_key_is_set(before, after):
    assert conf_text.render_conf(conf_text.set_key(parse(before), KEY, "5")) == after


@pytest.mark.parametrize(
    "line",
    [
        "hunter2",
        "= hunter2",
        f"{PASSWORD} hunter2",
        f"{KEY} = {'hunter2' * conf_text.MAX_VALUE_BYTES}",
        f"{'k.hunter2' * conf_text.MAX_KEY_BYTES} = 1",
        f"iscsid.startup = hunter2{' ' * conf_text.MAX_LINE_BYTES[True]}x",
        f"{KEY} = hunter2\0",
    ],
)
def test_a_broken_line_is_named_by_number_and_not_shown(line):
    with pytest.raises(ParseError, match="iscsid.conf, line 2: ") as caught:
        parse(f"# first\n{line}\n")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        f"{PASSWORD} = hunter2",
        f"{PASSWORD}=hunter2",
        f"  #  {PASSWORD}_in = hunter2",
        "discovery.sendtargets.auth.password = hunter2 # = hunter2",
        "node.session.auth.pasword = hunter2",
        "# the old password: hunter2",
    ],
)
def test_a_secret_in_the_file_is_not_shown(line):
    shown = conf_text.render_shown(parse(f"a.b = 1\n{line}\r\nc.d = 2\n"))
    assert "hunter2" not in shown
    assert shown.startswith("a.b = 1\n") and shown.endswith("********\r\nc.d = 2\n")


def test_only_the_line_that_counts_is_marked():
    shown = conf_text.render_shown(parse(f"{PASSWORD} = a\n{PASSWORD} = b\n"), [PASSWORD])
    assert shown == f"{PASSWORD} = ********\n{PASSWORD} = ******** (changed)\n"


@pytest.mark.parametrize(
    "text, held",
    [(f"{PASSWORD} = x\n", True), (f"{PASSWORD}=x\n", True), (f"#{PASSWORD} = password\n", False), (f"#{PASSWORD} = x\n", True), (f"{PASSWORD} =\n", False)],
)
def test_what_a_secret_is(text, held):
    assert conf_text.holds_secret(parse(text)) is held


def test_ignored_lines_are_told():
    assert [(number, key) for number, key, reason in conf_text.ignored_lines(parse("a.b = 1\nc.d=2\ne.f =\ng.h = 1"))] == [(2, "c.d"), (3, "e.f"), (4, "g.h")]
