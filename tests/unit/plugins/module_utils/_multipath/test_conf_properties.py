# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of generated files, plausible ones and heaps of tokens: what holds whatever the file is."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree

TREES = st.sampled_from([keyword_tree(release) for release in ((0, 7, 9), (0, 8, 4), (0, 8, 8), (0, 9, 4), (0, 14, 3))])
SECTIONS = ["defaults", "blacklist", "blacklist_exceptions", "devices", "overrides", "multipaths"]
BLOCKS = {"devices": "device", "multipaths": "multipath", "overrides": "protocol", "blacklist": "device", "blacklist_exceptions": "device"}
VALUES = st.sampled_from(
    ["polling_interval 7", "polling_interval 7s", "no_path_retry fail", "no_path_retry 5 # c", "wwid a", 'wwid "b c"', "alias x", "vendor V", "product P"]
    + ['vendor "A B"', "type scsi:fcp", "fast_io_fail_tmo 9", "prio alua", "prio", "foo 1", "devnode ^sd", 'devnode "*"', "failback bogus", "checker tur"]
    + ['features "1 queue_if_no_path"', "path_selector round-robin", "path_checker directio", 'prio_args "a ""b"" c"', "property X", "rr_min_io -1"]
)
COMMENTS = st.sampled_from(["", "  ", "# c", "! c", "\t# } c"])
ODD = st.sampled_from(
    [
        "}",
        "{",
        "} }",
        "foo {",
        "defaults { }",
        "blacklist {}",
        "overrides",
        "overrides {",
        "multipath {",
        "device {",
        "protocol {",
        '"',
        '""',
        "\0",
        "\r",
        "\u00e9",
        "\udcff x",
    ]
    + ["#" + "x" * 1030 + " }", "multipaths { # c", "} defaults {", "polling_interval 7 }"]
)
INNER = st.lists(VALUES, max_size=3)


@st.composite
def plausible(draw):
    """The lines of a file that somebody may have written."""
    lines = []
    for section in draw(st.lists(st.sampled_from(SECTIONS), max_size=4)):
        lines += [draw(COMMENTS), section + draw(st.sampled_from([" {", "{", " {  # c", "\n{"])), *draw(INNER)]
        for inner in draw(st.lists(INNER, max_size=2)) if section in BLOCKS else ():
            lines += [f"\t{BLOCKS[section]} {{", *(f"\t\t{value}" for value in inner), "\t}"]
        lines += ["}", draw(COMMENTS)]
    return lines


@st.composite
def files(draw):
    """A text."""
    lines = draw(st.one_of(plausible(), st.lists(st.one_of(VALUES, COMMENTS, ODD), max_size=12)))
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), draw(ODD))
    text = "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n", "\n# end"]))
    return text.replace("\n", "\r\n") if draw(st.integers(0, 4)) == 0 else text


ADDED = st.sampled_from(
    [
        {"multipaths": [{"wwid": "n1", "alias": "a b"}, {"wwid": "n2"}]},
        {"devices": [{"vendor": "N", "product": "p", "prio": "alua"}]},
        {"blacklist": [{"wwid": "n"}, {"device": {"vendor": "N", "product": "q"}}], "blacklist_exceptions": [{"property": "n"}]},
        {"multipaths": [{"wwid": "n3"}], "devices": [{"vendor": "N", "product": "p"}], "blacklist": [{"devnode": "n{1,2}"}]},
    ]
)
SET = st.sampled_from(
    [
        {"defaults": {"polling_interval": 11, "verbosity": 3}, "overrides": {"no_path_retry": 4}},
        {"defaults": {"polling_interval": None, "prio": None}, "overrides": {"prio": "alua", "no_path_retry": None}},
        {"devices": [{"vendor": "V", "product": "P", "no_path_retry": 3, "prio": None}], "multipaths": [{"wwid": "b c", "alias": "z"}]},
        {"devices": [{"vendor": "V", "product": "P"}], "multipaths": [{"wwid": "a"}], "state": "absent"},
        {"defaults": {"prio": "const"}, "blacklist": [{"devnode": "^sd"}], "multipaths": [{"wwid": "a", "alias": "k"}], "exclusive": True},
        {"devices": [], "multipaths": [], "blacklist": [], "blacklist_exceptions": [], "exclusive": True},
    ]
)


def edit(text, tree, wanted):
    """The Edit of a text; an example that is refused is none."""
    try:
        return edit_conf(parse_conf(text, "f", tree), Wanted(**wanted))
    except SanError:
        return assume(False)


def meanings(text, tree):
    """What a text sets, {key: meaning}."""
    return {key: setting.meaning for key, setting in settings_of(parse_conf(text, "f", tree)).items()}


@given(files(), TREES, st.one_of(ADDED, SET))
def test_twice_is_once(text, tree, wanted):
    once = edit(text, tree, wanted)
    again = edit(once.text, tree, wanted)
    assert (again.text, again.changed_keys) == (once.text, ())
    assert (once.text != text) is bool(once.changed_keys)


@given(files(), TREES, ADDED)
def test_added_and_removed_is_the_first_file(text, tree, wanted):
    assert edit(edit(text, tree, wanted).text, tree, {**wanted, "state": "absent"}).text == text


@given(files(), TREES, st.one_of(ADDED, SET))
def test_only_named_keys_change(text, tree, wanted):
    outcome = edit(text, tree, wanted)
    before, after = (meanings(each, tree) for each in (text, outcome.text))
    named = dict(outcome.wanted)
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert {key for key in changed if key not in named and key[:2] not in named} == set()
    assert {key: after.get(key) for key in named} == named
