# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record files, on those that iscsiadm 2.1.8 has written."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.kind_text import text_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import is_secret, parse_record, render_changes, render_new
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
RECORDS = sorted(path for path in FIXTURES.glob("iscsiadm-*.txt") if path.read_text(encoding="utf-8").startswith("# BEGIN RECORD"))
PASSWORD = "node.session.auth.password"
keys = st.from_regex(r"node\.[a-z]{1,8}(\[0\])?\.[A-Za-z_]{1,12}", fullmatch=True)
values = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Z")), min_size=1).filter(lambda text: text == text.strip() and text != "<empty>")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_no_change_is_no_change(path):
    text = path.read_text(encoding="utf-8")
    assert parse_record(text)
    assert render_changes(text, {}) == text
    current = dict(parse_record(text))
    assert parse_record(render_changes(text, current)) == current


def test_a_listing_is_the_record():
    listed = parse_record((FIXTURES / "iscsiadm-2.1.8-node-show.txt").read_text(encoding="utf-8"))
    assert listed == parse_record((FIXTURES / "iscsiadm-2.1.8-node-default.txt").read_text(encoding="utf-8"))


def test_secrets_are_wrapped():
    record = parse_record((FIXTURES / "iscsiadm-2.1.8-node-chap.txt").read_text(encoding="utf-8"))
    assert record[PASSWORD] == Secret('p w#"x$')
    assert is_secret("discovery.sendtargets.auth.password_in")
    assert not is_secret("node.session.auth.username")


@given(st.sampled_from(RECORDS), st.dictionaries(keys, st.none() | values, max_size=5))
def test_changes_are_read_back(path, changes):
    text = path.read_text(encoding="utf-8")
    before, after = parse_record(text), parse_record(render_changes(text, changes))
    assert {key: after.get(key) for key in changes} == changes
    assert {key: value for key, value in after.items() if key not in changes} == {key: value for key, value in before.items() if key not in changes}


@pytest.mark.parametrize("text", ["", " \n", "# BEGIN RECORD 2.1.8\n", "# BEGIN RECORD 2.1.8\n# END RECORD\n", "node.na", "node.name = iqn.a"])
def test_what_has_no_key_is_no_record(text):
    with pytest.raises(ParseError):
        parse_record(text)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_frame_need_not_be_there(path):
    text = path.read_text(encoding="utf-8")
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert parse_record(bare) == parse_record(text)
    key = next(iter(parse_record(text)))
    changed = render_changes(bare, {key: "x", "node.new": "y"})
    assert parse_record(changed) == {**parse_record(text), key: "x", "node.new": "y"} and changed.endswith("\nnode.new = y\n")


def test_a_line_that_was_cut_off_counts_for_nothing():
    text = "# BEGIN RECORD 2.1.8\nnode.name = iqn.a\nnode.startup = auto"
    assert parse_record(text) == {"node.name": "iqn.a"}
    assert render_changes(text, {"node.tpgt": "1"}) == "# BEGIN RECORD 2.1.8\nnode.name = iqn.a\nnode.tpgt = 1\n"


@given(st.text())
def test_only_parse_errors(text):
    try:
        parse_record(text)
    except ParseError:
        pass


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=300) | st.text("a ~$'\"#=\u00a0\t\r\u00e9<>", max_size=20))
def test_a_secret_is_kept_exactly_or_refused(value):
    text = (FIXTURES / "iscsiadm-2.1.8-node-default.txt").read_text(encoding="utf-8")
    try:
        kept = text_of(PASSWORD, value)
    except SanError as refused:
        assert len(value) < 4 or value not in str(refused)
        return
    assert parse_record(render_changes(text, {PASSWORD: Secret(kept)}))[PASSWORD].reveal() == value


@pytest.mark.parametrize("value", ["qx\nb", " qx", "qx ", "x" * 256, "\u00e4" * 128, "a\0b", "<empty>"])
def test_values_that_cannot_be_stored(value):
    with pytest.raises(SanError) as caught:
        text_of(PASSWORD, value)
    assert value not in str(caught.value)


def test_a_line_without_a_blank_before_the_equals_sign_is_passed_over_and_mended():
    text = (FIXTURES / "iscsiadm-2.1.8-node-default.txt").read_text(encoding="utf-8")
    edited = text.replace("node.startup = manual\n", "node.startup=automatic\n")
    assert edited != text and "node.startup" not in parse_record(edited)
    mended = render_changes(edited, {"node.startup": "automatic"})
    assert mended == text.replace("node.startup = manual\n", "node.startup = automatic\n")


@pytest.mark.parametrize("line", ["note to self", "node.startup", "two words = x", "= x", "<<<<<<< HEAD"])
def test_a_line_that_is_none_is_passed_over_and_kept(line):
    text = (FIXTURES / "iscsiadm-2.1.8-node-chap.txt").read_text(encoding="utf-8")
    edited = text.replace("# END RECORD", f"{line}\n# END RECORD")
    assert parse_record(edited) == parse_record(text)
    assert f"\n{line}\n" in render_changes(edited, {"node.startup": "onboot"})


def test_a_new_record():
    assert parse_record(render_new({"iface.iscsi_ifacename": "eth1", "iface.mtu": None})) == {"iface.iscsi_ifacename": "eth1"}
