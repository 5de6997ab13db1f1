# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the real dd beside an iostat that says what one has said."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure import Target, check_target, measure
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import Request
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import Node
from ansible_collections.linuxsan.host.plugins.module_utils._command import Process, run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

FIXTURES = Path(__file__).parent / "fixtures"
REQUEST = Request(mode="read", bs=1 << 16, blocks=4, direct=False, sync=True, runs=2, sample_interval=1, timeout=60)


@pytest.fixture
def target(tmp_path):
    (tmp_path / "stat").write_text("0 " * 17, encoding="utf-8")
    (tmp_path / "file").write_bytes(bytes(REQUEST.bytes))
    node = Node("vda", str(tmp_path), "254:0", 1 << 30, False, False, None, None, (), (), (), None, None, None)
    name = str(tmp_path / "file")
    return Target(name, name, False, False, node, {"vda": node}, (node,), 512)


@pytest.fixture
def iostat(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    def install(version, said):
        lines = ("#!/bin/sh", "trap '' INT", f'[ "$1" = -V ] && exec cat {FIXTURES}/iostat-{version}-version.txt', f"exec cat {said}")
        (tmp_path / "iostat").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "iostat").chmod(0o755)

    return install


def measured(target, request=REQUEST, log=lambda line: None):
    return measure(request, target, target.name, run, Process, log, time.monotonic)


@pytest.mark.parametrize("said", [FIXTURES / "iostat-11.7-json-interrupted.txt", "/no/such/report"])
def test_a_fault_of_iostat_costs_the_samples_alone(target, iostat, said):
    iostat("12.6", said)
    outcome, warnings = measured(target)
    assert [each["bytes"] for each in outcome["runs"]] == [REQUEST.bytes] * 2
    assert outcome["samples"] == [] and [text[:23] for text in warnings] == ["run 1 has no samples: i", "run 2 has no samples: i"]


def test_a_path_that_goes_away_costs_its_own_counters_alone(target, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "stat").write_text("0 " * 17, encoding="utf-8")
    other = replace(target.node, name="vdb", directory=str(tmp_path / "other"))
    request = replace(REQUEST, sample_interval=0)
    outcome, warnings = measured(replace(target, paths=(*target.paths, other)), request, lambda line: (tmp_path / "other" / "stat").unlink(missing_ok=True))
    assert [each["bytes"] for each in outcome["runs"]] == [REQUEST.bytes] * 2
    known, gone = outcome["paths"]
    assert known == {"name": "vda", "read_mb": 0.0, "written_mb": 0.0, "share": None}
    assert gone == {"name": "vdb", "read_mb": None, "written_mb": None, "share": None}
    assert [text[:38] for text in warnings] == ["vdb: the kernel has no counters for it"]


def test_a_failed_run_names_what_the_user_named(target, tmp_path):
    held = replace(target, given="/mnt/new", name=str(tmp_path / "held"))
    with pytest.raises(SanError, match="^/mnt/new: dd failed: .*'/mnt/new': No such file or directory"):
        measured(held, replace(REQUEST, sample_interval=0))
    (tmp_path / "held").write_bytes(b"short")
    with pytest.raises(SanError, match="^/mnt/new: dd moved 5 bytes"):
        measured(held, replace(REQUEST, sample_interval=0))


@pytest.mark.parametrize("left", [0, 0.04])
def test_no_run_begins_without_a_bound(target, left):
    """timeout(1) takes 0.0 for none."""
    now = iter([0, REQUEST.timeout - left])
    request = replace(REQUEST, sample_interval=0)
    with pytest.raises(SanError, match="the time was up after 0 of 2 runs"):
        measure(request, target, target.name, run, pytest.fail, lambda line: None, lambda: next(now))


def test_the_file_of_a_loop_device_is_read_and_never_overwritten(target, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    loop = replace(target.node, name="loop0", backing_file=target.name)
    gone = replace(target.node, name="loop1", backing_file=f"{target.name} (deleted)")
    backing = replace(target, name=str(tmp_path / "link" / "file"), nodes={"loop0": loop, "loop1": gone})
    check_target(backing, REQUEST, True, run)
    with pytest.raises(SanError, match="link/file: refused to overwrite: it is what is on loop0. Detach it with losetup -d /dev/loop0"):
        check_target(backing, replace(REQUEST, mode="write"), True, run)
    check_target(replace(backing, nodes={"loop1": gone}), replace(REQUEST, mode="write"), True, run)
