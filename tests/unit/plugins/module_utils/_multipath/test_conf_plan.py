# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of multipath.conf: what is named changes, all else stays byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import sheet_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree

FILE = """# ours
defaults {
    find_multipaths  on   # needs two paths
    user_friendly_names "no"
}

multipaths {
    multipath {
        wwid  3600a
        alias data
    }
}
"""
WORDS = st.text('ab c#!{}"é.*', min_size=1, max_size=8).filter(str.strip)


def have_no_alias_twice(table):
    """Whether no two stanzas have one alias."""
    aliases = [values["alias"] for values in table.values() if "alias" in values]
    return len(set(aliases)) == len(aliases)


STANZAS = st.dictionaries(WORDS, st.dictionaries(st.sampled_from(["alias", "prio_args"]), WORDS), max_size=4).filter(have_no_alias_twice)
ENTRIES = st.lists(st.fixed_dictionaries({"wwid": st.text("abc ", min_size=1, max_size=5)}), max_size=4)
LAYOUTS = st.sampled_from(
    ["", "\n", "# x", "# x\n\n", "defaults {\n}\n", "multipaths {\n}\n", "multipaths {\n\n}", "multipaths\n{\n\n\n}\n", "blacklist {\n# c\n}\n"]
    + ["blacklist {\r\n\twwid z\r\n}\r\n", FILE, FILE + "\n\n", FILE.strip(), "multipaths {\n}\nblacklist {\n}"]
)


def edit(text, release=None, **wanted):
    """The Edit of a text."""
    return edit_conf(parse_conf(text, "f", keyword_tree(release)), Wanted(**wanted))


def stanzas(table):
    """The option multipaths of {wwid: values}."""
    return [{"wwid": wwid, **values} for wwid, values in table.items()]


@given(LAYOUTS, STANZAS, ENTRIES)
def test_second_time_changes_nothing(text, table, entries):
    wanted = {"multipaths": stanzas(table), "blacklist": entries, "defaults": {"verbosity": 3}}
    once = edit(text, **wanted)
    again = edit(once.text, **wanted)
    assert (again.text, again.changed_keys) == (once.text, ())


@given(LAYOUTS, STANZAS, ENTRIES)
def test_removing_what_was_added_gives_the_first_file(text, table, entries):
    wanted = {"multipaths": stanzas(table), "blacklist": entries, "devices": [{"vendor": "v", "product": "p", "prio": "alua"}]}
    assert edit(edit(text, **wanted).text, state="absent", **wanted).text == text


def test_null_removes_what_was_set():
    added = edit(FILE, defaults={"verbosity": 3}, overrides={"no_path_retry": "fail"}).text
    assert edit(added, defaults={"verbosity": None}, overrides={"no_path_retry": None}).text == FILE


def test_changed_line_keeps_its_layout():
    outcome = edit(FILE, defaults={"find_multipaths": "strict", "user_friendly_names": True})
    assert outcome.text == FILE.replace("on   #", "strict   #").replace('"no"', '"yes"')
    assert outcome.changed_keys == ("defaults.find_multipaths", "defaults.user_friendly_names")


def test_keyword_behind_a_value_is_not_dropped():
    text = "defaults {\n\tuser_friendly_names yes    find_multipaths yes\n\tpath_selector round-robin 0\n}\n"
    with pytest.raises(SanError, match="f line 2: find_multipaths behind the value is ignored. Give it a line of its own"):
        edit(text, defaults={"user_friendly_names": False})
    assert edit(text, defaults={"user_friendly_names": True}).text == text
    # What is behind this one was meant as a part of it.
    assert edit(text, defaults={"path_selector": "service-time 0"}).text == text.replace("round-robin 0", '"service-time 0"')


@pytest.mark.parametrize("value", ["yes", True, "1", "on"])
def test_same_meaning_is_no_change(value):
    assert edit(FILE, defaults={"find_multipaths": value}).text == FILE


def test_new_lines_follow_the_file():
    outcome = edit(FILE.replace("\n", "\r\n"), multipaths=[{"wwid": "3600b", "alias": "a b"}])
    expected = FILE.replace("data\n    }\n", 'data\n    }\n    multipath {\n        wwid 3600b\n        alias "a b"\n    }\n')
    assert outcome.text == expected.replace("\n", "\r\n")


def test_new_file_is_in_the_portable_form():
    outcome = edit("", defaults={"verbosity": 3}, blacklist=[{"device": {"vendor": "A B", "product": ".*"}}])
    assert outcome.text == ('defaults {\n\tverbosity 3\n}\n\nblacklist {\n\tdevice {\n\t\tvendor "A B"\n\t\tproduct .*\n\t}\n}\n')


def test_integers_are_never_quoted():
    text = 'defaults {\n\tprio "alua"\n\tpath_checker "tur"\n\trr_min_io "100"\n}\n'
    outcome = edit(text, defaults={"rr_min_io": 200, "verbosity": 3, "uid_attribute": "ID_X"})
    assert outcome.text == text.replace('"100"\n', '200\n\tverbosity 3\n\tuid_attribute "ID_X"\n')


def test_winning_duplicate_is_changed():
    text = "defaults {\nverbosity 1\nverbosity 2\n}\ndefaults {\nverbosity 3\nprio x\n}\n"
    assert edit(text, defaults={"verbosity": 4}).text == text.replace("verbosity 3", "verbosity 4")


