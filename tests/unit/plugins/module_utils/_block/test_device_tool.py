# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import check_overwrite
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.target_tool import paths_below
from ansible_collections.linuxsan.host.plugins.module_utils._block import device_tool, open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import judge
from ansible_collections.linuxsan.host.plugins.module_utils._block.contents_tool import CLAIMED
from ansible_collections.linuxsan.host.plugins.module_utils._block.device_tool import (
    confirm_same,
    device_wwid,
    examine,
    find_device,
    use_of_lun,
)
from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_tool import NOTHING_FOUND
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import Use
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing, Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

UNUSED = Use((), (), False, ())


class FakeRun:
    """Answers as for a blank device, unless told otherwise by the name of the program (dd by its skip=)."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, argv, timeout):
        name = "claim" if argv[0] == sys.executable else argv[0]
        words = dict(word.split("=", 1) for word in argv if "=" in word)
        if name == "dd":
            name = "cache" if words["iflag"] == "nocache" else "head" if words["skip"] == "0" else "tail"
        self.asked.append(name)
        answer = self.answers.get(
            name,
            {
                "blkid": (NOTHING_FOUND, "", ""),
                "head": (0, "\0" * int(words.get("count", 0)), ""),
                "tail": (0, "\0" * int(words.get("count", 0)), ""),
            }.get(name, (0, "", "")),
        )
        if isinstance(answer, Exception):
            raise answer
        return Result(tuple(argv), *answer)


@pytest.fixture
def node(host):
    host.disk("sdb", "8:16", "platform/host3/session1/target3:0:0/3:0:0:0", size=1 << 30)
    return read_nodes(str(host.sysfs))["sdb"]


def blank(node, use=UNUSED, **answers):
    return judge(examine("/dev/sdb", node, use, FakeRun(**answers), 5)).blank


def test_a_blank_device_is_blank(node):
    assert blank(node) is True


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("blkid", (0, "TYPE=ext4\n", "")),
        ("blkid", (8, "", "ambivalent")),
        ("wipefs", (0, "0x438,filesystem,ext4,,\n", "")),
        ("head", (0, "x", "")),
        ("tail", (0, "x", "")),
        ("claim", (CLAIMED, "", "")),
    ],
)
def test_what_any_program_finds_makes_it_not_blank(node, program, answer):
    assert blank(node, **{program: answer}) is False


@pytest.mark.parametrize("program", ["blkid", "wipefs", "head", "tail", "cache", "claim"])
@pytest.mark.parametrize("answer", [(1, "", "Input/output error"), (-9, "", ""), CommandTimeout(("a", "b"), 5, ""), SanError("broken")])
def test_what_any_program_cannot_read_makes_it_unknown(node, program, answer):
    assert blank(node, **{program: answer}) is None


def test_a_device_that_hangs_is_not_asked_again(node):
    run = FakeRun(head=CommandTimeout(("blkid",), 5, ""))
    findings = examine("/dev/sdb", node, UNUSED, run, 5)
    assert run.asked == ["claim", "head"]
    assert findings.signatures is None
    assert judge(findings).reasons == ("blkid: killed after 5 s without an end; it had said: nothing. Look for a device or portal that does not answer.",)


def test_a_missing_program_is_an_error_and_no_answer(node):
    with pytest.raises(ProgramMissing):
        blank(node, wipefs=ProgramMissing("wipefs: not found"))


def test_a_device_in_use_is_read_but_not_claimed(node):
    run = FakeRun(claim=SanError("never asked"))
    findings = examine("/dev/sdb", node, Use(("dm-3",), (), False, ("held by dm-3 (qsan)",)), run, 5)
    assert "claim" not in run.asked
    assert judge(findings).reasons == ("held by dm-3 (qsan)",)


@pytest.mark.parametrize("size", [None, 0])
def test_a_device_without_a_size_is_not_blank(node, size):
    assert blank(replace(node, size=size)) is None


def test_the_tail_is_read_where_the_device_ends(node):
    seen = []
    run = FakeRun()
    examine("/dev/sdb", node, UNUSED, lambda argv, timeout: seen.append(argv) or run(argv, timeout), 5)
    skips = [int(word[5:]) for argv in seen for word in argv if word.startswith("skip=")]
    assert skips == [0, node.size - (1 << 20)]


@pytest.mark.parametrize(
    ("path", "message"),
    [("sdb", "not an absolute path"), ("/dev/no/such", "no such device"), ("/dev/null", "not a block device")],
)
def test_what_is_no_block_device_is_refused(path, message):
    with pytest.raises(SanError, match=message):
        find_device(path)


def test_nobody_is_told_to_remove_a_device_or_a_file_elsewhere(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(bytes(4096))
    for place in ("/dev/null", str(path)):
        with pytest.raises(SanError, match="not a block device") as refusal:
            find_device(place)
        assert "mistaken" not in str(refusal.value)


def test_a_plain_file_in_the_place_of_a_map_is_refused(tmp_path):
    path = tmp_path / "qsan"
    path.write_bytes(bytes(4096))
    with pytest.raises(SanError, match="not a block device"):
        find_device(str(path))


@pytest.fixture
def device(host, monkeypatch, node):
    """/dev/mapper/qsan as a link to /dev/sdb, whose number is 8:16."""
    status = os.stat_result((stat.S_IFBLK, *[0] * 9), {"st_rdev": os.makedev(8, 16)})
    paths = SimpleNamespace(realpath={"/dev/mapper/qsan": "/dev/sdb"}.get)
    monkeypatch.setattr(device_tool, "os", SimpleNamespace(path=paths, stat=lambda path: status, major=os.major, minor=os.minor))
    return str(host.sysfs)


def test_a_link_is_followed_to_the_device(device):
    real, node, nodes = find_device("/dev/mapper/qsan", device)
    assert (real, node.name, list(nodes)) == ("/dev/sdb", "sdb", ["sdb"])


def test_a_device_that_stays_the_same_is_confirmed(device, node):
    assert confirm_same("/dev/mapper/qsan", node, device) is None


@pytest.mark.parametrize("before", [{"size": 1}, {"sequence": "7"}, {"dm_uuid": "mpath-1"}, {"name": "sdc"}])
def test_a_device_that_was_replaced_meanwhile_is_an_error(device, node, before):
    with pytest.raises(SanError, match=f"changed while it was examined: {next(iter(before))} was"):
        confirm_same("/dev/mapper/qsan", replace(node, **before), device)


def test_a_node_without_a_device_behind_it_is_stale(device, host):
    (host.sysfs / "block" / "sdb").unlink()
    with pytest.raises(SanError, match="no block device 8:16 any more"):
        find_device("/dev/mapper/qsan", device)


def test_a_map_has_the_wwid_in_its_uuid(node):
    assert device_wwid(replace(node, dm_uuid="mpath-32033001378901d00", slaves=("sdb",))) == "32033001378901d00"
    assert device_wwid(replace(node, dm_uuid="LVM-x", slaves=("sdb",))) is None


@pytest.fixture
def san(host):
    """sdb and sdc are the paths of qsan; sdd is a third path of the same LUN that the map has not taken."""
    for number, name in enumerate(("sdb", "sdc", "sdd"), 1):
        where = f"platform/host{number}/session{number}/target{number}:0:0/{number}:0:0:0"
        host.disk(name, f"8:{16 * number}", where, device={"wwid": "naa.32001"})
    host.virtual("dm-3", "253:3", on=("sdb", "sdc"), dm__name="qsan", dm__uuid="mpath-332001")
    host.virtual("dm-4", "253:4", on=("dm-3",), dm__name="vg-data", dm__uuid="LVM-x")
    return host


def lun_use(host, name, **answers):
    nodes = read_nodes(str(host.sysfs))
    return use_of_lun(nodes[name], nodes, FakeRun(**answers), **host.roots).in_use_by


def test_a_path_outside_of_the_map_of_its_lun_is_in_use(san):
    assert "the same LUN sdb is held by dm-3 (qsan)" in lun_use(san, "sdd")


def test_a_map_is_in_use_when_its_lun_is_mounted_over_another_path(san):
    san.mount("8:48", "/mnt", "ext4", "/dev/sdd")
    assert "the same LUN sdd is mounted on /mnt" in lun_use(san, "dm-3")


@pytest.mark.parametrize("mounted", ["8:48", "8:49"], ids=["the disk", "its partition"])
def test_a_partition_is_in_use_when_its_lun_is_mounted_over_another_path(free, mounted):
    free.virtual("dm-4", "253:4", on=("dm-3",), dm__name="qsan-part1", dm__uuid="part1-mpath-332001")
    free.disk("sdf", "8:80", "platform/host6/session6/target6:0:0/6:0:0:0", device={"wwid": "naa.32001"}, partitions=[(1, "8:81")])
    free.mount(mounted, "/mnt", "ext4", "/dev/sdd")
    for name in ("sdf1", "dm-4"):
        assert "the same LUN sdd is mounted on /mnt" in lun_use(free, name)


def test_a_map_is_not_in_use_by_its_own_paths(san):
    assert lun_use(san, "dm-3") == ("held by dm-4 (vg-data)",)


@pytest.fixture
def free(host, monkeypatch):
    """qsan with the paths sdb and sdc, and nothing on it; sdd is of the same LUN; sde is a disk of its own."""
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    for number, name in enumerate(("sdb", "sdc", "sdd", "sde"), 1):
        where = f"platform/host{number}/session{number}/target{number}:0:0/{number}:0:0:0"
        host.disk(name, f"8:{16 * number}", where, device={"wwid": "naa.32001" if name != "sde" else "naa.32002"}, partitions=[(1, f"8:{16 * number + 1}")])
    host.virtual("dm-3", "253:3", on=("sdb", "sdc"), dm__name="qsan", dm__uuid="mpath-332001")
    return host


def opened(host, command, *devices):
    """Process 77 has devices open."""
    (host.proc / "77/fd").mkdir(parents=True)
    (host.proc / "77/comm").write_text(f"{command}\n")
    for number, device in enumerate(devices):
        (host.proc / "77/fd" / str(number)).symlink_to(device)


@pytest.mark.parametrize(
    ("name", "device", "words"),
    [
        ("sde", "/dev/sde", "open by qemu (process 77)"),
        ("sde", "/dev/sde1", "open by qemu (process 77)"),
        ("sde1", "/dev/sde", "open by qemu (process 77)"),
        ("dm-4", "/dev/dm-3", "open by qemu (process 77)"),
        ("dm-3", "/dev/sdc", "the same LUN sdc is open by qemu (process 77)"),
        ("dm-3", "/dev/sdd", "the same LUN sdd is open by qemu (process 77)"),
    ],
)
def test_who_has_a_device_open_uses_it(free, name, device, words):
    if name == "dm-4":
        free.virtual("dm-4", "253:4", on=("dm-3",), dm__name="qsan-part1", dm__uuid="part1-mpath-332001")
    assert lun_use(free, name) == ()
    opened(free, "qemu", device)
    assert lun_use(free, name) == (words,)


def test_an_open_map_is_in_use_though_no_process_shows_it(free):
    assert lun_use(free, "dm-3", dmsetup=(0, "3:0\n", "")) == ()
    assert "no process of this host shows it" in lun_use(free, "dm-3", dmsetup=(0, "3:1\n", ""))[0]


def test_a_map_that_was_just_made_is_not_in_use(free):
    """multipathd checks its paths, udev looks what is on it, and somebody has another disk open."""
    opened(free, "multipathd", "/dev/sdb", "/dev/sdc")
    (free.proc / "77").rename(free.proc / "78")
    opened(free, "(udev-worker)", "/dev/dm-3", "/dev/sdb")
    (free.proc / "77").rename(free.proc / "79")
    opened(free, "qemu", "/dev/sde")
    assert lun_use(free, "dm-3", dmsetup=(0, "3:1\n", "")) == ()


def test_a_partition_is_not_in_use_by_who_has_the_next_one_open(free):
    free.disk("sdf", "8:80", "platform/host6/session6/target6:0:0/6:0:0:0", partitions=[(1, "8:81"), (2, "8:82")])
    opened(free, "oracle", "/dev/sdf2")
    assert (lun_use(free, "sdf1"), lun_use(free, "sdf2")) == ((), ("open by oracle (process 77)",))


@pytest.fixture
def node_of(free):
    nodes = read_nodes(str(free.sysfs))
    return lambda name: (nodes[name], nodes)


def test_who_has_a_device_in_use_open_is_not_looked_for(free):
    """That takes seconds."""
    free.mount("8:64", "/mnt", "ext4", "/dev/sde")
    opened(free, "qemu", "/dev/sde")
    assert lun_use(free, "sde") == ("mounted on /mnt",)


@pytest.mark.parametrize("allow_overwrite", [True, False])
def test_a_device_that_is_open_is_neither_blank_nor_overwritten(free, node_of, allow_overwrite):
    opened(free, "qemu", "/dev/sde")
    node, nodes = node_of("sde")
    findings = examine("/dev/sde", node, use_of_lun(node, nodes, FakeRun(), **free.roots), FakeRun(), 5)
    verdict = judge(findings)
    assert (verdict.blank, verdict.reasons) == (False, ("open by qemu (process 77)", "has partitions sde1"))
    with pytest.raises(SanError, match="refused to write: open by qemu"):
        check_overwrite("/dev/sde", verdict, findings, False, allow_overwrite)


def test_the_paths_are_found_below_what_is_built_on_the_map(san):
    nodes = read_nodes(str(san.sysfs))
    for name in ("dm-4", "dm-3"):
        assert [path.name for path in paths_below(nodes[name], nodes)] == ["sdb", "sdc"]
    assert [path.name for path in paths_below(nodes["sdd"], nodes)] == ["sdd"]
