# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block import open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import map_apply
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_apply import Tools
from ansible_collections.linuxsan.host.plugins.modules import multipath_map

A, B = "32033001378901d00", "32033001378901d01"
CTR1, CTR2 = "iqn.2004-08.com.example:ctr1", "iqn.2004-08.com.example:ctr2"
SIZE = 1 << 30


class FakeDmsetup:
    """The kernel's side. opened: kernel name -> how often it is open; refuses: the next removals fail so."""

    def __init__(self, san):
        self.san = san
        self.opened = {}
        self.calls = []

    def queues(self, name):
        return name in self.san.queueing

    def queue(self, name, on):
        self.calls.append(f"queue {name} {on}")
        (self.san.queueing.add if on else self.san.queueing.discard)(name)

    def open_counts(self):
        return self.opened

    def resume(self, name):
        self.calls.append(f"resume {name}")
        self._node(name).joinpath("dm/suspended").write_text("0")

    def suspend(self, name):
        self._node(name).joinpath("dm/suspended").write_text("1")

    def remove(self, name):
        self.calls.append(f"remove {name}")
        self.san.remove_dm(name)

    def _node(self, name):
        return next(node for node in (self.san.root / "sys/block").glob("dm-*") if (node / "dm/name").read_text() == name)


class FakePaths:
    """array: path -> its size on the array, where that is not what the kernel knows; deaf: a rescan does not reach these."""

    def __init__(self, san):
        self.san = san
        self.array = {}
        self.deaf = ()
        self.rescanned = []

    def size(self, name):
        return int((self.san.root / "sys/block" / name / "size").read_text()) * SECTOR_BYTES

    def capacities(self, names):
        return {name: self.array.get(name, self.size(name)) for name in names}

    def rescan(self, names):
        for name in names:
            self.rescanned.append(name)
            if name not in self.deaf:
                self.san.set_size(name, self.array[name])


@pytest.fixture
def tools(san, fakes):
    return Tools(fakes.multipath, fakes.multipathd, FakeDmsetup(san), FakePaths(san))


@pytest.fixture
def make(san, tools, run_main, monkeypatch):
    """Runs the module. A LUN behind two controllers, and a local disk."""
    san.disk("sda", "local", None)
    san.disk("sdb", A, CTR1)
    san.disk("sdc", A, CTR2)
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    monkeypatch.setattr(map_apply, "RETRY_SECONDS", 0.01)
    real_work = multipath_map.work

    def run(check=False, **params):
        return run_main(multipath_map, lambda module, given: real_work(module, tools, san.places), {"timeout": 0, **params}, check)

    return run


@pytest.fixture
def mapped(san, fakes, make):
    """The LUN as the map qsan, which queues."""
    san.conf.write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {A}\n\t\talias qsan\n\t\tno_path_retry queue\n\t}}\n}}\n")
    (san.root / "etc/wwids").write_text(f"/{A}/\n")
    fakes.multipathd.reconfigure()
    san.queueing.add("qsan")
    fakes.multipathd.calls.clear()
    return make


def both(run, san, **params):
    """Check, real, real again, check again. Returns the result of the real run."""
    before = san.snapshot()
    predicted = run(check=True, **params)
    assert san.snapshot() == before
    done = run(**params)
    assert (done["changed"], done["actions"], done["diff"]) == (True, predicted["actions"], predicted["diff"])
    for check in (False, True):
        again = run(check=check, **params)
        assert (again["changed"], again["actions"], again["warnings"]) == (False, [], [])
    return done


def refused(run, san, said, **params):
    """Refused with and without check mode, and nothing has changed."""
    before = san.snapshot()
    for check in (True, False):
        failed = run(check=check, **params)
        assert failed.get("failed")
        assert said in failed["msg"]
    assert san.snapshot() == before


@pytest.mark.parametrize("timeout", [-1, "nan", "inf"])
@pytest.mark.parametrize("state", ["present", "absent", "resized"])
def test_a_timeout_that_bounds_nothing_is_refused(make, san, fakes, state, timeout):
    refused(make, san, "timeout: ", wwid=A, state=state, timeout=timeout)
    assert fakes.multipathd.calls == []


def test_present_makes_a_map(make, san):
    done = both(make, san, wwid=A)
    assert done["actions"] == [f"register {A}", f"create {A} of {A}"]
    assert (done["map"]["name"], done["map"]["paths"], san.names()) == (A, ["sdb", "sdc"], {A: A})


def test_present_by_alias(make, san):
    san.conf.write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {A}\n\t\talias qsan\n\t}}\n}}\n")
    assert both(make, san, name="qsan")["actions"] == [f"register {A}", f"create qsan of {A}"]


