# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real parser of this machine: what an edit does to the effective configuration."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, Result, run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import lists_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf, parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import FATAL, faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import all_paths, keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import MAIN_FILE, Multipath, NoNamespace
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verify_plan import outdated, unmet

TOOL = Multipath(run)
SURPRISES = {file.stem: file.read_text() for file in sorted((Path(__file__).parent / "fixtures/conf").iterdir())}
SURPRISES["letters and line ends"] = '\ufeffdefaults {\r\n\talias_prefix zz\u00e9y\r\n\tprio_args "zz\u00e9y"\r\n\u00a0polling_interval\u00a07\r\n}\r\n'
FILES = [
    "",
    "defaults {\n\tpolling_interval 9\n\tfoo 1\n}\n",
    "defaults\n{\n\tpolling_interval 9 # c\n}\nmultipaths {\n\tmultipath {\n\t\twwid x\n\t\talias y\n\t}\n}\n",
    'blacklist {\n\tdevice {\n\t\tvendor "A B"\n\t\tproduct ".*"\n\t}\n}\nblacklist {\n}\n',
    "devices {\n\tdevice {\n\t\tvendor V\n\t\tproduct P\n\t\tprio alua\n\t}\n}\noverrides {\n\tno_path_retry fail\n}\n",
]
WANTED = [
    {"defaults": {"user_friendly_names": True, "verbosity": 3}},
    {"blacklist": [{"devnode": "^zz[0-9]{1,2}"}, {"device": {"vendor": 'q"', "product": "#x"}}]},
    {"devices": [{"vendor": "V", "product": "P", "no_path_retry": 7, "path_selector": "round-robin 0"}]},
    {"blacklist": [{"device": {"vendor": "v"}}], "blacklist_exceptions": [{"device": {"product": "p"}}, {"wwid": "w"}]},
    {"multipaths": [{"wwid": "x", "alias": "a b é"}, {"wwid": "z", "prio": "const"}]},
    {"overrides": {"no_path_retry": "queue", "fast_io_fail_tmo": "off"}},
]


