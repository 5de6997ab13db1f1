# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices among the open files of a process; /dev/zero stands for a disk, which not every host that runs this has."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_file_tool import OpenFiles

ZERO = {(stat.S_IFCHR, "1:5"): "sdb"}


def opened(proc, mount, mounts):
    """What process 7 has open: a device node of its own, which is in a mount. mounts: process -> (mount, file system type)."""
    (proc / "lun").symlink_to("/dev/zero")
    for number in ("0", "1"):
        write(proc / "7/fdinfo" / number, f"pos:\t0\nflags:\t0100002\nmnt_id:\t{mount}\nino:\t7\n")
    (proc / "7/fd").mkdir()
    (proc / "7/fd/0").symlink_to("pipe:[1]")
    (proc / "7/fd/1").symlink_to(proc / "lun")
    for pid, (number, fstype) in mounts.items():
        write(proc / pid / "mountinfo", f"{number} 1 0:5 / /srv rw - {fstype} source rw\n")
    return list(OpenFiles(str(proc)).devices("7", ZERO))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_device_node_outside_of_dev():
    """On the real /proc."""
    with tempfile.TemporaryDirectory() as root:
        node = os.path.join(root, "lun")
        try:
            os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
            file = open(node, encoding="utf-8")
        except PermissionError:
            pytest.skip("this user or file system has no device nodes")
        with file:
            assert list(OpenFiles("/proc").devices(str(os.getpid()), ZERO)) == ["sdb"]


@pytest.mark.parametrize(("fstype", "asked"), [("devtmpfs", True), ("overlay", True), ("nfs4", False), ("fuse.sshfs", False), ("lustre", False)])
# A process in a chroot is not told of the mount that has its root, and another one may see only its container.
@pytest.mark.parametrize("shown_by", ["self", "7"])
def test_a_file_is_asked_only_where_the_kernel_knows_the_answer(tmp_path, fstype, asked, shown_by):
    assert opened(tmp_path, 42, {shown_by: (42, fstype)}) == (["sdb"] if asked else [])


def test_a_file_of_a_mount_that_nobody_shows_is_not_asked(tmp_path):
    assert opened(tmp_path, 42, {"self": (41, "ext4"), "7": (43, "ext4")}) == []
