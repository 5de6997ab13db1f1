# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block import open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._command import Result
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import multipathd_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import Multipath
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd, MultipathdError
from ansible_collections.linuxsan.host.plugins.modules import multipath_alias

A, B = "32033001378901d00", "32033001378901d01"
CTR1, CTR2 = "iqn.2004-08.com.example:ctr1", "iqn.2004-08.com.example:ctr2"


@pytest.fixture
def alias(san, fakes, run_main, monkeypatch):
    """Runs the module; two LUNs, each behind two controllers."""
    for name, wwid, target, lun in (("sdb", A, CTR1, 0), ("sdc", A, CTR2, 0), ("sdd", B, CTR1, 1), ("sde", B, CTR2, 1)):
        san.disk(name, wwid, target, lun, serial=wwid[-4:])
    monkeypatch.setattr(multipath_alias, "conf_apply", fakes.apply)
    real_work = multipath_alias.work

    def run(check=False, **params):
        def work(module, multipath, multipathd):
            return real_work(module, fakes.multipath, fakes.multipathd, san.places)

        return run_main(multipath_alias, work, {"path": str(san.conf), "timeout": 0, **params}, check)

    return run


def one(**settings):
    return {"wwid": A, "alias": "qsan", "settings": settings}


def test_create_then_nothing(alias, san, fakes):
    before = san.snapshot()
    predicted = alias(check=True, **one(path_grouping_policy="multibus"))
    assert san.snapshot() == before
    done = alias(**one(path_grouping_policy="multibus"))
    assert (done["changed"], done["actions"], done["diff"]) == (True, predicted["actions"], predicted["diff"])
    assert san.names() == {A: "qsan"}
    assert done["aliases"] == [
        {"wwid": A, "alias": "qsan", "device": "/dev/mapper/qsan", "dm": "dm-0", "size": 1 << 30, "paths": ["sdb", "sdc"], "policy": "multibus"}
    ]
    assert predicted["aliases"] == [{**done["aliases"][0], "dm": None}]
    fakes.multipathd.calls.clear()
    after = san.snapshot()
    for check in (True, False):
        again = alias(check=check, **one(path_grouping_policy="multibus"))
        assert (again["changed"], again["actions"], again["warnings"]) == (False, [], [])
        assert again["aliases"] == done["aliases"]
    assert san.snapshot() == after
    assert fakes.multipathd.calls == ["show maps json"] * 2


def test_paths_are_added_when_the_reload_makes_no_map(alias, san, fakes):
    fakes.multipathd.lazy = True
    assert alias(**one())["changed"]
    assert san.names() == {A: "qsan"}
    assert "add path sdb" in fakes.multipathd.calls


def test_many_in_one_write_and_one_reload(alias, san, fakes):
    items = [{"select": {"lun": 0}, "alias": "data"}, {"select": {"target": "*:ctr1", "lun": 1}, "alias": "logs"}]
    assert alias(aliases=items)["changed"]
    assert san.names() == {A: "data", B: "logs"}
    assert (fakes.apply.writes, fakes.multipathd.calls.count("reconfigure")) == (1, 1)