@pytest.fixture(scope="module")
def keywords():
    """The keywords of the installed release."""
    if shutil.which("multipath", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip("multipath is not installed")
    if os.getuid() != 0:
        pytest.skip("a mount namespace needs root")
    try:
        TOOL.test_conf(MAIN_FILE, "")
    except NoNamespace as error:
        pytest.skip(str(error))
    return keyword_tree(TOOL.version())


def effective(text, keywords):
    """What libmultipath makes of a text, {key: meaning}, and its complaints."""
    verdict = TOOL.test_conf(MAIN_FILE, text)
    assert verdict.accepted
    listed = settings_of(parse_listing(verdict.effective, keywords))
    return {key: setting.meaning for key, setting in listed.items()}, verdict


@pytest.mark.parametrize("wanted", WANTED, ids="-".join)
@pytest.mark.parametrize("text", FILES, ids=range(len(FILES)))
def test_only_named_keys_change(keywords, text, wanted):
    edit = edit_conf(parse_conf(text, MAIN_FILE, keywords), Wanted(**wanted))
    before, old = effective(text, keywords)
    after, new = effective(edit.text, keywords)
    named = dict(edit.wanted)
    assert {key: after.get(key) for key in named} == named
    assert {key for key in {*before, *after} if before.get(key) != after.get(key)} <= set(named)
    assert new.new_against(old) == ()


@pytest.mark.parametrize("text", SURPRISES.values(), ids=SURPRISES)
def test_our_reading_is_that_of_libmultipath(keywords, text):
    conf = parse_conf(text, MAIN_FILE, keywords)
    fatal = [fault.code for fault in faults_of(conf) if fault.code in FATAL]
    if "hang" in fatal:
        with pytest.raises(SanError, match="does not end on it"):
            TOOL.test_conf(MAIN_FILE, conf.text)
        return
    verdict = TOOL.test_conf(MAIN_FILE, conf.text)
    assert verdict.accepted is not bool(fatal)
    if verdict.accepted:
        after = effective(conf.text, keywords)[0]
        ours = {key: setting.meaning for key, setting in settings_of(conf).items()}
        assert {key: after.get(key) for key in ours} == ours
        default = effective("", keywords)[0]
        assert {key for key in after if key not in default or after[key] != default[key]} <= {*ours, ("defaults", "max_polling_interval")}


DROP_IN = "/etc/multipath/conf.d/90-x.conf"
LOST_LINES = """blacklist {
    devnode "^sd["
    wwid w
    device {
        vendor "["
        product X
    }
    device {
        vendor "["
        product "["
    }
}
multipaths {
    multipath {
        wwid a
        reservation_key zz
    }
}
"""


LOST_DEVICES = LOST_LINES[LOST_LINES.index("    device {") : LOST_LINES.index("}\nmultipaths")]


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        ({"overrides": {"no_path_retry": 6}}, ()),
        ({"blacklist": [{"devnode": "^sd["}], "state": "absent"}, ('    devnode "^sd["\n',)),
        ({"blacklist": [{"device": {"vendor": "[", "product": "X"}}], "state": "absent"}, ('    device {\n        vendor "["\n        product X\n    }\n',)),
        ({"multipaths": [{"wwid": "a", "reservation_key": None}]}, ("        reservation_key zz\n",)),
        (
            {"blacklist": [{"wwid": "w"}], "exclusive": True},
            ('    devnode "^sd["\n', LOST_DEVICES),
        ),
    ],
)
def test_bad_line_of_a_drop_in_is_lost_alone(keywords, options, gone):
    conf = parse_conf(LOST_LINES, DROP_IN, keywords, drop_in=True)
    verdict = TOOL.test_conf(DROP_IN, LOST_LINES)
    assert verdict.accepted and len(verdict.complaints) == 5
    assert [fault.line for fault in faults_of(conf) if fault.code == "value"] == [1, 4, 8, 9, 15]
    ours, without = settings_of(conf), settings_of(parse_listing(TOOL.test_conf(DROP_IN, "").effective, keywords))
    listed = settings_of(parse_listing(verdict.effective, keywords))
    assert set(ours) == set(listed) - set(without) == {("blacklist", ("wwid", "w")), ("blacklist", ("device", None, "X")), ("multipaths", ("a",))}
    edit = edit_conf(conf, Wanted(**options))
    expected = LOST_LINES
    for part in gone:
        expected = expected.replace(part, "", 1)
    assert edit.text.partition("\noverrides")[0] == expected.partition("\noverrides")[0]
    after = TOOL.test_conf(DROP_IN, edit.text)
    assert after.new_against(verdict) == ()
    assert unmet(edit.wanted, after.effective, verdict.effective, keywords) == ([], [])


@pytest.mark.parametrize("path", [MAIN_FILE, DROP_IN])
@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("vendor V", "product P", "product_blacklist ["), 5),
        (("vendor *", "product P", "product_blacklist LUNZ"), 3),
        (("vendor *", "product P", "no_path_retry 5", "}", "device {", "vendor *", "product P", "product_blacklist LUNZ"), 3),
        (("vendor *", "product P"), None),
        (("product P", "product_blacklist ["), None),
        (("vendor *", "product_blacklist LUNZ"), None),
        (("vendor *", "vendor V", "product [", "product_blacklist [", "product_blacklist LUNZ"), None),
    ],
)
def test_what_no_entry_can_be_made_of_for_product_blacklist(keywords, path, lines, line):
    text = "\n".join(("devices {", "device {", *lines, "}", "}", ""))
    fatal = [fault.line + 1 for fault in faults_of(parse_conf(text, path, keywords, drop_in=path == DROP_IN)) if fault.code in FATAL]
    assert TOOL.test_conf(path, text).accepted is (line is None)
    assert fatal[:1] == ([line] if line else [])