def test_removal_takes_every_duplicate():
    text = "defaults {\nverbosity 1\nprio x\n}\ndefaults {\nverbosity 3\nprio y\n}\n"
    assert edit(text, defaults={"verbosity": None}).text == text.replace("verbosity 1\n", "").replace("verbosity 3\n", "")


def test_the_other_name_of_a_value_is_changed():
    text = "defaults {\n path_checker tur\n checker directio\n}\n"
    assert edit(text, defaults={"path_checker": "rdac"}).text == text.replace("directio", "rdac")


def test_exclusive_leaves_what_is_listed():
    text = FILE + 'blacklist {\n\tdevnode "^sda"\n\twwid x\n}\n'
    outcome = edit(text, exclusive=True, defaults={"verbosity": 3}, blacklist=[{"wwid": "x"}], multipaths=[{"wwid": "z", "alias": "n"}])
    assert "find_multipaths" not in outcome.text and "^sda" not in outcome.text and "3600a" not in outcome.text
    assert outcome.text.startswith("# ours\ndefaults {\n    verbosity 3\n}\n") and "\twwid x\n" in outcome.text


def test_exclusive_joins_stanzas_of_one_wwid():
    text = "multipaths {\nmultipath {\nwwid w\nalias a\nprio x\n}\nmultipath {\nwwid w\nalias b\n}\n}\n"
    outcome = edit(text, exclusive=True, multipaths=[{"wwid": "w", "alias": "c"}])
    assert outcome.text == "multipaths {\nmultipath {\nwwid w\nalias c\n}\n}\n"


def test_absent_by_identity_takes_the_stanza():
    assert edit(FILE, state="absent", multipaths=[{"wwid": "3600a"}]).text == FILE[: FILE.index("\nmultipaths")]


def test_absent_key_leaves_the_rest():
    text = FILE.replace("alias data\n", "alias data\n        prio alua\n")
    assert edit(text, state="absent", multipaths=[{"wwid": "3600a", "prio": "any"}]).text == FILE


@pytest.mark.parametrize(
    ("text", "options", "left"),
    [
        ("defaults {   # CHG-4711\n\tprio alua\n}\n", {"defaults": {"prio": None}}, "defaults {   # CHG-4711\n}\n"),
        ("defaults {\n\tprio alua # why\n}  # end\n", {"defaults": {"prio": None}}, "defaults {\n}  # end\n"),
        ("blacklist { ! site B\n\twwid x\n}\n", {"state": "absent", "blacklist": [{"wwid": "x"}]}, "blacklist { ! site B\n}\n"),
        (
            "multipaths {\nmultipath {\nwwid w\n# do not rename\nalias a\n}\n}\n",
            {"state": "absent", "multipaths": [{"wwid": "w", "alias": "a"}]},
            "multipaths {\nmultipath {\nwwid w\n# do not rename\n}\n}\n",
        ),
        (
            "multipaths { # ours\nmultipath {\nwwid w # disk 7\nalias a\n}\n}\n",
            {"state": "absent", "multipaths": [{"wwid": "w", "alias": "a"}]},
            "multipaths { # ours\nmultipath {\nwwid w # disk 7\n}\n}\n",
        ),
        ("multipaths { # ours\nmultipath {\nwwid w # disk 7\n}\n}\n", {"state": "absent", "multipaths": [{"wwid": "w"}]}, "multipaths { # ours\n}\n"),
        ("multipaths {\nmultipath {\nwwid w\nalias a # x\n}\n}\n", {"state": "absent", "multipaths": [{"wwid": "w", "alias": "a"}]}, ""),
    ],
)
def test_a_comment_stays_without_the_last_key(text, options, left):
    assert edit(text, **options).text == left
    assert edit(left, **options).text == left


@pytest.mark.parametrize("section", ["multipaths { # c\n}\n", "multipaths {\n} # c\n", "multipaths { # c\n\tmultipath { # d\n\t\twwid w\n\t}\n}\n"])
def test_an_alias_added_to_what_has_a_comment_and_removed(section):
    options = {"multipaths": [{"wwid": "w", "alias": "a"}]}
    assert edit(edit(section, **options).text, state="absent", **options).text == section


def test_empty_section_that_was_there_stays():
    text = "blacklist {\n}\n"
    assert edit(edit(text, blacklist=[{"wwid": "x"}]).text, state="absent", blacklist=[{"wwid": "x"}]).text == text