def test_live_rename_and_regroup(alias, san, fakes):
    alias(**one(path_grouping_policy="failover"))
    (san.root / "fstab").write_text("/dev/mapper/qsan /mnt ext4 _netdev 0 0\n")
    params = {"wwid": A, "alias": "data", "settings": {"path_grouping_policy": "multibus"}}
    predicted, done = alias(check=True, **params), alias(**params)
    assert done["actions"] == predicted["actions"]
    assert "rename qsan to data" in done["actions"]
    assert (done["aliases"][0]["policy"], san.names()) == ("multibus", {A: "data"})
    assert any("/etc/fstab names /dev/mapper/qsan" in said for said in done["warnings"])
    assert not alias(**params)["changed"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_run_is_repaired(alias, san, fakes, kill, when):
    fakes.apply.killed = when
    with pytest.raises(kill):
        alias(**one(path_grouping_policy="multibus"))
    fakes.apply.killed = None
    done = alias(**one(path_grouping_policy="multibus"))
    assert (done["changed"], done["aliases"][0]["policy"], san.names()) == (True, "multibus", {A: "qsan"})
    assert not alias(**one(path_grouping_policy="multibus"))["changed"]


@pytest.mark.parametrize(
    ("before", "settings"),
    [
        ({}, {"rr_weight": "priorities"}),
        ({}, {"path_grouping_policy": "group_by_tpg"}),
        ({}, {"path_grouping_policy": "group_by_serial"}),
        ({}, {"no_path_retry": 12}),
        ({"no_path_retry": 12}, {"no_path_retry": None}),
        ({"path_grouping_policy": "multibus"}, {"path_grouping_policy": None}),
    ],
)
def test_a_killed_change_that_no_map_shows_is_repaired(alias, fakes, kill, before, settings):
    alias(**one(**before))
    fakes.apply.killed = "after"
    with pytest.raises(kill):
        alias(**one(**settings))
    fakes.apply.killed = None
    predicted, done = alias(check=True, **one(**settings)), alias(**one(**settings))
    assert done["actions"] == predicted["actions"] == ["reload multipathd"]
    assert fakes.multipathd.loaded == fakes.multipathd.in_file()
    assert not alias(**one(**settings))["changed"]


def test_a_killed_rename_is_repaired(alias, san, fakes, kill):
    alias(**one())
    fakes.apply.killed = "after"
    with pytest.raises(kill):
        alias(wwid=A, alias="data")
    fakes.apply.killed = None
    assert alias(wwid=A, alias="data")["changed"]
    assert san.names() == {A: "data"}


def test_absent_and_again(alias, san, fakes):
    alias(aliases=[one(), {"wwid": B, "alias": "logs", "settings": {"no_path_retry": 12}}])
    for check in (True, False):
        done = alias(check=check, alias="qsan", state="absent")
        assert done["changed"]
    assert san.names() == {A: A, B: "logs"}
    assert A not in san.conf.read_text()
    assert not alias(alias="qsan", state="absent")["changed"]
    assert alias(wwid=B, state="absent")["changed"]
    assert "no_path_retry" in san.conf.read_text()
    assert san.names() == {A: A, B: B}


@pytest.mark.parametrize("select", [{"lun": 1}, {"vendor": "Qsan"}, {"lun": 7}])
def test_absent_takes_the_alias_from_its_owner_whatever_select_fits_now(alias, san, fakes, select):
    alias(**one())
    assert alias(alias="qsan", select=select, state="absent")["changed"]
    assert (san.names()[A], A in san.conf.read_text()) == (A, False)
    # Nobody has it any more: what select fits, one LUN or several, is another.
    again = alias(alias="qsan", select=select, state="absent")
    assert (again["changed"], again["aliases"][0]["wwid"]) == (False, None)


@pytest.mark.parametrize("way", ["//", "link", "conf.d"])
def test_a_file_is_the_same_by_every_name(alias, san, fakes, way):
    path = {"//": f"{san.root}//multipath.conf", "link": str(san.root / "link"), "conf.d": str(san.root / "etc/conf.d/a.conf")}[way]
    if way != "//":
        (san.root / path).symlink_to(san.conf)
    alias(**one())
    done = alias(path=path, wwid=A, alias="data")
    assert (done["changed"], san.names()) == (True, {A: "data"})
    assert not alias(path=path, wwid=A, alias="data")["changed"]
    assert alias(path=path, alias="data", state="absent")["changed"]
    assert (san.names(), A in san.conf.read_text(), san.conf.is_symlink()) == ({A: A}, False, False)
    assert way == "//" or (san.root / path).is_symlink()


@pytest.mark.parametrize("wwid", [A[1:], "qsan"])
def test_absent_refuses_what_is_no_wwid(alias, wwid):
    alias(wwid=A, alias="qsan")
    assert "is no WWID" in alias(wwid=wwid, state="absent")["msg"]


def test_absent_of_an_alias_that_is_the_wwid(alias, san, fakes):
    alias(wwid=A, alias=A)
    done = alias(alias=A, state="absent")
    assert (done["changed"], san.names(), A in san.conf.read_text()) == (True, {A: A}, False)
    assert not alias(alias=A, state="absent")["changed"]


def test_absent_after_a_kill(alias, san, fakes, kill):
    alias(**one())
    fakes.apply.killed = "after"
    with pytest.raises(kill):
        alias(alias="qsan", state="absent")
    fakes.apply.killed = None
    assert alias(alias="qsan", select={"lun": 1}, state="absent")["changed"]
    assert san.names() == {A: A}
    assert not alias(alias="qsan", state="absent")["changed"]


def test_absent_without_multipathd_edits_the_file(alias, san, fakes):
    san.conf.write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {A}\n\t\talias qsan\n\t}}\n}}\n")
    fakes.multipathd.up = False
    assert alias(alias="qsan", state="absent")["changed"]
    assert A not in san.conf.read_text()
    assert fakes.multipathd.calls == []