@pytest.mark.parametrize(("types", "known"), [(["SCSI:fcp"], None), (["scsi:fcp", "SCSI:fcp"], "scsi:fcp"), (["SCSI:fcp", "scsi:spi", "scsi:fcp"], "scsi:fcp")])
def test_type_that_is_no_protocol(keywords, types, known):
    lines = "".join(f"\t\ttype {name}\n" for name in types)
    text = f"overrides {{\n\tprotocol {{\n{lines}\t\tfast_io_fail_tmo 7\n\t}}\n}}\n"
    conf = parse_conf(text, MAIN_FILE, keywords)
    listed = effective(text, keywords)[0]
    assert {key[1] for key in listed if key[0] == "overrides" and len(key) == 2 and isinstance(key[1], tuple)} == ({(known,)} if known else set())
    assert [key[1] for key in settings_of(conf)] == ([(known,)] * 2 if known else [])
    assert bool(known) is ("incomplete" not in [fault.code for fault in faults_of(conf)])
    gone = edit_conf(conf, Wanted(overrides={"protocol": None}))
    assert gone.text == ""
    after, before = (TOOL.test_conf(MAIN_FILE, text).effective for text in (gone.text, text))
    assert unmet(gone.wanted, after, before, keywords) == ([], [])


def test_the_file_is_not_touched(keywords):
    there = os.path.exists(MAIN_FILE)
    TOOL.test_conf(MAIN_FILE, "defaults {\n}\n")
    assert os.path.exists(MAIN_FILE) is there


@pytest.mark.parametrize("path", [MAIN_FILE, "/etc/multipath/conf.d/90-x.conf"])
def test_file_that_is_not_there_yet(keywords, path):
    there = os.path.exists(path), os.path.exists(os.path.dirname(path))
    verdict = TOOL.test_conf(path, "defaults {\n\tpolling_interval 9\n\tfoo 1\n}\n")
    assert settings_of(parse_conf(verdict.effective, "multipath -t", keywords))[("defaults", "polling_interval")].text == "9"
    assert verdict.complaints == (f"{path} line 3, invalid keyword in the defaults section: foo",)
    assert (os.path.exists(path), os.path.exists(os.path.dirname(path))) == there


def test_refusal_has_file_and_line(keywords):
    verdict = TOOL.test_conf(MAIN_FILE, 'blacklist {\n\tdevnode "["\n}\n')
    assert not verdict.accepted
    assert any("line 2" in said for said in verdict.complaints)


def test_release_of_a_host_whose_configuration_is_refused(keywords):
    def refusing(argv, timeout):
        return run(["false"] if argv == ["multipath", "-h"] else argv, timeout)

    assert Multipath(refusing).version() == TOOL.version()


@pytest.mark.parametrize(
    "text",
    [
        'devices {\n\tdevice {\n\t\tvendor "*"\n\t\tproduct X\n\t\tproduct_blacklist LUNZ\n\t}\n}\n',
        "defaults {\n\tpolling_interval 7s\n}\n",
    ],
)
def test_release_of_a_host_whose_conf_d_is_refused(keywords, text):
    """In an /etc that only the processes of the test see. 7s is refused by some releases, and others hang on it."""
    seen = (
        "mount --make-rprivate / && mount --bind /etc /mnt && mount -t tmpfs tmpfs /etc && ln -s /mnt/* /etc && rm -f /etc/multipath && "
        'mkdir -p /etc/multipath/conf.d && printf %s "$0" >/etc/multipath/conf.d/x.conf && exec "$@"'
    )

    def there(argv, timeout):
        return run(["unshare", "--mount", "sh", "-c", seen, text, *argv], timeout)

    assert Multipath(there).version() == keywords.release