def test_protocol_of_overrides():
    outcome = edit("", (0, 9, 4), overrides={"no_path_retry": "fail", "protocol": [{"type": "scsi:iscsi", "fast_io_fail_tmo": 9}]})
    assert outcome.text.splitlines()[2:5] == ["\tprotocol {", "\t\ttype scsi:iscsi", "\t\tfast_io_fail_tmo 9"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_null_removes_every_protocol_of_overrides(state):
    protocols = "\tprotocol {\n\t\ttype scsi:iscsi\n\t\tfast_io_fail_tmo 5\n\t}\n\tprotocol {\n\t\ttype scsi:fcp\n\t\tdev_loss_tmo 9\n\t}\n"
    text = f"overrides {{\n\tno_path_retry 5\n{protocols}}}\n"
    outcome = edit(text, overrides={"protocol": None}, state=state)
    assert outcome.text == "overrides {\n\tno_path_retry 5\n}\n"
    assert outcome.changed_keys == ("overrides[scsi:iscsi]", "overrides[scsi:fcp]")
    assert edit(outcome.text, overrides={"protocol": None}, state=state).changed_keys == ()
    assert edit(text, overrides={"protocol": []}).text == text
    assert edit(text, overrides={"no_path_retry": 5}, state="present").text == text


@pytest.mark.parametrize("section", ["blacklist", "blacklist_exceptions"])
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"foo": "x"}, "foo: no keyword of multipath.conf"),
        ({"alias": "x"}, "but of multipaths multipath"),
        ({"devnode": None}, "devnode: None is neither a text nor a number"),
        ({"wwid": True}, "wwid: True is neither a text nor a number"),
        ({"wwid": ["x"]}, "is neither a text nor a number"),
        ({"device": {"vendor": None}}, "device vendor: None is neither a text nor a number"),
    ],
)
def test_entry_to_remove_that_is_none(section, entry, words):
    with pytest.raises(SanError, match=f"{section} .*{words}"):
        edit(f"{section} {{\n\tdevnode None\n\twwid True\n}}\n", state="absent", **{section: [entry]})


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        pytest.param("blacklist { }\ndefaults {\nverbosity 2\n}\n", 2, {"defaults": {"verbosity": 3}}, id="swallowed by a one-line block"),
        pytest.param("defaults { verbosity 2 }\nblacklist {\n}\n", 1, {"defaults": {"verbosity": 3}}, id="one-line block"),
        pytest.param("defaults {\nfoo {\n}\nprio x\n}\n", 2, {"defaults": {"verbosity": 3}}, id="unknown block inside"),
        pytest.param("blacklist {\n} defaults {\n}\n", 2, {"defaults": {"verbosity": 3}}, id="section behind a brace"),
        pytest.param("overrides\n{\nno_path_retry 3\n}\n", 1, {"overrides": {"no_path_retry": 4}}, id="overrides without its brace"),
        pytest.param("devices {\nmultipaths {\n}\n", 2, {"multipaths": [{"wwid": "x"}]}, id="swallowed by a section that is not closed"),
        pytest.param("devices {\nmultipaths {\nmultipath {\n", 1, {"defaults": {"verbosity": 3}}, id="a section that is not closed swallows another"),
        pytest.param("defaults {\nverbosity 2 }\n}\n", 2, {"defaults": {"verbosity": 3}}, id="brace behind the value"),
        pytest.param('blacklist {\ndevnode "*"\n}\n', 2, {"defaults": {"verbosity": 3}}, id="regular expression"),
        pytest.param("defaults {\npolling_interval 7s\n}\n", 2, {"defaults": {"verbosity": 3}}, id="a value that hangs"),
        pytest.param("multipaths {\nmultipath {\nwwid x\nreservation_key zz\n}\n}\n", 4, {"defaults": {"verbosity": 3}}, id="reservation key"),
        pytest.param("defaults {\nverbosity 2 #" + "x" * 1100 + "\n}\n", 2, {"defaults": {"verbosity": 3}}, id="over-long line"),
    ],
)
def test_file_that_is_read_otherwise_than_it_looks_is_refused(text, line, wanted):
    with pytest.raises(SanError, match=f"f line {line}:"):
        edit(text, **wanted)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        pytest.param("defaults {\n\tverbosity 2\n", {"defaults": {"verbosity": 3}}, "defaults {\n\tverbosity 3\n", id="value"),
        pytest.param("defaults {\n", {"defaults": {"verbosity": 3}}, "defaults {\n\tverbosity 3\n", id="value in an empty one"),
        pytest.param("multipaths {", {"defaults": {"verbosity": 3}}, "defaults {\n\tverbosity 3\n}\nmultipaths {", id="section before it"),
        pytest.param(
            "# top\nblacklist {\n}\n\n# ours\nmultipaths {\n\tmultipath {\n\t\twwid x\n\t}\n",
            {"defaults": {"verbosity": 3}, "multipaths": [{"wwid": "y"}]},
            "# top\nblacklist {\n}\n\ndefaults {\n\tverbosity 3\n}\n\n# ours\nmultipaths {\n\tmultipath {\n\t\twwid x\n\t}\n\tmultipath {\n\t\twwid y\n\t}\n",
            id="stanza in it",
        ),
        pytest.param(
            "multipaths {\n\tmultipath {\n\t\twwid x\n",
            {"multipaths": [{"wwid": "x", "alias": "a"}, {"wwid": "y"}]},
            "multipaths {\n\tmultipath {\n\t\twwid y\n\t}\n\tmultipath {\n\t\twwid x\n\t\talias a\n",
            id="a stanza that is not closed either",
        ),
    ],
)
def test_file_whose_last_braces_are_missing(text, wanted, expected):
    outcome = edit(text, **wanted)
    assert outcome.text == expected
    assert edit(outcome.text, **wanted).text == expected


