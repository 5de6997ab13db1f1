# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_text import DdReport
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_tool import Dd, dd_argv
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import (
    MB,
    Moved,
    Request,
    cautions,
    check_overwrite,
    check_request,
    check_size,
    median,
    path_results,
    run_result,
)
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.target_tool import check_file
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.target_tool import test_file as new_file
from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import Findings, judge
from ansible_collections.linuxsan.host.plugins.module_utils._command import Process
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

REQUEST = Request(mode="read", bs=1 << 20, blocks=8, direct=False, sync=True, runs=3, sample_interval=1, timeout=60)
BLANK = Findings(size=1 << 30, partitions=(), in_use_by=(), claimed=False, head_zero=True, tail_zero=True, signatures=(), ambivalent=False)
COUNTS = st.integers(0, 1 << 40)


def overwrite(findings, read_only=False, allow=False):
    return check_overwrite("/dev/mapper/qsan", judge(findings), findings, read_only, allow)


def test_a_blank_device_may_be_written():
    assert overwrite(BLANK) is None


@pytest.mark.parametrize("changed", [{"in_use_by": ("mounted on /",)}, {"in_use_by": ("held by dm-3 (qsan)",)}, {"claimed": True}, {"claimed": None}])
@pytest.mark.parametrize("allow", [False, True])
def test_a_device_in_use_is_refused_always(changed, allow):
    with pytest.raises(SanError, match="refused to write"):
        overwrite(replace(BLANK, **changed), allow=allow)


@pytest.mark.parametrize("changed", [{"head_zero": False}, {"head_zero": None}, {"signatures": None}, {"ambivalent": True}, {"partitions": ("sdb1",)}])
def test_data_is_overwritten_only_when_allowed(changed):
    findings = replace(BLANK, **changed)
    assert overwrite(findings, allow=True) is None
    with pytest.raises(SanError, match="allow_overwrite=true"):
        overwrite(findings)


def test_a_read_only_device_is_refused():
    with pytest.raises(SanError, match="read-only"):
        overwrite(BLANK, read_only=True, allow=True)


@pytest.mark.parametrize(
    ("changed", "option"),
    [
        ({"bs": 256}, "bs"),
        ({"bs": 2 << 30}, "bs"),
        ({"bs": 512, "direct": True}, "bs"),
        ({"blocks": 0}, "count"),
        ({"runs": 0}, "runs"),
        ({"timeout": 0}, "timeout"),
        ({"sample_interval": -1}, "sample_interval"),
    ],
)
def test_a_request_out_of_bounds_names_its_option(changed, option):
    with pytest.raises(SanError, match=f"^{option}: "):
        check_request(replace(REQUEST, **changed), 4096)


@given(st.integers(0, 1 << 30))
def test_a_run_never_goes_past_the_end(size):
    fits = 0 < REQUEST.bytes <= size
    if fits:
        assert check_size(REQUEST, "x", size) is None
    else:
        with pytest.raises(SanError):
            check_size(REQUEST, "x", size)


@given(st.dictionaries(st.sampled_from(["sdb", "sdc", "sdd"]), st.builds(Moved, COUNTS, COUNTS)), st.sampled_from(["read", "write"]))
def test_the_shares_of_the_paths_make_one(moved, mode):
    results = path_results(moved, mode)
    shares = [each["share"] for each in results]
    assert shares.count(None) in (0, len(shares))
    assert not shares or None in shares or sum(shares) == pytest.approx(1, abs=0.01)
    assert [each["read_mb"] for each in results] == [round(each.read / MB, 3) for each in moved.values()]


@given(st.lists(st.floats(0.001, 1000), min_size=1))
def test_the_median_lies_between_the_runs(seconds):
    runs = [run_result(DdReport(10**9, each, (1, 0), (1, 0))) for each in seconds]
    rates = [each["mb_per_s"] for each in runs]
    assert min(rates) <= median(runs) <= max(rates)