def test_paths_that_came_before_their_wwid_was_registered(alias, san, fakes, events_answered):
    alias(**one())
    san.came_unclaimed("sdb", "sdc")
    fakes.multipathd.calls.clear()
    predicted = alias(check=True, **one())
    assert predicted["actions"] == ["claim sdb", "claim sdc"]
    done = alias(**one())
    assert (done["actions"], done["diff"]) == (predicted["actions"], predicted["diff"])
    assert "reconfigure" not in fakes.multipathd.calls
    assert not alias(**one())["changed"]


def test_paths_that_udev_never_claims(alias, san, events_refused):
    """Asked once, and again when what decides has changed."""
    alias(**one())
    san.came_unclaimed("sdb", "sdc")
    done = alias(**one())
    assert (done["actions"], len(done["warnings"])) == (["claim sdb", "claim sdc"], 1)
    assert "still takes sdb, sdc for plain disks" in done["warnings"][0]
    for check in (True, False):
        again = alias(check=check, **one())
        assert (again["changed"], again["actions"], again["warnings"]) == (False, [], [])
    san.conf.touch()
    assert alias(check=True, **one())["actions"] == ["claim sdb", "claim sdc"]


@pytest.mark.parametrize(
    ("device", "params"),
    [("/dev/mapper/qsan", {"wwid": A, "alias": "data"}), ("UUID=1-2", {"alias": "qsan", "state": "absent"})],
)
@pytest.mark.parametrize("file", ["fstab", "etc/systemd/my\\x20srv.mount", "run/systemd/my\\x20srv.mount"], ids=["fstab", "unit", "transient unit"])
def test_systemd_would_unmount_what_it_mounts(alias, san, fakes, file, device, params):
    alias(**one())
    (san.root / file).parent.mkdir(parents=True, exist_ok=True)
    (san.root / file).write_text(f"# fstab\n{device} /my\\040srv ext4 _netdev 0 0\n")
    (dm,) = (san.root / "sys/block").glob("dm-*")
    (san.root / "proc/self/mountinfo").write_text(f"21 1 {(dm / 'dev').read_text().strip()} / /my\\040srv rw - ext4 /dev/mapper/qsan rw\n")
    before = san.snapshot()
    for check in (True, False):
        failed = alias(check=check, **params)
        assert failed["failed"] and f"qsan is not renamed: it is mounted on /my srv as {san.root / file} has it" in failed["msg"]
    assert san.snapshot() == before
    assert not alias(**one())["changed"]
    # A mount that systemd has no line for stays when the name goes.
    (san.root / file).unlink()
    (san.root / "fstab").write_text(f"{device} /other ext4 _netdev 0 0\n")
    assert alias(**params)["changed"]


def use_as_swap(san, part):
    (san.root / "proc/swaps").write_text(f"Filename Type Size Used Priority\n/dev/{part} partition 1048572 0 -2\n")


