# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surprises those who edit multipath.conf, one test each: how it is read, and what the editor makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree

FIXTURES = Path(__file__).parent / "fixtures/conf"
POLLING = ("defaults", "polling_interval")
LETTERS_AND_LINE_ENDS = '\ufeffdefaults {\r\n\talias_prefix zz\u00e9y\r\n\tprio_args "zz\u00e9y"\r\n\u00a0polling_interval\u00a07\r\n}\r\n'


def read(what, release=(0, 9, 4)):
    """The Conf of a fixture as a release reads it."""
    (file,) = FIXTURES.glob(f"*-{what}.txt")
    return parse_conf(file.read_bytes().decode("utf-8", "surrogateescape"), what, keyword_tree(release))


def values(conf):
    """What a Conf sets, {key: meaning}."""
    return {key: setting.meaning for key, setting in settings_of(conf).items()}


def codes(conf):
    """[(code, line)] of what is not read as it looks."""
    return [(problem.code, problem.line + 1) for problem in sorted((*conf.problems, *faults_of(conf)), key=lambda problem: problem.line)]


def edit(conf, **wanted):
    """The text after an edit."""
    return edit_conf(conf, Wanted(**wanted)).text


def refused(conf, **wanted):
    """The message of a refusal."""
    with pytest.raises(SanError) as error:
        edit(conf, **wanted)
    return str(error.value)


def test_braces_mean_little_where_keywords_open():
    conf = read("braces_below")
    assert values(conf)[("defaults", "find_multipaths")] == "on"
    assert codes(conf) == [("brace", 1), ("stray", 2), ("brace", 6), ("stray", 7)]
    assert edit(conf, defaults={"find_multipaths": "no"}) == conf.text.replace("yes #", "no #")
    assert edit(conf, defaults={"prio": "alua"}) == conf.text.replace("paths\n}", "paths\n    prio alua\n}".replace("    ", "\t"))


def test_one_line_block_is_never_closed():
    conf = read("one_line_blocks")
    assert values(conf) == {}
    assert refused(conf, defaults={"polling_interval": 8}).startswith("one_line_blocks line 3: defaults is no keyword in blacklist")
    conf = read("brace_behind_value")
    assert values(conf) == {("defaults", "alias_prefix"): "zz", ("defaults", "find_multipaths"): "on"}
    assert refused(conf, defaults={"prio": "alua"}).startswith("brace_behind_value line 1: 'polling_interval' is ignored")


def test_unknown_block_closes_the_block_around_it():
    conf = read("unknown_block")
    assert values(conf) == {POLLING: "9"}
    assert refused(conf, defaults={"polling_interval": 8}).startswith("unknown_block line 3: foo is no keyword in defaults")
    protocol = read("overrides_protocol", (0, 8, 8))
    assert values(protocol)[("overrides", "fast_io_fail_tmo")] == "30"
    assert values(read("overrides_protocol"))[("overrides", ("scsi:iscsi",), "fast_io_fail_tmo")] == "30"
    assert "line 6: protocol is no keyword in overrides" in refused(protocol, overrides={"no_path_retry": 5})


@pytest.mark.parametrize("release", [(0, 7, 4), (0, 8, 5), (0, 8, 7), (0, 9, 4), None])
def test_bad_expression_refuses_the_whole_file(release):
    conf = read("bad_expression", release)
    assert ("refused", 6) in codes(conf)
    assert refused(conf, defaults={"find_multipaths": "no"}).startswith("bad_expression line 6: blacklist devnode: libmultipath refuses")
    assert edit(conf, state="absent", blacklist=[{"devnode": "*"}]) == conf.text.replace('\tdevnode "*"\n', "")


def test_red_hat_8_mends_that_expression():
    conf = read("bad_expression", (0, 8, 4))
    assert ("blacklist", ("devnode", ".*")) in values(conf)
    assert edit(conf, blacklist=[{"devnode": ".*"}]) == conf.text


@pytest.mark.parametrize(("release", "code"), [((0, 10, 0), "hang"), (None, "hang"), ((0, 9, 9), "value"), ((0, 8, 5), "refused"), ((0, 8, 7), "value")])
def test_polling_interval_that_is_no_number(release, code):
    conf = read("bad_interval", release)
    assert codes(conf) == [(code, 3)]
    # There, paths are checked no more.
    assert values(conf).get(POLLING) == ("4294967294" if code == "value" else None)
    assert edit(conf, defaults={"polling_interval": 7}) == conf.text.replace("7s", "7")
    if code != "value":
        assert "bad_interval line 3: defaults polling_interval: '7s' is no number" in refused(conf, defaults={"find_multipaths": "no"})


