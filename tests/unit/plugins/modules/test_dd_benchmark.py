# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ansible_collections.linuxsan.host.plugins.modules import block_device_info, dd_benchmark

SMALL = {"bs": "64k", "count": "4", "runs": 2, "direct": False, "sample_interval": 0}


def run_module(module, check_mode=False, **params):
    """The module as Ansible runs it, in a process of its own and with the real dd."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": {**params, "_ansible_check_mode": check_mode}})
    done = subprocess.run([sys.executable, module.__file__], input=given, capture_output=True, text=True, check=False)
    return json.loads(done.stdout)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_write_of_a_new_file_is_measured_and_leaves_nothing(tmp_path, check_mode):
    result = run_module(dd_benchmark, check_mode, path=str(tmp_path / "new"), mode="write", **SMALL)
    assert (result["changed"], result["actions"]) == (True, [f"write {tmp_path}/new"])
    assert [run["bytes"] for run in result["runs"]] == ([] if check_mode else [4 << 16] * 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_read_changes_nothing(tmp_path, check_mode):
    (tmp_path / "file").write_bytes(b"x" * (4 << 16))
    result = run_module(dd_benchmark, check_mode, path=str(tmp_path / "file"), **SMALL)
    assert (result["changed"], result["actions"]) == (False, [])
    assert (result["median_mb_per_s"] is None) is check_mode


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_existing_file_is_refused_and_untouched(tmp_path, check_mode):
    (tmp_path / "file").write_text("precious")
    result = run_module(dd_benchmark, check_mode, path=str(tmp_path / "file"), mode="write", **SMALL)
    assert result["failed"]
    assert "refused to overwrite" in result["msg"]
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_link_to_a_file_is_refused(tmp_path, mode):
    (tmp_path / "file").write_bytes(b"x" * (4 << 16))
    (tmp_path / "link").symlink_to("file")
    result = run_module(dd_benchmark, path=str(tmp_path / "link"), mode=mode, allow_overwrite=True, **SMALL)
    assert "link: not a plain file" in result["msg"]
    assert (tmp_path / "file").read_bytes() == b"x" * (4 << 16)


def test_a_link_among_the_directories_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    result = run_module(dd_benchmark, path=str(tmp_path / "link" / "new"), mode="write", **SMALL)
    assert [run["bytes"] for run in result["runs"]] == [4 << 16] * 2
    assert list((tmp_path / "real").iterdir()) == []


@pytest.mark.parametrize(("params", "message"), [
    ({}, "one of the following is required"), ({"device": "/dev/sdb", "path": "/x"}, "mutually exclusive"),
    ({"device": "/dev/null"}, "not a block device"), ({"path": "/no/such/file", "mode": "write"}, "no such directory"),
    ({"path": "/proc/version", "bs": "1X"}, "bs: '1X' is not a size. Give a number of bytes"),
    ({"path": "/proc/version", "count": "many"}, "count: 'many' is not a number of blocks. Give a number of blocks above 0"),
    ({"path": "/proc/version", "count": "0"}, "count: '0' is not a number of blocks"),
    ({"path": "x"}, "'x' is not an absolute path"), ({"path": ""}, "not an absolute path"),
    ({"path": "no/such"}, "not an absolute path"),
])  # fmt: skip
def test_bad_input_is_named(params, message):
    assert message in run_module(dd_benchmark, **params)["msg"]


@pytest.mark.parametrize(("params", "message"), [
    ({"device": "/dev/null"}, "not a block device"), ({"device": "sdb"}, "absolute path"), ({"device": "/dev/x", "timeout": 0}, "timeout"),
])  # fmt: skip
def test_a_device_that_is_none_is_refused(params, message):
    assert message in run_module(block_device_info, **params)["msg"]