def open_crypt(san, part):
    (san.root / "crypttab").write_text("# name device\nsecret /dev/mapper/qsan-part1 none _netdev\n")
    san.hold(san.make_dm("secret", "CRYPT-LUKS2-1-secret"), part)


@pytest.mark.parametrize(
    ("use", "end", "said"),
    [
        (use_as_swap, "proc/swaps", "qsan is not renamed: it is swapped to"),
        (open_crypt, "crypttab", "qsan is not renamed: it is opened as secret by /etc/crypttab"),
    ],
)
def test_systemd_would_take_a_swap_space_or_an_encrypted_device(alias, san, use, end, said):
    alias(**one())
    part = san.make_dm("qsan-part1", f"part1-mpath-{A}")
    san.hold(part, san.dms()[A])
    use(san, part)
    before = san.snapshot()
    for params in ({"wwid": A, "alias": "data"}, {"alias": "qsan", "state": "absent"}):
        failed = alias(**params)
        assert failed["failed"] and said in failed["msg"]
    assert san.snapshot() == before
    assert not alias(**one())["changed"]
    (san.root / end).write_text("")
    assert alias(wwid=A, alias="data")["changed"]


def test_what_lies_in_another_map_of_a_longer_name_is_no_hindrance(alias, san):
    alias(aliases=[{"wwid": A, "alias": "vol"}, {"wwid": B, "alias": "vol1"}])
    (san.root / "fstab").write_text("/dev/mapper/vol1 /srv ext4 _netdev 0 0\n")
    (san.root / "crypttab").write_text("secret /dev/mapper/vol1 none _netdev\n")
    san.hold(san.make_dm("secret", "CRYPT-LUKS2-1-secret"), san.dms()[B])
    done = alias(wwid=A, alias="data")
    assert (done["changed"], done["warnings"]) == (True, [])
    assert "vol1 is not renamed: it is opened as secret" in alias(wwid=B, alias="logs")["msg"]


def test_another_map_that_waits_for_its_new_name_keeps_it(alias, san, fakes, monkeypatch):
    alias(**one())
    dm = san.dms()[A]
    (san.root / "fstab").write_text("/dev/mapper/qsan /srv ext4 _netdev 0 0\n")
    (san.root / "proc/self/mountinfo").write_text(f"21 1 {(san.root / 'sys/block' / dm / 'dev').read_text()} / /srv rw - ext4 /dev/mapper/qsan rw\n")
    loaded = san.conf.read_text()
    monkeypatch.setattr(fakes.multipathd, "show_config", lambda: loaded)
    san.conf.write_text(loaded.replace("alias qsan", "alias data"))
    before = san.snapshot()
    failed = alias(wwid=B, alias="other")
    assert failed["failed"] and "qsan is not renamed: it is mounted on /srv" in failed["msg"]
    assert san.snapshot() == before