def test_release_that_cannot_be_told(keywords):
    def hanging(argv, timeout):
        raise CommandTimeout(tuple(argv[:2]), timeout, "")

    with pytest.raises(CommandTimeout, match="multipath -h"):
        Multipath(hanging).version()


def test_build_is_asked_for_its_keywords(keywords):
    path = ("defaults", "polling_interval")
    assert TOOL.backported([path, ("defaults", "no_such_keyword")]) == {path}


def test_a_keyword_is_not_unknown_by_a_line_of_another_file():
    """What the real program says with a file of conf.d: its lines have the same numbers."""
    said = [f"1.0 | {file} line {line}, invalid keyword in the defaults section: x\n" for file, line in (("/etc/multipath/conf.d/old.conf", 2), (MAIN_FILE, 5))]
    tool = Multipath(lambda argv, timeout: Result(tuple(argv), 0, "", "".join(said)))
    assert tool.backported([("defaults", "auto_resize"), ("defaults", "max_retries")]) == {("defaults", "auto_resize")}


# A right value of each kind.
RIGHT = {
    **{"find_multipaths": "greedy", "count": "7", "milliseconds": "4007", "kilobytes": "512", "interval": "9", "seconds": "90", "integer": "-3"},
    "positive": "7",
    **{"verbosity": "3", "max_fds": "4096", "failback": "7", "no_path_retry": "queue", "off_or_seconds": "off", "dev_loss_tmo": "99", "no_or_count": "7"},
    **{"max_retries": "3", "marginal_pathgroups": "on", "path_grouping_policy": "multibus", "rr_weight": "priorities", "flush_on_last_del": True},
    **{"log_checker_err": "once", "auto_resize": "grow_only", "path_selector": "queue-length 0", "counted": "1 foo", "prio": "alua", "checker": "directio"},
    **{"text": "a b", "name": "abc", "infix": "-p", "reservation_key": "0x12", "mode": "0640", "owner": "0", "group": "0", "vpd_vendor": "hp3par"},
    **{"regex": "abc", "pattern": "R1", "property": "X", "uid_attrs": "sd:ID_X", "path": "/x", "yes_no": "yes"},
    "identity": "w",
}
NAMES = {"devices": {"vendor": "V", "product": "P"}, "multipaths": {"wwid": "w"}}


def all_of(section, keywords):
    """The option that sets every keyword of a section, or of its stanza."""
    block = {"devices": "device", "multipaths": "multipath"}.get(section)
    path = (section, block) if block else (section,)
    known = {other[-1]: keywords.known(other) for other in all_paths() if other[:-1] == path and keywords.known(other)}
    right = {name: RIGHT[keyword.kind] for name, keyword in known.items() if keyword.sub is None and not keyword.ignored_by(keywords.release)}
    # The other name of path_checker.
    right.pop("checker", None)
    return {section: [{**right, **NAMES[section]}] if block else right}


@pytest.mark.parametrize(("text", "shown"), [("0", "manual"), ("-1", "manual"), ("1", "1"), ("immediate", "immediate")])
def test_failback_of_0_is_as_good_as_none(keywords, text, shown):
    key, conf = ("defaults", "failback"), f"defaults {{\n\tfailback 7\n\tfailback {text}\n}}\n"
    listed = settings_of(parse_listing(TOOL.test_conf(MAIN_FILE, conf).effective, keywords))
    assert listed[key].meaning == shown
    ours = settings_of(parse_conf(conf, "f", keywords)).get(key)
    assert (ours.meaning if ours else "manual") == shown