def test_what_was_added_before_an_unclosed_section_goes_again():
    for text in ("multipaths {", "blacklist {", "blacklist {\n\n", "# c\n\n  \nmultipaths {\n", "defaults {\n}\n \n# c\nmultipaths {\n\tmultipath {\n"):
        wanted = {"blacklist": [{"wwid": "z"}], "devices": [{"vendor": "v", "product": "p"}]}
        assert edit(edit(text, **wanted).text, state="absent", **wanted).text == text


def test_stanza_outside_its_section_is_told_and_not_in_the_way():
    outcome = edit("multipath {\nwwid x\n}\n", multipaths=[{"wwid": "x", "alias": "y"}])
    assert outcome.text.endswith("\n\nmultipaths {\n\tmultipath {\n\t\twwid x\n\t\talias y\n\t}\n}\n")
    assert any("f line 1: multipath is no keyword at the top level" in words for words in outcome.complaints)


def test_structure_does_not_matter_where_nothing_changes():
    text = "blacklist { }\ndefaults {\nverbosity 2\n}\n"
    assert edit(text, multipaths=[]).text == text


@pytest.mark.parametrize(
    ("release", "wanted", "words"),
    [
        ((0, 9, 4), {"defaults": {"max_retries": 3}}, "known since 0.9.7"),
        ((0, 7, 9), {"defaults": {"san_path_err_threshold": 3}}, "not known from 0.7.4 to before 0.8.0"),
        ((0, 9, 4), {"defaults": {"default_selector": "x"}}, "Use path_selector instead"),
        ((0, 9, 4), {"defaults": {"getuid_callout": "x"}}, "ignore it since 0.9.0. Use uid_attribute"),
        (None, {"defaults": {"path_selectr": "x"}}, "Did you mean path_selector"),
        (None, {"defaults": {"alias": "x"}}, "but of multipaths multipath"),
        (None, {"defaults": {"polling_interval": "7s"}}, "'7s' is not a number from 1 to 4294967295"),
        (None, {"defaults": {"user_friendly_names": "YES"}}, "small letters"),
        ((0, 7, 4), {"defaults": {"find_multipaths": "smart"}}, "needs multipath-tools 0.7.7"),
        (None, {"defaults": {"path_selector": "round-robin"}}, "service-time 0"),
        (None, {"defaults": {"features": "2 queue_if_no_path"}}, "count of arguments"),
        (None, {"multipaths": [{"wwid": "x", "alias": "a/b"}]}, "free of slashes"),
        (None, {"multipaths": [{"wwid": "x", "alias": ""}]}, "multipath alias: '' is not a name of at least one character"),
        (None, {"multipaths": [{"alias": "a"}]}, "lacks wwid"),
        (None, {"overrides": {"protocol": "scsi:iscsi"}}, "overrides protocol: 'scsi:iscsi' is no list of dictionaries. Write each protocol as one"),
        (None, {"overrides": {"protocol": ""}}, "overrides protocol: '' is no list of dictionaries"),
        (None, {"overrides": {"protocol": 5}, "state": "absent"}, "overrides protocol: 5 is no list of dictionaries"),
        (None, {"overrides": {"protocol": ["scsi:iscsi"]}}, "overrides: 'scsi:iscsi' is no dictionary. Write the keywords of one protocol"),
        (None, {"overrides": {"protocol": {}}}, "overrides: an entry lacks type: it is empty"),
        (None, {"multipaths": [{"wwid": "x"}, {"wwid": "x"}]}, "listed 2 times"),
        (None, {"blacklist": [{"devnode": "*"}]}, r"Write \.\*"),
        (None, {"blacklist": [{"device": {"vendr": "x"}}]}, "or of one of them"),
        (None, {"blacklist": [{"wwid": "x", "devnode": "y"}]}, "one key"),
        ((0, 8, 3), {"blacklist": [{"devnode": "!^sd"}]}, "begins with # or !"),
        ((0, 7, 4), {"defaults": {"prio_args": 'a"b'}}, "cannot read a quote"),
        (None, {"defaults": {"prio_args": "a\nb"}}, "line break"),
        (None, {"defaults": {"prio_args": "x" * 1100}}, "1023 bytes"),
        ((0, 9, 4), {"multipaths": [{"wwid": "x", "failback": 0}]}, "multipath failback: '0' is not .*manual, followover or a number from 1 "),
        (None, {"defaults": {"checker": "tur", "path_checker": "directio"}}, "defaults: checker and path_checker are two names"),
        (None, {"devices": [{"vendor": "v", "product": "p", "path_checker": None, "checker": "tur"}]}, "device: path_checker and checker are"),
        ((0, 5, 0), {"defaults": {"verbosity": 3}}, "Upgrade"),
    ],
)
def test_value_or_keyword_is_refused(release, wanted, words):
    with pytest.raises(SanError, match=words):
        edit("", release, **wanted)