REFUSED = {
    "two aliases": ({"aliases": [{"wwid": A, "alias": "x"}, {"wwid": A, "alias": "y"}]}, "listed twice"),
    "one alias twice": ({"aliases": [{"wwid": A, "alias": "x"}, {"wwid": B, "alias": "x"}]}, "listed twice"),
    "alias of another in the file": ({"wwid": A, "alias": "taken"}, "alias of 3999"),
    "alias of another in conf.d": ({"wwid": A, "alias": "dropped"}, "conf.d"),
    "another alias in conf.d": ({"wwid": B, "alias": "mine"}, "conf.d"),
    "binding": ({"wwid": A, "alias": "mpathx"}, "bindings"),
    "dm device": ({"wwid": A, "alias": "vg-root"}, "device-mapper"),
    "bad name": ({"wwid": A, "alias": "a b"}, "cannot be an alias"),
    "WWID of another LUN": ({"wwid": A, "alias": B}, "WWID of another LUN"),
    "no such LUN": ({"wwid": "3600", "alias": "x"}, A),
    "WWID without its type": ({"wwid": A[1:], "alias": "x"}, f"one has {A}"),
    "several LUNs": ({"select": {"vendor": "qsan"}, "alias": "x"}, "2 LUNs match"),
    "none selected": ({"select": {"lun": 7}, "alias": "x"}, "no LUN matches"),
    "in use": ({"wwid": "3777", "alias": "x"}, "mounted on /"),
    "sizes": ({"wwid": "3888", "alias": "x"}, "differ in size"),
    "serials": ({"wwid": "3889", "alias": "x"}, "differ in serial"),
    "no alias": ({"wwid": A}, "lacks alias"),
    "no LUN": ({"alias": "x"}, "lacks wwid or select"),
    "unknown keyword": ({"wwid": A, "alias": "x", "settings": {"path_grouping_polcy": "multibus"}}, "path_grouping_polcy"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_changed(alias, san, fakes, case):
    san.disk("sdf", "3777", None)
    san.disk("sdg", "3888", CTR1, 8, size=1 << 30)
    san.disk("sdh", "3888", CTR2, 8, size=1 << 31)
    san.disk("sdi", "3889", CTR1, 9, serial="one")
    san.disk("sdj", "3889", CTR2, 9, serial="two")
    dev = (san.root / "sys/block/sdf/dev").read_text()
    (san.root / "proc/self/mountinfo").write_text(f"21 1 {dev} / / rw - ext4 /dev/sdf rw\n")
    san.make_dm("vg-root", "LVM-abc")
    san.conf.write_text("multipaths {\n\tmultipath {\n\t\twwid 3999\n\t\talias taken\n\t}\n}\n")
    (san.root / "etc/conf.d/a.conf").write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {B}\n\t\talias dropped\n\t}}\n}}\n")
    (san.root / "etc/bindings").write_text(f"mpathx {B}\n")
    params, message = REFUSED[case]
    if case == "several LUNs":
        params = {**params, "select": {"vendor": "qsan", "serial": "1d0*"}}
    before = san.snapshot()
    failed = alias(**params)
    assert failed["failed"]
    assert message in failed["msg"]
    assert san.snapshot() == before
    assert (fakes.multipath.calls, fakes.apply.writes) == ([], 0)


@pytest.mark.parametrize(("release", "said"), [((0, 8, 3), "mine is the alias of 3999 in "), ((0, 8, 4), None), (None, None)])
@pytest.mark.parametrize("name", ["a.conf.bak", "a.conf.12.2026-11-23@10:00:00~"])
def test_an_alias_in_a_copy_that_old_releases_read(alias, san, fakes, name, release, said):
    """.conf anywhere in a name was enough before 0.8.4."""
    fakes.multipath.release = release
    (san.root / "etc/conf.d" / name).write_text("multipaths {\n\tmultipath {\n\t\twwid 3999\n\t\talias mine\n\t}\n}\n")
    done = alias(wwid=A, alias="mine")
    assert said in done["msg"] if said else done["changed"]
    assert fakes.multipath.asked >= 1


def test_the_release_is_not_asked_for_where_it_decides_nothing(alias, san, fakes):
    for name in ("a.conf", ".b.conf", "README"):
        (san.root / "etc/conf.d" / name).write_text("")
    assert (alias(**one())["changed"], fakes.multipath.asked) == (True, 0)