@pytest.mark.parametrize(("value", "code"), [("0", "hang"), ("7s", "value")])
def test_polling_interval_that_is_no_number_behind_one(value, code):
    conf = parse_conf(f"defaults {{\n\tpolling_interval 7\n\tpolling_interval {value}\n}}\n", "f", keyword_tree((0, 11, 1)))
    assert (code, 3) in codes(conf)


@pytest.mark.parametrize(("release", "is_refused"), [((0, 8, 3), False), ((0, 8, 5), True), ((0, 8, 6), True), ((0, 8, 7), False), ((0, 8, 8), False)])
def test_some_releases_refuse_the_file_for_an_integer(release, is_refused):
    conf = parse_conf("defaults {\n\trr_min_io abc\n}\n", "f", keyword_tree(release))
    assert (codes(conf) == [("refused", 2)]) is is_refused


@pytest.mark.parametrize(
    ("line", "code"),
    [
        *((f"{keyword} {value}", "unset") for keyword in ("rr_min_io", "max_sectors_kb", "checker_timeout") for value in ("0", "-5")),
        *((f"rr_min_io {value}", "refused") for value in ("2147483648", "-2147483649", "99999999999", "5x")),
        *((f"{keyword} 4294967296", "refused") for keyword in ("polling_interval", "max_polling_interval")),
        ("max_polling_interval -5", "refused"),
    ],
)
def test_which_integers_refuse_the_file(line, code):
    assert codes(parse_conf(f"defaults {{\n\t{line}\n}}\n", "f", keyword_tree((0, 8, 5)))) == [(code, 2)]


def test_uxsock_timeout_refuses_no_file():
    assert codes(parse_conf("defaults {\n\tuxsock_timeout abc\n}\n", "f", keyword_tree((0, 8, 5)))) == []


@pytest.mark.parametrize("line", ["rr_min_io 7", "rr_min_io_rq 7", "rr_weight priorities"])
def test_what_the_kernel_knows_no_more_is_ignored(line):
    text, keyword = f"devices {{\ndevice {{\nvendor V\nproduct P\n{line}\n}}\n}}\n", line.partition(" ")[0]
    key = ("devices", ("V", "P", None), keyword)
    old, new = (parse_conf(text, "f", keyword_tree(release)) for release in ((0, 14, 3), (0, 15, 0)))
    assert key in values(old) and codes(old) == []
    # It may be for the package that is going to be installed.
    assert edit(parse_conf("", "f"), defaults={keyword: line.partition(" ")[2]})
    assert key not in values(new) and codes(new) == [("deprecated", 5)]
    assert f"{keyword}: multipath-tools ignore it since 0.15.0. Leave it out." in refused(new, defaults={keyword: line.partition(" ")[2]})


@pytest.mark.parametrize(
    ("text", "read_as", "code"),
    [("sd:A  dasd:B", "sd:A dasd:B", []), ("sd dasd:B", "dasd:B", ["capped"]), ("4000", None, ["value"]), ("sd:A\tnvme:B", "sd:A\tnvme:B", [])],
)
def test_uid_attrs_are_records_with_a_colon(text, read_as, code):
    conf = parse_conf(f'defaults {{\n\tuid_attrs "{text}"\n}}\n', "f")
    assert (values(conf).get(("defaults", "uid_attrs")), [found for found, line in codes(conf)]) == (read_as, code)


def test_quoted_integers_are_misread_by_old_releases():
    assert values(read("quoted_integers")) == {POLLING: "7", ("defaults", "rr_min_io"): "100", ("defaults", "no_path_retry"): "5"}
    conf = read("quoted_integers", (0, 7, 4))
    assert values(conf) == {POLLING: "0", ("defaults", "no_path_retry"): "5"}
    outcome = edit(conf, defaults={"polling_interval": 7, "rr_min_io": 100, "no_path_retry": 5})
    assert outcome == conf.text.replace('"7"', "7").replace('"100"', "100")
    assert edit(read("quoted_integers"), defaults={"polling_interval": 7}) == conf.text


@pytest.mark.parametrize(
    ("stanza", "key"),
    [
        ("multipaths {{\nmultipath {{\nwwid 3a\n{}\n}}\n}}\n", ("multipaths", ("3a",))),
        ("devices {{\ndevice {{\nvendor V\nproduct P\n{}\n}}\n}}\n", ("devices", ("V", "P", None))),
    ],
)
@pytest.mark.parametrize(("release", "line"), [((0, 8, 5), "user_friendly_names never"), (None, "max_sectors_kb 0")])
def test_what_a_second_section_unsets_stays_as_the_first_has_it(stanza, key, release, line):
    keyword = line.partition(" ")[0]
    first = {"max_sectors_kb": "8", "user_friendly_names": "yes"}[keyword]
    conf = parse_conf(stanza.format(f"{keyword} {first}") + stanza.format(line), "f", keyword_tree(release))
    assert values(conf)[(*key, keyword)] == first
    assert (*key, keyword) not in values(parse_conf(stanza.format(f"{keyword} {first}\n{line}"), "f", keyword_tree(release)))


