# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes and rescans of single paths. The programs are real, the disks are files."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import sys

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import path_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.path_tool import ScsiPaths


@pytest.fixture
def sysfs(tmp_path):
    """Two SCSI disks, and one that is none."""
    for name in ("sdb", "sdc", "vdd"):
        device = tmp_path / "block" / name / "device"
        device.mkdir(parents=True)
        (device.parent / "size").write_text("2048\n")
        if name != "vdd":
            (device / "rescan").write_text("")
    return tmp_path


def test_rescan(sysfs):
    tool = ScsiPaths(_command.run, str(sysfs))
    tool.rescan(["sdb", "sdc", "vdd"])
    assert [(sysfs / "block" / name / "device/rescan").read_text() for name in ("sdb", "sdc")] == ["1", "1"]
    tool.rescan(["vdd"])


def test_a_rescan_that_fails_is_told(sysfs):
    (sysfs / "block/sdc/device/rescan").unlink()
    (sysfs / "block/sdc/device/rescan").mkdir()
    with pytest.raises(SanError, match="sdb, sdc: rescan failed: .*Is a directory"):
        ScsiPaths(_command.run, str(sysfs)).rescan(["sdb", "sdc"])


def test_capacities(sysfs):
    asked = []

    def run(argv, timeout):
        asked.append(argv[-2:])
        return Result(tuple(argv), 0, "1073741824\n1073741824\n", "")

    assert ScsiPaths(run, str(sysfs)).capacities(("sdb", "vdd", "sdc")) == {"sdb": 1 << 30, "vdd": 2048 * 512, "sdc": 1 << 30}
    assert asked == [["/dev/sdb", "/dev/sdc"]]


def test_the_question_itself_runs(sysfs):
    """On what is no disk: the program starts, opens it, sends the command, and says in words what came of it."""
    (sysfs / "sdb").symlink_to("/dev/null")
    (sysfs / "sdc").symlink_to("/dev/null")
    with pytest.raises(SanError, match="READ CAPACITY failed: .*sdb: Inappropriate ioctl"):
        ScsiPaths(_command.run, str(sysfs), str(sysfs)).capacities(("sdb", "sdc"))


@pytest.mark.parametrize("stdout", ["", "1\n"])
def test_an_answer_that_is_cut(sysfs, stdout):
    with pytest.raises(SanError, match="READ CAPACITY failed"):
        ScsiPaths(lambda argv, timeout: Result(tuple(argv), 0, stdout, ""), str(sysfs)).capacities(("sdb", "sdc"))


def test_a_path_that_hangs(sysfs):
    def run(argv, timeout):
        raise CommandTimeout(("a", "b"), 5, "")

    with pytest.raises(SanError, match="no answer to READ CAPACITY in 20 s"):
        ScsiPaths(run, str(sysfs)).capacities(("sdb", "sdc"))


class Kernel:
    """What SG_IO answers: the sense data of each question in turn, None for the size."""

    def __init__(self, *senses):
        self.senses = list(senses)

    def ioctl(self, handle, request, header):
        fields = struct.unpack_from(SG_IO_HEADER, header)
        data, sense = fields[6], fields[8]
        told = self.senses.pop(0)
        if told is None:
            ctypes.memmove(data, struct.pack(">QI", 2047, 512), 12)
        else:
            ctypes.memmove(sense, told, len(told))
            header[STATUS] = 2


SG_IO_HEADER = "@iiBBHIPPPIIiP"
STATUS = struct.calcsize(SG_IO_HEADER)
FIXED = bytes([0x70, 0, 2, *[0] * 9, 4, 0x0B])
DESCRIPTOR = bytes([0x72, 2, 4, 0x0B])
ATTENTION = bytes([0x70, 0, 6, *[0] * 9, 0x2A, 9])


def ask(monkeypatch, *senses):
    """Runs the question on a disk of the kernel's."""
    monkeypatch.setattr(fcntl, "ioctl", Kernel(*senses).ioctl)
    monkeypatch.setattr(sys, "argv", ["-c", os.devnull])
    exec(path_tool.READ_CAPACITY, {})


def test_the_size_after_a_unit_attention(monkeypatch, capsys):
    ask(monkeypatch, ATTENTION, None)
    assert capsys.readouterr().out == "1048576\n"


@pytest.mark.parametrize("sense", [FIXED, DESCRIPTOR])
def test_a_path_in_standby_says_so(monkeypatch, sense):
    with pytest.raises(SystemExit, match="/dev/null: SCSI status 0x2, host status 0x0, sense 02/04/0b"):
        ask(monkeypatch, sense)


@pytest.mark.parametrize(
    ("sense", "advice"), [("02/04/0b", "in standby.*Log out"), ("05/94/01", "in standby.*Log out"), ("02/04/0c", "Look at the paths"), ("03/11/00", "Look at")]
)
def test_what_to_do_about_a_path_that_does_not_tell_its_size(sysfs, sense, advice):
    def run(argv, timeout):
        return Result(tuple(argv), 1, "1073741824\n", f"/dev/sdc: SCSI status 0x2, host status 0x0, sense {sense}\n")

    with pytest.raises(SanError, match=f"READ CAPACITY failed: .*sense {sense}. .*{advice}"):
        ScsiPaths(run, str(sysfs)).capacities(("sdb", "sdc"))