@pytest.mark.parametrize("timeout", [-1, -0.1, "nan", "inf"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_timeout_that_bounds_nothing_is_refused(alias, san, fakes, state, timeout):
    before = san.snapshot()
    for check in (True, False):
        assert "timeout: " in alias(check=check, state=state, timeout=timeout, **one())["msg"]
    assert (san.snapshot(), fakes.multipathd.calls) == (before, [])


@pytest.mark.parametrize("keyword", ["bindings_file", "config_dir"])
def test_names_that_an_old_release_reads_elsewhere_are_taken(alias, san, fakes, keyword):
    elsewhere = san.root / "elsewhere"
    elsewhere.mkdir()
    named = elsewhere / "bindings" if keyword == "bindings_file" else elsewhere
    (elsewhere / "bindings").write_text(f"taken {B}\n")
    (elsewhere / "a.conf").write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {B}\n\t\talias taken\n\t}}\n}}\n")
    san.conf.write_text(f"defaults {{\n\t{keyword} {named}\n}}\n")
    before = san.snapshot()
    assert str(elsewhere / ("bindings" if keyword == "bindings_file" else "a.conf")) in alias(wwid=A, alias="taken")["msg"]
    assert san.snapshot() == before


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("settings", [{"wwid": B}, {"alias": "other"}, {"alias": None}, {"wwid": B, "alias": "other"}])
def test_settings_cannot_name_another_lun_or_alias(alias, san, fakes, state, settings):
    alias(**one())
    before, writes = san.snapshot(), fakes.apply.writes
    failed = alias(state=state, **one(**settings))
    assert failed["failed"]
    names = " and ".join(sorted(settings))
    assert f"{names} cannot stand in settings. Use the option{'s' if len(settings) > 1 else ''} {names}." in failed["msg"]
    assert (san.snapshot(), fakes.apply.writes) == (before, writes)


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(("select", "named"), [({"vendor": ""}, "vendor"), ({"lun": 0, "serial": " ", "target": ""}, "serial and target")])
def test_an_empty_criterion_is_refused(alias, san, fakes, state, select, named):
    before = san.snapshot()
    for params in ({"select": select, "alias": "x"}, {"aliases": [{"select": select, "alias": "x"}]}):
        assert f"select has an empty {named}. Say which LUN" in alias(state=state, **params)["msg"]
    assert san.snapshot() == before


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_select_that_says_nothing_fits_nothing(alias, san, fakes, state):
    """serial: "{{ lun_serial | default(none) }}" and one LUN on the host, which it would take."""
    before = san.snapshot()
    for params in ({"select": {"serial": None}, "alias": "x"}, {"aliases": [{"select": {"lun": None, "serial": None}, "alias": "x"}]}):
        assert alias(state=state, **params)["msg"].startswith("aliases: x: select has no value. Say which LUN")
    assert san.snapshot() == before


@pytest.mark.parametrize("owner", ["file", "bindings", "map"])
def test_an_alias_of_a_lun_that_is_away_is_not_taken_for_that_of_another(alias, san, fakes, owner):
    """Its sessions are down, and nobody can tell that the owner is what select means."""
    if owner == "file":
        san.conf.write_text("multipaths {\n\tmultipath {\n\t\twwid 3600\n\t\talias x\n\t}\n}\n")
    elif owner == "bindings":
        (san.root / "etc/bindings").write_text("x 3600\n")
    else:
        san.make_dm("x", "mpath-3600")
    asked = {"select": {"lun": 7}, "alias": "x"}
    predicted = alias(check=True, **asked)
    assert any(said.startswith("x: no LUN matches lun 7") for said in predicted["warnings"])
    assert alias(**asked)["msg"].startswith("x: no LUN matches lun 7")


def test_an_alias_that_another_kind_of_device_has_is_refused_though_the_lun_is_away(alias, san):
    san.make_dm("x", "LVM-abc")
    assert "x is the name of another device-mapper device" in alias(check=True, select={"lun": 7}, alias="x")["msg"]


def test_multipathd_down(alias, san, fakes):
    fakes.multipathd.up = False
    before = san.snapshot()
    failed = alias(**one())
    assert failed["failed"]
    assert "multipathd does not run" in failed["msg"]
    predicted = alias(check=True, **one())
    assert predicted["changed"]
    assert any("multipathd does not run" in said for said in predicted["warnings"])
    assert san.snapshot() == before


@pytest.mark.parametrize("params", [{"wwid": "3600", "alias": "x"}, {"select": {"lun": 7}, "alias": "x"}])
def test_a_fresh_host_is_predicted(alias, fakes, params):
    fakes.multipathd.up = False
    predicted = alias(check=True, **params)
    assert predicted["changed"]
    assert len(predicted["warnings"]) == len(["LUN", "multipathd"])
    assert predicted["aliases"][0]["device"] == "/dev/mapper/x"