@pytest.mark.parametrize("release", [None, (0, 7, 4), (0, 9, 4)])
@pytest.mark.parametrize(
    "given",
    [
        {"multipaths": [{"wwid": "3600b", "alias": "data"}]},
        {"multipaths": [{"wwid": "3600a", "alias": "x"}, {"wwid": "3600b", "alias": "x"}]},
        {"multipaths": [{"wwid": "3600a", "alias": "x"}, {"wwid": "3600b", "alias": "x"}], "exclusive": True},
    ],
)
def test_an_alias_of_two_wwids_is_refused(release, given):
    with pytest.raises(SanError, match=r"multipaths: (data|x) would be the alias of 3600[ab] and of 3600[ab] \(f\)\. An alias belongs to one LUN"):
        edit(FILE, release, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"multipaths": [{"wwid": "3600b", "alias": "data"}, {"wwid": "3600a", "alias": "old"}]},
        {"multipaths": [{"wwid": "3600b", "alias": "data"}, {"wwid": "3600a", "alias": None}]},
        {"multipaths": [{"wwid": "3600b", "alias": "data"}], "exclusive": True},
        {"multipaths": [{"wwid": "3600a", "alias": "data", "prio": "alua"}]},
    ],
)
def test_an_alias_that_its_owner_gives_up_is_free(given):
    outcome = edit(FILE, **given)
    assert outcome.text.count("data") == 1
    assert edit(outcome.text, **given).text == outcome.text


def test_an_alias_of_two_wwids_that_is_not_named_stays():
    text = FILE + FILE.replace("3600a", "3600b")
    assert edit(text, defaults={"verbosity": 3}, multipaths=[{"wwid": "3600c", "alias": "logs"}]).text.count("data") == 2
    assert "3600b" not in edit(text, multipaths=[{"wwid": "3600b"}], state="absent").text


@pytest.mark.parametrize(
    ("alias", "said"),
    [("a b", "'a b' has characters"), ("control", "'control' is a name that the kernel keeps"), ("dm-3", "'dm-3' is what multipath reads"), ("qsan-1", None)],
)
def test_an_alias_that_would_not_be_there_as_written_is_told(alias, said):
    warnings = edit("", multipaths=[{"wwid": "x", "alias": alias}]).warnings
    assert [warning.split(": ", 1)[1][: len(said or "")] for warning in warnings] == ([said] if said else [])


@pytest.mark.parametrize("line", ["devnode ^sd[a-z]{1,2}", "foo { bar 1 }", "wwid Logical device", "property a # }"])
def test_line_that_is_odd_and_harmless(line):
    text = f"blacklist {{\n\t{line}\n}}\n"
    assert edit(text, blacklist=[{"wwid": "x"}]).text == text.replace("\n}", "\n\twwid x\n}")


def test_device_of_a_vendor_alone():
    text = "blacklist {\n\tdevice {\n\t\tvendor x\n\t}\n}\n"
    entry = {"device": {"vendor": "x"}}
    assert edit(text, blacklist=[entry]).changed_keys == ()
    assert edit(edit("", blacklist=[entry]).text, state="absent", blacklist=[entry]).text == ""
    outcome = edit(text, blacklist=[{"device": {"vendor": "x", "product": "y"}}, {"device": {"product": "z"}}])
    assert outcome.text == text.replace("\t}\n}", "\t}\n\tdevice {\n\t\tvendor x\n\t\tproduct y\n\t}\n\tdevice {\n\t\tproduct z\n\t}\n}")
    assert outcome.complaints == ()


def test_polling_interval_above_its_limit():
    text = "defaults {\n\tmax_polling_interval 5\n}\n"
    with pytest.raises(SanError, match=r"max_polling_interval 5 \(f line 2\)"):
        edit(text, defaults={"polling_interval": 7})
    with pytest.raises(SanError, match=r"polling_interval 20 \(f line 2\) is above max_polling_interval 10"):
        edit("defaults {\n\tpolling_interval 20\n}\n", defaults={"max_polling_interval": 10})
    lowered = text.replace("}", "\tpolling_interval 7\n}")
    assert "verbosity 3\n" in edit(lowered, defaults={"verbosity": 3}).text
    assert edit(lowered, defaults={"max_polling_interval": None}).text == lowered.replace("\tmax_polling_interval 5\n", "")
    assert "polling_interval 7\n" in edit(text, defaults={"polling_interval": 7, "max_polling_interval": 70}).text


@pytest.mark.parametrize(("end", "fits"), [("\n", 1021), ("\r\n", 1020), ("", 1022)])
def test_longer_value_before_a_long_comment(end, fits):
    for length, is_longer in ((fits, False), (fits + 1, True)):
        line = "no_path_retry 5 #".ljust(length, "c")
        text = f"defaults {{\n}}\noverrides {{{end or chr(10)}{line}{end}"
        if is_longer:
            with pytest.raises(SanError, match="f line 4: no_path_retry: a line of more than 1023 bytes"):
                edit(text, overrides={"no_path_retry": 15})
        else:
            assert edit(text, overrides={"no_path_retry": 15}).text == text.replace(" 5 ", " 15 ")


def test_overrides_that_win_are_told():
    text = "overrides {\n\tno_path_retry 5\n}\n"
    assert any("line 2" in words and "wins" in words for words in edit(text, defaults={"no_path_retry": "fail"}).warnings)


PROTOCOL = "overrides {\n\tprotocol {\n\t\ttype scsi:iscsi\n\t\tfast_io_fail_tmo 9\n\t}\n}\n"
DEVICE = {"vendor": "v", "product": "p"}