@pytest.mark.parametrize("section", ["defaults", "overrides"])
@pytest.mark.parametrize(
    ("keyword", "texts"),
    [
        ("dev_loss_tmo", ["0", "-0", "-1", "-5", "7x", "x", *map(str, (2**32 - 1, 2**32, 2**32 + 1, 2**64 - 1, 2**64, -(10**20)))]),
        ("rr_min_io", ["0", "-1", "1", "x"]),
        ("rr_min_io_rq", ["0", "1"]),
        ("checker_timeout", ["0", "1"]),
        ("max_sectors_kb", ["0", "-1", "4"]),
    ],
)
def test_number_that_stands_for_not_set(keywords, section, keyword, texts):
    key = (section, keyword)
    if keywords.known(key) is None:
        return
    default = effective("", keywords)[0].get(key)
    for text in texts:
        conf = parse_conf(f"{section} {{\n\t{keyword} 7\n\t{keyword} {text}\n}}\n", "f", keywords)
        ours = settings_of(conf).get(key)
        listed = effective(conf.text, keywords)[0].get(key)
        assert (text, ours.meaning if ours else default) == (text, listed)


@pytest.mark.parametrize(
    "options",
    [
        {"multipaths": [{"wwid": "3600 \udce4", "alias": "data"}]},
        {"blacklist": [{"device": {"vendor": "\udce4", "product": "p"}}, {"wwid": "\udcff"}]},
        {"devices": [{"vendor": "V\udcff", "product": "P", "prio": "alua"}]},
    ],
)
def test_bytes_that_are_no_utf_8(keywords, options):
    empty = parse_conf("", MAIN_FILE, keywords)
    added = edit_conf(empty, Wanted(**options))
    removed = edit_conf(parse_conf(added.text, MAIN_FILE, keywords), Wanted(**options, state="absent"))
    without, with_them = (TOOL.test_conf(MAIN_FILE, text).effective for text in ("", added.text))
    assert unmet(added.wanted, with_them, without, keywords) == ([], [])
    assert unmet(removed.wanted, without, with_them, keywords) == ([], [])
    assert outdated(removed.wanted, without, with_them, keywords)
    assert all(key.isascii() and "\\x" in key for key in added.changed_keys)


ROW = "blacklist {\n\tdevice {\n\t\tvendor VMware\n\t}\n\tdevice {\n\t\tproduct Xport\n\t}\n\tdevice {\n\t\tproduct Port\n\t}\n}\n"


@pytest.mark.parametrize("half", [{"vendor": "VMware"}, {"product": "Xport"}, {"product": "Port"}])
def test_devices_in_a_row_of_a_vendor_and_of_a_product_alone(keywords, half):
    wanted = {"blacklist": [{"device": half}]}
    removed = edit_conf(parse_conf(ROW, MAIN_FILE, keywords), Wanted(**wanted, state="absent"))
    with_it, without = (TOOL.test_conf(MAIN_FILE, text).effective for text in (ROW, removed.text))
    assert with_it != without
    assert unmet(removed.wanted, without, with_it, keywords) == ([], [])
    whole = "blacklist {\n\tdevice {\n\t\tvendor VMware\n\t\tproduct Xport\n\t}\n}\n"
    lost = unmet(removed.wanted, TOOL.test_conf(MAIN_FILE, "").effective, TOOL.test_conf(MAIN_FILE, whole).effective, keywords)[0]
    assert bool(lost) is (half == {"product": "Port"})


def test_devices_in_a_row_are_told_apart_by_the_files(keywords):
    listing = parse_listing(TOOL.test_conf(MAIN_FILE, ROW).effective, keywords)
    built_in = parse_listing(TOOL.test_conf(MAIN_FILE, "").effective, keywords)
    key, files = ("blacklist", "device"), parse_conf(ROW, MAIN_FILE, keywords)
    assert ("VMware", "Xport") in lists_of((listing,), ())[key]
    own = (("VMware", None), (None, "Xport"), (None, "Port"))
    assert set(lists_of((listing,), (files,))[key]) == {*own, *lists_of((built_in,), ())[key]}


CONTROL = {"vendor": "QSAN", "product": "XS", "product_blacklist": "LUNZ"}
NAMED = {"vendor": "QSAN", "product": "XS"}
# Multipath has the section itself, and that entry of the blacklist by it.
BUILT_IN = {"vendor": "EMC", "product": "Invista", "product_blacklist": "LUNZ"}