def test_sections_that_stand_twice():
    conf = read("sections_twice")
    assert {("blacklist", ("devnode", "^sda$")), ("blacklist", ("devnode", "^sdb$"))} < set(values(conf))
    assert values(conf)[("multipaths", ("3600a",), "alias")] == "two"
    assert edit(conf, multipaths=[{"wwid": "3600a", "alias": "x"}]) == conf.text.replace("two", "x")
    assert edit(read("sections_twice", (0, 7, 4)), multipaths=[{"wwid": "3600a", "alias": "x"}]) == conf.text.replace("one", "x")
    with pytest.raises(SanError, match="Upgrade to 0.6.0"):
        edit_conf(read("sections_twice", (0, 5, 0)), Wanted(defaults={"verbosity": 2}))


def test_long_comment_becomes_configuration():
    conf = read("long_comment")
    assert values(conf) == {POLLING: "9"}
    assert refused(conf, defaults={"polling_interval": 5}).startswith("long_comment line 4: it is a part of a line of more than 1023 bytes")


def test_words_that_are_none():
    newest = read("words_that_are_none")
    assert values(newest) == {("defaults", "find_multipaths"): "smart"}
    assert [code for code, line in codes(newest)] == ["value", "count", "extra", "count"]
    # On an old one, smart says no without a word.
    old = values(read("words_that_are_none", (0, 7, 4)))
    assert ("defaults", "find_multipaths") not in old
    assert old[("defaults", "path_selector")] == "round-robin"
    assert edit(newest, defaults={"user_friendly_names": True}) == newest.text.replace("YES", "yes")


def test_stanza_without_its_name_is_dropped():
    conf = read("nameless_stanzas")
    assert values(conf) == {("devices", ("OURS", "A.*", None)): "", ("devices", ("OURS", "A.*", None), "no_path_retry"): "7"}
    assert codes(conf) == [("incomplete", 2), ("incomplete", 13)]
    assert edit(conf, devices=[{"vendor": "OURS", "product": "A.*", "no_path_retry": 8}]) == conf.text.replace("retry 7", "retry 8")


@pytest.mark.parametrize("release", [(0, 7, 9), (0, 8, 3), (0, 8, 5), (0, 9, 4), None])
def test_device_without_its_half_crashes_some_and_is_never_written(release):
    for half, lacks in (({"vendor": "SGI"}, "product"), ({"product": "A.*"}, "vendor"), ({"vendor": "SGI", "product": None}, "product")):
        assert f"lacks {lacks}" in refused(parse_conf("", "f", keyword_tree(release)), devices=[{**half, "no_path_retry": 5}])
    # One that is there is told, and left to libmultipath to judge.
    conf = read("nameless_stanzas", release)
    said = edit_conf(conf, Wanted(defaults={"verbosity": 3}))
    assert conf.text in said.text and "nameless_stanzas line 2: device: dropped, it lacks what it is known by." in said.complaints


def test_what_is_written_is_the_portable_form():
    outcome = edit(
        parse_conf("", "f"),
        overrides={"no_path_retry": 5, "protocol": [{"type": "scsi:iscsi", "fast_io_fail_tmo": 9}]},
        blacklist=[{"devnode": "^sd[a-z]{1,2}$"}],
    )
    assert outcome == (
        'blacklist {\n\tdevnode "^sd[a-z]{1,2}$"\n}\n\noverrides {\n\tno_path_retry 5\n\tprotocol {\n\t\ttype scsi:iscsi\n\t\tfast_io_fail_tmo 9\n\t}\n}\n'
    )


def test_letters_and_line_ends():
    conf = parse_conf(LETTERS_AND_LINE_ENDS, "f", keyword_tree((0, 9, 4)))
    assert values(conf) == {("defaults", "alias_prefix"): "zz", ("defaults", "prio_args"): "zz\u00e9y", POLLING: "7"}
    assert edit(conf, defaults={"polling_interval": 8}) == conf.text.replace("\u00a07", "\u00a08")
    assert edit(conf, blacklist=[{"wwid": "x"}]) == conf.text + "\r\nblacklist {\r\n\twwid x\r\n}\r\n"


def test_quotes_by_release():
    assert values(read("quotes")) == {("defaults", "prio_args"): '2.5" SSD', ("defaults", "alias_prefix"): "#b", ("blacklist", ("devnode", "!^sd")): ""}
    assert values(read("quotes", (0, 8, 3)))[("blacklist", ("devnode", ""))] == ""
    assert values(read("quotes", (0, 7, 4)))[("defaults", "prio_args")] == "2.5"