@pytest.mark.parametrize(
    ("section", "given", "key"),
    [
        ("defaults", {"fast_io_fail_tmo": 30}, "defaults.fast_io_fail_tmo"),
        ("overrides", {"fast_io_fail_tmo": 30}, "overrides.fast_io_fail_tmo"),
        ("devices", [{**DEVICE, "fast_io_fail_tmo": 30}], "devices[v,p].fast_io_fail_tmo"),
    ],
)
def test_a_protocol_of_overrides_that_wins_is_told(section, given, key):
    said = f"{key}: f line 4 has fast_io_fail_tmo 9 in overrides, which wins for paths of the protocol scsi:iscsi."
    outcome = edit(PROTOCOL, (0, 9, 4), **{section: given})
    assert outcome.warnings == edit(outcome.text, (0, 9, 4), **{section: given}).warnings == (said,)


def test_a_protocol_that_the_release_does_not_know_is_read_for_every_device():
    said = "defaults.fast_io_fail_tmo: f line 4 has fast_io_fail_tmo 9 in overrides, which wins for every device."
    assert edit(PROTOCOL, (0, 8, 9), defaults={"fast_io_fail_tmo": 30}).warnings == (said,)


@pytest.mark.parametrize(
    "wanted",
    [
        {"overrides": {"fast_io_fail_tmo": 9}},
        {"overrides": {"fast_io_fail_tmo": None}},
        {"overrides": {"dev_loss_tmo": 30}},
        {"overrides": {"fast_io_fail_tmo": 30, "protocol": [{"type": "scsi:iscsi", "fast_io_fail_tmo": 12}]}},
        {"multipaths": [{"wwid": "x", "no_path_retry": 5}]},
        {"blacklist": [{"wwid": "x"}]},
    ],
)
def test_a_protocol_of_overrides_that_is_no_surprise_is_not_told(wanted):
    assert edit(PROTOCOL, **wanted).warnings == ()


@pytest.mark.parametrize(
    ("value", "release", "written"),
    [(True, (0, 9, 4), "yes"), (True, (0, 9, 9), "always"), (False, (0, 9, 9), "unused"), ("never", (0, 9, 9), "never")],
)
def test_yaml_booleans_become_words(value, release, written):
    assert f"flush_on_last_del {written}\n" in edit("", release, defaults={"flush_on_last_del": value}).text


@pytest.mark.parametrize(
    ("keyword", "value", "release", "written"),
    [
        ("flush_on_last_del", "always", (0, 9, 4), "yes"),
        ("flush_on_last_del", "unused", (0, 9, 4), "no"),
        ("flush_on_last_del", "yes", (0, 11, 1), "always"),
        ("flush_on_last_del", "no", None, "no"),
        ("flush_on_last_del", "always", (0, 8, 7), "yes"),
        ("find_multipaths", "on", (0, 7, 4), "yes"),
        ("find_multipaths", "off", (0, 7, 4), "no"),
        ("find_multipaths", "on", (0, 9, 4), "on"),
        ("marginal_pathgroups", "on", (0, 8, 5), "yes"),
    ],
)
def test_words_of_another_release_are_translated(keyword, value, release, written):
    outcome = edit("", release, defaults={keyword: value})
    assert f"{keyword} {written}\n" in outcome.text
    assert edit(outcome.text, release, defaults={keyword: value}).changed_keys == ()


def test_translation_says_since_when():
    assert "known since multipath-tools 0.9.9; 'yes' says the same here" in edit("", (0, 9, 4), defaults={"flush_on_last_del": "always"}).warnings[0]
    assert edit("", (0, 11, 1), defaults={"flush_on_last_del": True}).warnings == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"path_selector": "service-times 0"}, "defaults path_selector: 'service-times' is none of those that Linux brings (historical-service-time, "),
        ({"prio": "alau"}, "defaults prio: 'alau' is none of those that multipath-tools bring (alua, "),
        ({"path_checker": "turr"}, "defaults path_checker: 'turr' is none of those that multipath-tools bring (cciss_tur, "),
        ({"path_selector": "io-affinity 0", "prio": "alua", "path_checker": "tur", "partition_delimiter": ""}, None),
        *(({"path_selector": f"{name} 0"}, None) for name in ("round-robin", "queue-length", "service-time", "historical-service-time")),
    ],
)
def test_a_plug_in_that_nobody_knows_is_told(values, said):
    assert [warning[: len(said or "")] for warning in edit("", defaults=values).warnings] == ([said] if said else [])


@pytest.mark.parametrize(
    ("features", "written"),
    [("1 queue_if_no_path", '"0"'), ("0", '"0"'), ("3 queue_if_no_path pg_init_retries 50", '"2 pg_init_retries 50"')],
)
def test_queueing_is_written_as_no_path_retry(features, written):
    wanted = {"devices": [{"vendor": "v", "product": "p", "features": features}]}
    outcome = edit("", (0, 9, 4), **wanted)
    assert f"features {written}\n".replace('"0"', "0") in outcome.text
    assert ("no_path_retry queue\n" in outcome.text) is ("queue" in features)
    assert bool(outcome.warnings) is ("queue" in features)
    assert edit(outcome.text, (0, 9, 4), **wanted).changed_keys == ()