def test_present_leaves_what_is_there(mapped, san):
    before = san.snapshot()
    for params in ({"name": "qsan"}, {"wwid": A}):
        assert not mapped(**params)["changed"]
    assert san.snapshot() == before


def test_present_adds_a_path(mapped, san):
    san.disk("sdd", A, CTR1)
    assert both(mapped, san, name="qsan")["map"]["paths"] == ["sdb", "sdc", "sdd"]


def test_present_claims_its_paths(mapped, san, events_answered):
    san.came_unclaimed("sdc")
    assert both(mapped, san, name="qsan")["actions"] == ["claim sdc"]


def test_present_asks_udev_once(mapped, san, events_refused):
    san.came_unclaimed("sdc")
    assert "still takes sdc for plain disks" in mapped(name="qsan")["warnings"][0]
    assert (mapped(name="qsan")["changed"], mapped(name="qsan", check=True)["changed"]) == (False, False)


def test_present_makes_known_and_resumes(mapped, san, tools):
    tools.multipathd.forgotten.add("qsan")
    tools.dmsetup.suspend("qsan")
    assert both(mapped, san, name="qsan")["actions"] == ["monitor qsan", "resume qsan"]


def test_present_killed_after_the_registration(make, san):
    (san.root / "etc/wwids").write_text(f"/{A}/\n")
    assert both(make, san, wwid=A)["actions"] == [f"create {A} of {A}"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"wwid": "3600"}, "no disk on this host has the WWID 3600"),
        ({"name": "nobody"}, "no map has this name"),
        ({"name": "nobody", "state": "resized"}, "no such map"),
    ],
)
def test_what_is_not_there_is_named(make, san, params, said):
    before = san.snapshot()
    assert said in make(**params)["msg"]
    assert any(said in words for words in make(check=True, **params)["warnings"])
    assert san.snapshot() == before


def test_multipathd_down(mapped, fakes):
    fakes.multipathd.up = False
    for state in ("present", "resized"):
        assert "multipathd does not run" in mapped(name="qsan", state=state)["msg"]


def test_present_refuses_two_luns_of_one_wwid(make, san):
    san.disk("sdd", A, CTR1, size=2 * SIZE)
    refused(make, san, "differ in size", wwid=A)


def test_present_refuses_a_lun_that_somebody_has_open(make, san):
    san.keep_open("sdc", "qemu-system-x86")
    refused(make, san, "it is in use as a local disk (sdc is open by qemu-system-x86 (process 77))", wwid=A)


def test_present_refuses_a_further_path_that_somebody_has_open(mapped, san):
    san.disk("sdd", A, CTR1)
    san.keep_open("sdd")
    refused(mapped, san, "sdd is open by dd (process 77)", name="qsan")


@pytest.mark.parametrize(("device", "command"), [("sdb", "multipathd"), ("sdb", "(udev-worker)"), ("sda", "dd")])
def test_present_takes_what_is_looked_at_or_another_disk(make, san, device, command):
    san.keep_open(device, command)
    assert both(make, san, wwid=A)["map"]["paths"] == ["sdb", "sdc"]


def test_present_leaves_a_path_in_its_map_that_somebody_has_open(mapped, san):
    san.keep_open("sdb")
    assert not mapped(name="qsan")["changed"]


def test_present_refuses_another_kind_of_device(make, san):
    san.make_dm("vg-root", "LVM-x")
    for state in ("present", "absent", "resized"):
        refused(make, san, "no multipath map", name="vg-root", state=state)


@pytest.mark.parametrize("name", ["/dev/mapper/qsan", "dm-0", "254:0"])
def test_a_device_is_no_name(mapped, san, name):
    refused(mapped, san, "no name of a map", name=name, state="absent")


@pytest.mark.parametrize("wwid", [A[1:], "qsan", "/dev/mapper/qsan"])
def test_what_is_no_wwid_is_not_taken_for_one_that_is_gone(mapped, san, wwid):
    refused(mapped, san, "is no WWID", wwid=wwid, state="absent")


def test_present_names_a_blacklisted_lun(make, fakes):
    fakes.multipathd.blacklist = (A,)
    assert "blacklisted" in make(wwid=A)["msg"]


def test_absent_flushes_without_queueing(mapped, san, fakes):
    done = both(mapped, san, name="qsan", state="absent")
    assert (done["actions"], done["map"]["name"], san.names()) == (["flush qsan"], "qsan", {})
    assert [call for call in fakes.multipathd.calls if "show" not in call] == ["disablequeueing map qsan", "del map qsan"]
    assert mapped(name="qsan", state="absent")["map"] is None