@pytest.mark.parametrize(
    ("added", "options"),
    [
        (CONTROL, {"devices": [NAMED], "state": "absent"}),
        (CONTROL, {"devices": [{**NAMED, "product_blacklist": None}]}),
        (CONTROL, {"devices": [{**NAMED, "product_blacklist": "OTHER"}]}),
        (CONTROL, {"devices": [{"vendor": "V", "product": "P"}], "exclusive": True}),
        (BUILT_IN, {"devices": [{**BUILT_IN, "product_blacklist": "OTHER"}]}),
    ],
)
def test_product_blacklist_can_be_taken_back(keywords, added, options):
    old = edit_conf(parse_conf("", MAIN_FILE, keywords), Wanted(devices=[added])).text
    new = edit_conf(parse_conf(old, MAIN_FILE, keywords), Wanted(**options))
    before, after = (TOOL.test_conf(MAIN_FILE, text).effective for text in (old, new.text))
    assert unmet(new.wanted, after, before, keywords) == ([], [])
    # That of a section that is not named is a loss.
    named = edit_conf(parse_conf("", MAIN_FILE, keywords), Wanted(devices=[{"vendor": "V", "product": "P"}])).wanted
    assert f"blacklist[device,{added['vendor']},LUNZ]" in " ".join(unmet(named, after, before, keywords)[0])


@pytest.mark.parametrize("text", ["", "devices {\n\tdevice {\n\t\tvendor EMC\n\t\tproduct X\n\t\tproduct_blacklist LUNZ\n\t}\n}\n"])
def test_entry_that_is_removed_and_made_again(keywords, text):
    entry = {"blacklist": [{"device": {"vendor": "EMC", "product": "LUNZ"}}]}
    old = edit_conf(parse_conf(text, MAIN_FILE, keywords), Wanted(**entry)).text
    new = edit_conf(parse_conf(old, MAIN_FILE, keywords), Wanted(**entry, state="absent"))
    before, after = (TOOL.test_conf(MAIN_FILE, text).effective for text in (old, new.text))
    errors, (told,) = unmet(new.wanted, after, before, keywords)
    assert errors == [] and told.startswith("blacklist[device,EMC,LUNZ]: removed, and still in force by product_blacklist of devices[EMC,")


LONG = [{"wwid": "3600|" * 202 + "3600b"}, {"wwid": "x"}]


@pytest.mark.parametrize("text", ["", "defaults {\n\tuid_attrs sd:ID_SERIAL\n}\n"])
@pytest.mark.parametrize("options", [{"defaults": {"uid_attrs": "sd:ID_SERIAL dasd:ID_UID"}}, {"blacklist": LONG}])
def test_line_that_is_listed_otherwise_than_written(keywords, text, options):
    edit = edit_conf(parse_conf(text, MAIN_FILE, keywords), Wanted(**options))
    before, after = (TOOL.test_conf(MAIN_FILE, text).effective for text in (text, edit.text))
    assert unmet(edit.wanted, after, before, keywords) == ([], [])
    assert outdated(edit.wanted, after, before, keywords) == tuple(show_key(key) for key, meaning in edit.wanted)


@pytest.mark.parametrize("section", ["defaults", "overrides", "devices", "multipaths"])
def test_every_keyword_is_taken_as_it_is_written(keywords, section):
    before = TOOL.test_conf(MAIN_FILE, "")
    edit = edit_conf(parse_conf("", MAIN_FILE, keywords), Wanted(**all_of(section, keywords)))
    verdict = TOOL.test_conf(MAIN_FILE, edit.text)
    assert unmet(edit.wanted, verdict.effective, before.effective, keywords) == ([], [])
    assert verdict.new_against(before) == ()
    assert len(edit.wanted) > 20