@pytest.mark.parametrize(("retry", "written"), [(5, "5"), ("queue", "queue"), (None, "queue")])
def test_queueing_beside_no_path_retry(retry, written):
    wanted = {"defaults": {"features": "3 queue_if_no_path pg_init_retries 50", "no_path_retry": retry}}
    outcome = edit("defaults {\n\tno_path_retry 9\n}\n", **wanted)
    assert outcome.text == f'defaults {{\n\tno_path_retry {written}\n\tfeatures "2 pg_init_retries 50"\n}}\n'
    assert edit(outcome.text, **wanted).changed_keys == ()
    assert "queue_if_no_path is" in outcome.warnings[0]


@pytest.mark.parametrize(
    "wanted",
    [
        {"defaults": {"features": "1 queue_if_no_path"}},
        {"devices": [{"vendor": "v", "product": "p", "features": "1 queue_if_no_path"}]},
        {"multipaths": [{"wwid": "3600a", "features": "3 queue_if_no_path pg_init_retries 50"}]},
    ],
)
def test_queueing_that_is_taken_out_leaves_nothing(wanted):
    outcome = edit("", **wanted)
    assert edit(edit(outcome.text, state="absent", **wanted).text, state="absent", **wanted).changed_keys == ()
    assert edit(outcome.text, state="absent", **wanted).text == ""


RETAINING = "3 pg_init_retries 50 retain_attached_hw_handler"


def test_retaining_is_written_as_its_keyword():
    wanted = {"defaults": {"features": RETAINING}}
    outcome = edit("", **wanted)
    assert outcome.text == 'defaults {\n\tfeatures "2 pg_init_retries 50"\n\tretain_attached_hw_handler yes\n}\n'
    said = "retain_attached_hw_handler is written as retain_attached_hw_handler yes, which wins over it since multipath-tools 0.7.2."
    assert outcome.warnings == (f"defaults features: {said}",)
    assert edit(outcome.text, **wanted).changed_keys == ()
    assert edit(outcome.text, state="absent", **wanted).text == ""


def test_retaining_beside_its_keyword():
    outcome = edit("", defaults={"features": RETAINING, "retain_attached_hw_handler": False})
    assert outcome.text == 'defaults {\n\tfeatures "2 pg_init_retries 50"\n\tretain_attached_hw_handler no\n}\n'
    assert "is left out, since retain_attached_hw_handler no wins" in outcome.warnings[0]


def test_queueing_and_retaining_are_both_written_as_their_keywords():
    wanted = {"defaults": {"features": "2 queue_if_no_path retain_attached_hw_handler"}}
    outcome = edit("", **wanted)
    assert outcome.text == "defaults {\n\tfeatures 0\n\tno_path_retry queue\n\tretain_attached_hw_handler yes\n}\n"
    assert "no_path_retry queue" in outcome.warnings[0] and "retain_attached_hw_handler yes" in outcome.warnings[0]
    assert edit(outcome.text, state="absent", **wanted).text == ""


def test_retaining_stays_a_feature_where_it_is_no_keyword():
    wanted = {"multipaths": [{"wwid": "3600a", "features": RETAINING}]}
    outcome = edit("", **wanted)
    assert f'\t\tfeatures "{RETAINING}"\n\t}}' in outcome.text
    assert edit(outcome.text, state="absent", **wanted).text == ""


@pytest.mark.parametrize("section", ["defaults", "overrides"])
def test_queueing_that_is_taken_out_leaves_another_no_path_retry(section):
    text = f"{section} {{\n\tno_path_retry 30\n\tfeatures 0\n}}\n"
    outcome = edit(text, state="absent", **{section: {"features": "1 queue_if_no_path"}})
    assert outcome.text == text.replace("\tfeatures 0\n", "")
    queueing = text.replace("30", "queue")
    assert edit(queueing, state="absent", **{section: {"features": "1 pg_init_retries"}}).text == queueing.replace("\tfeatures 0\n", "")


def test_a_stanza_is_kept_for_a_no_path_retry_that_does_not_queue():
    text = "multipaths {\n\tmultipath {\n\t\twwid 3600a\n\t\tno_path_retry 30\n\t}\n}\n"
    assert edit(text, state="absent", multipaths=[{"wwid": "3600a", "features": "1 queue_if_no_path"}]).text == text


@pytest.mark.parametrize("keyword", ["dev_loss_tmo", "rr_min_io", "rr_min_io_rq", "checker_timeout", "max_sectors_kb", "failback"])
def test_0_that_stands_for_not_set_is_refused(keyword):
    with pytest.raises(SanError, match=f"defaults {keyword}: '0' is not .*a number from 1 to"):
        edit("", defaults={keyword: 0})
    text = f"defaults {{\n\t{keyword} 0\n}}\n"
    assert edit(text, defaults={keyword: 6}).text == text.replace("0", "6")
    assert f"f line 2: defaults {keyword}: '0' stands for not set." in edit(text, defaults={"verbosity": 3}).complaints


@pytest.mark.parametrize("section", ["blacklist", "blacklist_exceptions"])
@pytest.mark.parametrize("entry", [{name: ""} for name in ("wwid", "devnode", "property", "protocol")] + [{"device": {"vendor": ""}}])
def test_empty_expression_can_be_removed_and_not_added(section, entry):
    with pytest.raises(SanError, match=r"'' matches every device. Write \.\* if that is meant"):
        edit("", **{section: [entry]})
    ((keyword, value),) = entry.items()
    stanza = f'{keyword} {{\n\t\tvendor ""\n\t}}' if keyword == "device" else f'{keyword} ""'
    text = f"{section} {{\n\t{stanza}\n\twwid x\n}}\n"
    rest = f"{section} {{\n\twwid x\n}}\n"
    assert edit(text, **{section: [{"wwid": "x"}]}).text == text
    assert edit(text, state="absent", **{section: [entry]}).text == rest
    assert edit(text, exclusive=True, **{section: [{"wwid": "x"}]}).text == rest