def test_a_run_of_no_measurable_time_has_no_rate():
    assert median([run_result(DdReport(1, 0.0, (1, 0), (1, 0)))]) is None


def test_who_measures_the_cache_is_told():
    assert cautions(REQUEST)
    assert not cautions(replace(REQUEST, direct=True))


def test_a_write_never_creates_or_cuts_what_it_is_pointed_at():
    conversion = next(word for word in dd_argv(replace(REQUEST, mode="write"), "/dev/dm-3") if word.startswith("conv="))
    assert {"nocreat", "notrunc", "fdatasync"} == set(conversion[len("conv=") :].split(","))


def test_a_read_writes_to_nothing():
    assert [word for word in dd_argv(REQUEST, "/dev/dm-3") if word.startswith("of=")] == ["of=/dev/null"]


def copy(request, target, seconds=30):
    return Dd(Process).copy(request, str(target), str(target), seconds, lambda: None)


def test_dd_reads_a_file(tmp_path):
    (tmp_path / "file").write_bytes(bytes(REQUEST.bytes))
    assert copy(REQUEST, tmp_path / "file").bytes == REQUEST.bytes


def test_a_short_file_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SanError, match=f"moved 1 bytes of {REQUEST.bytes}"):
        copy(REQUEST, tmp_path / "file")


def test_a_name_that_is_gone_is_not_made_a_file(tmp_path):
    with pytest.raises(SanError, match="No such file"):
        copy(replace(REQUEST, mode="write"), tmp_path / "qsan")
    assert list(tmp_path.iterdir()) == []


def test_a_dd_that_takes_too_long_is_ended():
    with pytest.raises(SanError, match="was ended after"):
        copy(replace(REQUEST, blocks=1 << 40), "/dev/zero", seconds=0.2)


def test_a_test_file_has_lost_its_name_while_it_is_written(tmp_path):
    with new_file(str(tmp_path / "new")) as (name, claim):
        assert list(tmp_path.iterdir()) == []
        assert (copy(replace(REQUEST, mode="write"), name).bytes, claim) == (REQUEST.bytes, ())


def test_a_test_file_never_replaces_another(tmp_path):
    (tmp_path / "new").write_text("precious")
    with pytest.raises(SanError, match="File exists"), new_file(str(tmp_path / "new")):
        pass
    assert (tmp_path / "new").read_text() == "precious"


@pytest.mark.parametrize(
    ("path", "mode", "size", "message"),
    [
        ("relative", "read", 1, "not an absolute path"),
        ("/no/such/file", "write", 1, "no such directory"),
        ("/dev/null", "write", 1, "not a plain file"),
        ("/dev/none-of-this-name", "write", 1, "refused: below /dev"),
        ("/proc/self/root/dev/none-of-this-name", "write", 1, "refused: below /dev"),
        ("/proc/version", "read", 1, "refused: below /proc"),
        ("/none-of-this-name", "read", 1, "no such file"),
        ("/none-of-this-name", "write", 1 << 62, "free"),
    ],
)
def test_a_file_that_cannot_be_measured_is_refused(path, mode, size, message):
    with pytest.raises(SanError, match=message):
        check_file(path, mode, size, True)


def test_a_write_on_a_read_only_file_system_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x")
    found = os.statvfs(tmp_path)
    mounted_read_only = SimpleNamespace(f_flag=found.f_flag | os.ST_RDONLY, f_bavail=found.f_bavail, f_frsize=found.f_frsize)
    monkeypatch.setattr(os, "statvfs", lambda path: mounted_read_only)
    for name in ("new", "file"):
        with pytest.raises(SanError, match="refused to write: the file system is mounted read-only"):
            check_file(str(tmp_path / name), "write", 1, True)
    assert check_file(str(tmp_path / "file"), "read", 1, True) is None


def test_an_existing_file_is_overwritten_only_when_allowed(tmp_path):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(SanError, match="refused to overwrite"):
        check_file(str(tmp_path / "file"), "write", 1, False)
    assert check_file(str(tmp_path / "file"), "write", 1, True) is None