def test_absent_takes_partitions_with_it(mapped, san, tools, fakes):
    part = san.make_dm("qsan-part1", f"part1-mpath-{A}", ["dm-0"])
    tools.dmsetup.opened = {"dm-0": 1, part: 0}
    fakes.multipathd.up = False
    both(mapped, san, name="qsan", state="absent")
    assert tools.dmsetup.calls == ["queue qsan False", "remove qsan-part1", "remove qsan"]


def test_absent_of_a_ghost(make, san, tools):
    """The LUN is gone, and multipathd has forgotten the map."""
    san.make_dm("ghost", f"mpath-{B}")
    san.queueing.add("ghost")
    assert both(make, san, wwid=B, state="absent")["map"]["paths"] == []
    assert tools.dmsetup.calls == ["queue ghost False", "remove ghost"]


def mount(san):
    dev = (san.root / "sys/block/dm-0/dev").read_text()
    (san.root / "proc/self/mountinfo").write_text(f"21 1 {dev} / /mnt rw - ext4 /dev/mapper/qsan rw\n")


def hold(san):
    san.make_dm("vg-data", "LVM-x", ["dm-0"])


def hold_partition(san):
    san.make_dm("qsan-part1", f"part1-mpath-{A}", ["dm-0"])
    san.make_dm("vg-data", "LVM-x", ["dm-1"])


def read_it(san):
    san.keep_open("dm-0")


@pytest.mark.parametrize(
    ("use", "opened", "said"),
    [
        (mount, 1, "mounted on /mnt"),
        (hold, 1, "held by dm-1 (vg-data)"),
        (hold_partition, 1, "held by dm-2 (vg-data)"),
        (read_it, 1, "open by dd (process 77)"),
        (lambda san: None, 1, "no process of this host shows it"),
    ],
    ids=["mounted", "held", "partition held", "open", "open elsewhere"],
)
def test_absent_refuses_a_map_in_use(mapped, san, tools, use, opened, said):
    use(san)
    tools.dmsetup.opened = {"dm-0": opened}
    refused(mapped, san, said, name="qsan", state="absent")
    assert san.queueing == {"qsan"}


@pytest.mark.parametrize("retry", ["queue", None])
def test_a_failed_flush_leaves_the_map_as_it_was(mapped, san, tools, fakes, retry):
    if retry is None:
        fakes.multipathd.loaded = {}
    fakes.multipathd.answers = {"del": ["timeout"]}
    tools.dmsetup.suspend("qsan")
    failed = mapped(name="qsan", state="absent")
    assert "timeout" in failed["msg"]
    assert (san.names(), san.queueing, "resume qsan" in tools.dmsetup.calls) == ({A: "qsan"}, {"qsan"}, True)
    assert mapped(name="qsan", state="absent")["changed"]


def test_a_flush_that_is_ended_by_a_signal_leaves_the_map_as_it_was(mapped, san, fakes, monkeypatch):
    def ended(asked, name):
        if asked == "del":
            raise SystemExit(143)
        real(asked, name)

    real = fakes.multipathd._do
    monkeypatch.setattr(fakes.multipathd, "_do", ended)
    with pytest.raises(SystemExit, match="143"):
        mapped(name="qsan", state="absent")
    assert (san.names(), san.queueing) == ({A: "qsan"}, {"qsan"})


def test_a_map_queues_again_also_when_multipathd_is_too_busy_to_see_to_it(mapped, san, fakes):
    fakes.multipathd.answers = {"del": ["fail"], "restorequeueing": ["timeout"]}
    failed = mapped(name="qsan", state="absent")
    assert "restorequeueing map qsan: it answered 'timeout'" in failed["msg"]
    assert san.queueing == {"qsan"}


def test_a_flush_is_tried_again(mapped, san, fakes):
    fakes.multipathd.answers = {"del": ["fail"]}
    assert mapped(name="qsan", state="absent", timeout=5)["changed"]
    assert san.names() == {}


@pytest.mark.parametrize(("verb", "attempts"), [("disablequeueing", 0), ("del", 1)], ids=["before the flush", "before it is tried again"])
def test_a_map_that_is_mounted_after_the_plan_is_not_flushed(mapped, san, fakes, monkeypatch, verb, attempts):
    real = fakes.multipathd._do

    def do(asked, name):
        if asked == verb:
            mount(san)
        real(asked, name)

    monkeypatch.setattr(fakes.multipathd, "_do", do)
    fakes.multipathd.answers = {"del": ["fail"]}
    failed = mapped(name="qsan", state="absent", timeout=5)
    assert failed["failed"] and "meanwhile it is in use: mounted on /mnt" in failed["msg"]
    assert (san.names(), san.queueing, fakes.multipathd.calls.count("del map qsan")) == ({A: "qsan"}, {"qsan"}, attempts)