@pytest.mark.parametrize("keyword", ["getuid_callout", "default_getuid_callout"])
def test_a_callout_has_arguments_where_it_is_acted_on(keyword):
    callout = "/lib/udev/scsi_id --whitelisted --device=/dev/%n"
    wanted = {"defaults": {keyword: callout}}
    outcome = edit("", (0, 8, 5), **wanted)
    assert outcome.text == f'defaults {{\n\t{keyword} "{callout}"\n}}\n'
    assert edit(outcome.text, (0, 8, 5), **wanted).changed_keys == ()
    with pytest.raises(SanError, match="0.9.0"):
        edit("", (0, 9, 4), **wanted)


def test_an_empty_uid_attribute_stands_for_sysfs():
    wanted = {"defaults": {"uid_attribute": ""}}
    outcome = edit("", (0, 9, 4), **wanted)
    assert outcome.text == 'defaults {\n\tuid_attribute ""\n}\n'
    assert edit(outcome.text, (0, 9, 4), **wanted).changed_keys == ()
    with pytest.raises(SanError, match="'' needs multipath-tools 0.8.2"):
        edit("", (0, 7, 4), **wanted)
    with pytest.raises(SanError, match="'a b' is not one word, or nothing"):
        edit("", (0, 9, 4), defaults={"uid_attribute": "a b"})


def test_empty_text_between_a_name_and_a_number_is_a_value():
    assert 'partition_delimiter ""\n' in edit("", defaults={"partition_delimiter": ""}).text


def test_bad_expression_can_be_removed_and_not_added():
    text = 'devices {\n\tdevice {\n\t\tvendor "*"\n\t\tproduct "*"\n\t}\n}\n'
    stanza = {"vendor": "*", "product": "*"}
    assert edit(text, state="absent", devices=[stanza]).text == ""
    assert "no_path_retry 5\n" in edit(text, devices=[{**stanza, "no_path_retry": 5}]).text
    with pytest.raises(SanError, match="never matches a device"):
        edit("", devices=[stanza])
    text = 'blacklist {\n\tdevnode "*"\n\tdevice {\n\t\tvendor "*"\n\t\tproduct x\n\t}\n}\n'
    assert edit(text, state="absent", blacklist=[{"devnode": "*"}, {"device": {"vendor": "*", "product": "x"}}]).text == ""


@pytest.mark.parametrize(
    ("keyword", "value", "is_known"), [("prio", "alua", True), ("prio", "aluA", False), ("path_checker", "tur", True), ("checker", "turbo", False)]
)
def test_plug_in_that_is_not_known(keyword, value, is_known):
    assert (edit("", defaults={keyword: value}).warnings == ()) is is_known


def test_removing_keywords_of_a_stanza_that_is_not_there():
    assert edit(FILE, multipaths=[{"wwid": "3600z", "alias": None}], devices=[{"vendor": "v", "product": "p", "prio": None}]).text == FILE


@pytest.mark.parametrize(
    "wanted",
    [
        {"defaults": {"mode": 0o660}},
        {"defaults": {"reservation_key": 0x1F}},
        {"multipaths": [{"wwid": 3.6e26}]},
        {"blacklist": [{"wwid": 3.6e26}]},
        {"multipaths": [{"wwid": "x", "alias": 1.5}]},
    ],
)
def test_number_that_yaml_may_have_made(wanted):
    with pytest.raises(SanError, match="Quote it in the playbook"):
        edit("", **wanted)


class Blanks(str):
    """Blanks that count how often they are compared."""

    __slots__ = ()
    compared = []

    def __getitem__(self, cut):
        return Blanks(super().__getitem__(cut))

    def __eq__(self, other):
        self.compared.append(other)
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_the_layout_is_found_in_one_pass_over_the_stanzas(monkeypatch):
    indent_of = sheet_text.indent_of
    monkeypatch.setattr(sheet_text, "indent_of", lambda conf, line: Blanks(indent_of(conf, line)))
    for size in (10, 100):
        Blanks.compared.clear()
        stanzas = "".join(f"\tmultipath {{\n\t\twwid {number}\n\t}}\n" for number in range(size))
        assert sheet_text.style_of(parse_conf(f"multipaths {{\n{stanzas}}}\n")).unit == "\t"
        assert len(Blanks.compared) <= 2 * size


@pytest.mark.parametrize(("lines", "unit"), [(["  a"], "  "), (["  a", "\tb"], "  "), (["\ta", "  b"], "\t"), (["\ta", "  b", "  c"], "  ")])
def test_the_layout_is_that_of_most_lines_and_of_the_first_of_as_many(lines, unit):
    text = "".join(f"{line[:-1]}verbosity {number}\n" for number, line in enumerate(lines))
    assert sheet_text.style_of(parse_conf(f"defaults {{\n{text}}}\n")).unit == unit