def test_what_does_not_become_as_asked_is_named(alias, san, fakes):
    alias(**one(path_grouping_policy="failover"))
    fakes.multipathd.stuck = True
    failed = alias(wwid=A, alias="data")
    assert f"the map of {A} is called qsan" in failed["msg"]
    failed = alias(**one(path_grouping_policy="multibus"))
    assert "path_grouping_policy is not multibus" in failed["msg"]


def test_a_blacklisted_lun_is_named(alias, san, fakes):
    fakes.multipathd.blacklist = (A,)
    failed = alias(**one())
    assert "blacklisted" in failed["msg"]


def test_without_reload_only_the_file_changes(alias, san, fakes):
    done = alias(reload=False, **one())
    assert done["changed"]
    assert (san.names(), fakes.multipathd.calls.count("reconfigure")) == ({}, 0)
    assert not alias(reload=False, **one())["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_no_map_of_a_lun_that_somebody_has_open(alias, san, fakes, monkeypatch, check):
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    san.keep_open("sdb", "qemu-system-x86")
    before = san.snapshot()
    failed = alias(check=check, **one())
    assert f"qsan: {A} cannot be taken, it is in use as a local disk (sdb is open by qemu-system-x86 (process 77))" in failed["msg"]
    assert (san.snapshot(), fakes.apply.writes) == (before, 0)
    assert not alias(check=check, wwid=B, alias="logs").get("failed")


def test_a_path_that_the_map_does_not_take_may_be_open(alias, san, monkeypatch):
    """multipath_map takes it, and refuses it."""
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    alias(**one())
    san.disk("sdx", A, CTR1, 0, serial=A[-4:])
    san.keep_open("sdx", "smartd")
    done = alias(**one())
    assert (done.get("msg"), done["changed"]) == (None, False)


def test_a_map_whose_path_somebody_has_open_is_named(alias, san):
    alias(**one())
    san.keep_open("sdb")
    assert alias(wwid=A, alias="data")["changed"]


class Processes:
    """Starts none: answers for the programs as the fakes do, and keeps what was asked. Daemon states are those of a finished reconfigure."""

    def __init__(self, fakes):
        self.fakes, self.started = fakes, []

    def before(self, asked):
        """What is answered in place of the fakes, or None."""

    def __call__(self, argv, timeout):
        self.started.append(" ".join(argv))
        answers = {
            "multipathd reconfigure": self._reconfigure,
            "multipathd show daemon": lambda: "pid 7 idle\n",
            "multipathd show maps json": self.fakes.multipathd.show_maps_json,
        }
        told = self.before(" ".join(argv))
        return Result(tuple(argv), 0, answers[" ".join(argv)]() if told is None else told, "")

    def _reconfigure(self):
        self.fakes.multipathd.reconfigure()
        return "ok\n"


@pytest.fixture
def count(san, fakes, run_main, monkeypatch):
    """Runs the module with the real tools. Returns the processes of a run, and its result."""
    (san.root / "proc/7").mkdir()
    (san.root / "proc/7/comm").write_text("multipathd\n")
    (san.root / "proc/7/cmdline").write_text("/sbin/multipathd\0-d\0-s\0")
    real_work = multipath_alias.work

    def run(items, check=False):
        processes = Processes(fakes)
        multipathd = Multipathd(processes, str(san.root / "proc"))
        fakes.apply.multipathd = SimpleNamespace(
            running=multipathd.running, reconfigure=multipathd.reconfigure, in_file=fakes.multipathd.in_file, loaded=fakes.multipathd.loaded, san=san
        )
        monkeypatch.setattr(multipath_alias, "conf_apply", fakes.apply)
        result = run_main(multipath_alias, lambda module, *tools: real_work(module, Multipath(processes), multipathd, san.places), items, check)
        return sorted(processes.started), result

    return run


@pytest.mark.parametrize("number", [1, 200])
def test_any_number_is_one_write_one_reload_one_wait(san, fakes, count, number):
    items = []
    for at in range(number):
        san.disk(f"sd{at:03}", f"3{at:04}", CTR1, at, serial=str(at))
        items.append({"wwid": f"3{at:04}", "alias": f"data{at}", "settings": {"path_grouping_policy": "multibus"}})
    params = {"aliases": items, "path": str(san.conf), "timeout": 0}
    predicted = count(params, check=True)
    assert predicted[0] == ["multipathd show maps json"]
    started, done = count(params)
    assert started == ["multipathd reconfigure", "multipathd show daemon", *["multipathd show maps json"] * 2]
    assert (fakes.apply.writes, done["changed"], done["actions"]) == (1, True, predicted[1]["actions"])
    assert san.names() == {item["wwid"]: item["alias"] for item in items}
    started, again = count(params)
    assert (started, again["changed"], again["aliases"]) == (["multipathd show maps json"], False, done["aliases"])


def test_a_rename_that_leaves_the_table_as_it_was_is_followed_by_a_load(alias, san, fakes):
    san.make_dm(A, f"mpath-{A}", ["sdb", "sdc"])
    fakes.multipathd.renames_only = True
    done = alias(**one(path_selector="round-robin 0", path_grouping_policy="multibus"), timeout=20)
    assert (done["changed"], san.names()[A], done["aliases"][0]["policy"]) == (True, "qsan", "multibus")
    assert fakes.multipathd.calls.count("reload map qsan") == 1
    assert alias(**one(path_selector="round-robin 0", path_grouping_policy="multibus"))["changed"] is False


def test_a_multipathd_that_is_busy_while_it_is_waited_for(alias, fakes, monkeypatch):
    """It has read the file, and a path keeps it from answering."""
    tell, answers = fakes.multipathd.show_maps_json, ["told", "busy", "busy", "told"]

    def answer():
        if answers.pop(0) == "busy":
            raise MultipathdError("multipathd show maps json: it answered 'timeout'.", "timeout")
        return tell()

    monkeypatch.setattr(fakes.multipathd, "show_maps_json", answer)
    assert (alias(**one(), timeout=20)["changed"], answers) == (True, [])


def test_a_multipathd_that_stays_busy_is_named(alias, fakes, monkeypatch):
    tell, answers = fakes.multipathd.show_maps_json, ["told"]

    def answer():
        if not answers:
            raise MultipathdError("multipathd show maps json: it answered 'timeout'.", "timeout")
        answers.clear()
        return tell()

    monkeypatch.setattr(fakes.multipathd, "show_maps_json", answer)
    failed = alias(**one())
    assert "not everything is as asked: multipathd show maps json: it answered 'timeout'" in failed["msg"]


def test_a_multipathd_that_is_busy_from_the_start(san, count, monkeypatch):
    monkeypatch.setattr(multipathd_tool, "BUSY_INTERVAL_SECONDS", 0.01)
    busy = {"multipathd show maps json": ["timeout\n"] * 2, "multipathd reconfigure": ["fail\n"] * 2}
    monkeypatch.setattr(Processes, "before", lambda self, asked: busy[asked].pop() if busy.get(asked) else None)
    san.disk("sdb", A, CTR1)
    started, done = count({"path": str(san.conf), "timeout": 0, "wwid": A, "alias": "qsan"})
    assert (done["changed"], san.names(), busy) == (True, {A: "qsan"}, dict.fromkeys(busy, []))
    assert [started.count(f"multipathd {words}") for words in ("reconfigure", "show maps json")] == [3, 4]


@pytest.mark.usefixtures("held")
def test_another_run_is_waited_for(alias, san):
    before = san.snapshot()
    assert "another run holds the files of multipath" in alias(**one())["msg"]
    assert alias(check=True, **one())["changed"]
    assert san.snapshot() == before