def test_a_repair_that_fails_is_told(mapped, san, tools, fakes, monkeypatch):
    def broken(name):
        raise SanError("dmsetup resume: no.")

    fakes.multipathd.answers = {"del": ["fail"]}
    tools.dmsetup.suspend("qsan")
    monkeypatch.setattr(tools.dmsetup, "resume", broken)
    failed = mapped(name="qsan", state="absent")
    assert "answered 'fail'" in failed["msg"]
    assert "could not be brought back" in failed["msg"]
    assert san.queueing == {"qsan"}


def grow(tools, **sizes):
    tools.paths.array = sizes or {"sdb": 2 * SIZE, "sdc": 2 * SIZE}


def test_resized(mapped, san, tools):
    grow(tools)
    done = both(mapped, san, name="qsan", state="resized")
    assert done["actions"] == ["rescan sdb", "rescan sdc", "resize qsan"]
    assert done["diff"][0]["before"] == f"qsan: {SIZE} bytes\n"
    assert (done["map"]["size"], tools.paths.rescanned) == (2 * SIZE, ["sdb", "sdc"])


def test_resized_after_a_kill(mapped, san, tools):
    grow(tools)
    tools.paths.rescan(["sdb"])
    assert both(mapped, san, name="qsan", state="resized")["actions"] == ["rescan sdc", "resize qsan"]


def test_resized_by_multipathd_itself(mapped, san, tools):
    """auto_resize: the map has grown, one path was left out."""
    grow(tools)
    tools.paths.rescan(["sdb"])
    san.set_size("dm-0", 2 * SIZE)
    assert both(mapped, san, name="qsan", state="resized")["actions"] == ["rescan sdc"]


@pytest.mark.parametrize("answer", ["timeout", "fail\ntimeout", "timeout receiving packet"])
def test_resized_while_multipathd_is_busy(mapped, fakes, tools, answer):
    grow(tools)
    fakes.multipathd.answers = {"resize": [answer]}
    assert mapped(name="qsan", state="resized", timeout=5)["map"]["size"] == 2 * SIZE


def test_resized_gives_up(mapped, fakes, tools):
    grow(tools)
    fakes.multipathd.answers = {"resize": ["timeout"] * 9}
    failed = mapped(name="qsan", state="resized")
    assert f"has {SIZE} bytes and not {2 * SIZE}" in failed["msg"]
    fakes.multipathd.answers = {}
    assert mapped(name="qsan", state="resized")["actions"] == ["resize qsan"]


def test_resized_ok_is_not_believed(mapped, fakes, tools, monkeypatch):
    grow(tools)
    monkeypatch.setattr(fakes.multipathd, "resize_map", lambda name: None)
    assert "multipathd said ok" in mapped(name="qsan", state="resized")["msg"]


def test_resized_fails(mapped, fakes, tools):
    grow(tools)
    fakes.multipathd.answers = {"resize": ["fail"]}
    assert "answered 'fail'" in mapped(name="qsan", state="resized", timeout=5)["msg"]


def test_a_path_that_keeps_its_size(mapped, fakes, tools):
    grow(tools)
    tools.paths.deaf = ("sdc",)
    failed = mapped(name="qsan", state="resized")
    assert f"sdc: {SIZE}" in failed["msg"]
    assert "resize map qsan" not in fakes.multipathd.calls


def fail_path(san, fakes, tools):
    fakes.multipathd.path_states["sdc"] = ("failed", "faulty")


def forget(san, fakes, tools):
    fakes.multipathd.forgotten.add("qsan")


def suspend(san, fakes, tools):
    tools.dmsetup.suspend("qsan")


def left_out(san, fakes, tools):
    san.disk("sdd", A, CTR1)


def other_lun(san, fakes, tools):
    (san.root / "udev" / f"b{(san.root / 'sys/block/sdc/dev').read_text()}").write_text(f"E:ID_SERIAL={B}\n")


def unequal(san, fakes, tools):
    grow(tools, sdb=2 * SIZE, sdc=3 * SIZE)


def smaller(san, fakes, tools):
    grow(tools, sdb=SIZE // 2, sdc=SIZE // 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (fail_path, "path sdc is failed, faulty, running"),
        (forget, "multipathd does not know the map"),
        (suspend, "suspended"),
        (left_out, "sdd has its WWID and is no path of it"),
        (other_lun, "path sdc is another LUN"),
        (unequal, "the array says different sizes on its paths"),
        (smaller, "would cut off data"),
    ],
)
def test_resized_is_refused(mapped, san, fakes, tools, change, said):
    grow(tools)
    change(san, fakes, tools)
    refused(mapped, san, said, name="qsan", state="resized")
    assert tools.paths.rescanned == []


def test_exactly_one_name(make):
    assert make()["failed"]
    assert make(name="qsan", wwid=A)["failed"]
