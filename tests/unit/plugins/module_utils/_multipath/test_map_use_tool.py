# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that have a device open. Whole maps: tests/unit/plugins/modules/test_multipath_map.py."""

from __future__ import annotations

import os

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import openers


def process(proc, pid, comm, *files):
    (proc / str(pid) / "fd").mkdir(parents=True)
    for number, file in enumerate(files):
        (proc / str(pid) / "fd" / str(number)).symlink_to(file)
    if comm:
        (proc / str(pid) / "comm").write_text(f"{comm}\n")


def test_openers(tmp_path):
    process(tmp_path, 100, "dd", "/dev/dm-1", "pipe:[7]")
    process(tmp_path, 20, "qemu", "/dev/dm-0", "/dev/dm-0")
    process(tmp_path, 3, "other", "/dev/dm-10", "/dev/null")
    process(tmp_path, 4, None, "/dev/dm-1")
    (tmp_path / "5").mkdir()
    (tmp_path / "self").mkdir()
    assert openers(("dm-0", "dm-1"), str(tmp_path)) == ("open by a process (process 4)", "open by qemu (process 20)", "open by dd (process 100)")


def test_this_process_has_dev_null_open():
    """On the real /proc, with a device that is none of the kernel's maps."""
    with open("/dev/null", encoding="utf-8"):
        assert any(f"(process {os.getpid()})" in said for said in openers(("null",)))
