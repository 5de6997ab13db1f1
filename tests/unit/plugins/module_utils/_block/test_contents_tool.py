# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.contents_tool import CLAIMED, Contents
from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_tool import (
    AMBIVALENT,
    NOTHING_FOUND,
    Blkid,
    Wipefs,
)
from ansible_collections.linuxsan.host.plugins.module_utils._command import Result, run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

TIMEOUT = 10
SIZE = 1 << 20


def recorded(rc, stdout="", stderr=""):
    return lambda argv, timeout: Result(tuple(argv), rc, stdout, stderr)


def run_cached(argv, timeout):
    """A regular file on tmpfs knows no direct reads in older kernels."""
    return run([word.replace("direct,", "") for word in argv], timeout)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(SIZE))
    return path


def test_zeros_are_zero(file):
    assert Contents(run_cached, TIMEOUT).all_zero(str(file), 0, SIZE)


@pytest.mark.parametrize("where", [0, 1, SIZE // 2, SIZE - 1])
@pytest.mark.parametrize("byte", [b"\x01", b"\xff", b"0", b" ", b"\n", b"\x80"])
def test_a_single_byte_that_is_not_zero_is_seen(file, where, byte):
    with file.open("r+b") as disk:
        disk.seek(where)
        disk.write(byte)
    assert not Contents(run_cached, TIMEOUT).all_zero(str(file), 0, SIZE)


@pytest.mark.parametrize(("offset", "length", "zero"), [(0, 512, True), (512, 512, False), (1024, 512, True), (0, 1024, False)])
def test_only_the_region_asked_for_is_looked_at(file, offset, length, zero):
    with file.open("r+b") as disk:
        disk.seek(512)
        disk.write(b"x")
    assert Contents(run_cached, TIMEOUT).all_zero(str(file), offset, length) is zero


def test_a_short_read_is_no_zero(file):
    with pytest.raises(SanError, match=f"a read of {2 * SIZE} bytes at byte 0 ended after {SIZE}"):
        Contents(run_cached, TIMEOUT).all_zero(str(file), 0, 2 * SIZE)


def test_zeros_before_a_read_error_are_no_zero():
    with pytest.raises(SanError, match="Input/output error"):
        Contents(recorded(1, "\0" * SIZE, "dd: error reading '/dev/sdb': Input/output error"), TIMEOUT).all_zero("/dev/sdb", 0, SIZE)


def test_data_before_a_read_error_is_data():
    assert not Contents(recorded(1, "x", "dd: error reading '/dev/sdb': Input/output error"), TIMEOUT).all_zero("/dev/sdb", 0, SIZE)


def test_the_read_goes_past_the_page_cache():
    asked = []
    Contents(lambda argv, timeout: asked.append(argv) or Result(tuple(argv), 0, "\0" * SIZE, ""), TIMEOUT).all_zero("/dev/sdb", SIZE, SIZE)
    (argv,) = asked
    assert "direct" in next(word for word in argv if word.startswith("iflag=")).partition("=")[2].split(",")
    assert not any(word.startswith("of=") for word in argv)


@pytest.mark.parametrize(("rc", "claimed"), [(0, False), (CLAIMED, True)])
def test_the_kernel_says_whether_a_device_is_claimed(rc, claimed):
    assert Contents(recorded(rc), TIMEOUT).claimed("/dev/sdb") is claimed


def test_a_file_that_nobody_has_claimed(file):
    assert Contents(run, TIMEOUT).claimed(str(file)) is False


def test_a_device_that_cannot_be_opened_is_not_called_free(tmp_path):
    with pytest.raises(SanError, match="No such file"):
        Contents(run, TIMEOUT).claimed(str(tmp_path / "none"))


def test_the_real_programs_on_an_empty_file(file):
    Contents(run, TIMEOUT).forget_cache(str(file))
    assert Blkid(run, TIMEOUT).probe(str(file)) == ((), False)
    assert Wipefs(run, TIMEOUT).signatures(str(file)) == ()


def test_the_real_programs_on_swap(file):
    run(["mkswap", str(file)], TIMEOUT)
    found, ambivalent = Blkid(run, TIMEOUT).probe(str(file))
    assert [each.type for each in found] == [each.type for each in Wipefs(run, TIMEOUT).signatures(str(file))] == ["swap"]
    assert not ambivalent


def test_contradicting_signatures_are_told():
    assert Blkid(recorded(AMBIVALENT, "", "blkid: /dev/sdb: ambivalent result"), TIMEOUT).probe("/dev/sdb") == (
        (),
        True,
    )


@pytest.mark.parametrize(
    "answer",
    [
        (NOTHING_FOUND, "", "blkid: error: /dev/sdb: Operation not permitted"),
        (1, "", "blkid: unrecognized option: p"),
        (4, "", "Usage:"),
        (0, "", ""),
        (-9, "", ""),
    ],
)
def test_a_blkid_that_could_not_look_has_not_found_nothing(answer):
    with pytest.raises(SanError, match="/dev/sdb: blkid cannot tell"):
        Blkid(recorded(*answer), TIMEOUT).probe("/dev/sdb")


@pytest.mark.parametrize(
    "answer",
    [(1, "", "wipefs: error: /dev/sdb: probing initialization failed"), (0, "", "wipefs: warning"), (-9, "", "")],
)
def test_a_wipefs_that_could_not_look_has_not_found_nothing(answer):
    with pytest.raises(SanError, match="/dev/sdb: wipefs cannot tell"):
        Wipefs(recorded(*answer), TIMEOUT).signatures("/dev/sdb")
