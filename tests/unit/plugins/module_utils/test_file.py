# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
import pathlib
import stat
import subprocess
import sys
from functools import partial
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from ansible.module_utils.basic import AnsibleModule
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import copy_file, mode_of, read_text, write_text


def module(move=os.replace):
    """An AnsibleModule as far as write_text uses it."""
    fake = MagicMock()
    fake.atomic_move.side_effect = move
    return fake


def test_no_file_is_none(tmp_path):
    assert read_text(str(tmp_path / "none")) is None


def test_a_directory_is_named(tmp_path):
    with pytest.raises(SanError, match="cannot be read: Is a directory"):
        read_text(str(tmp_path))


@given(data=st.binary())
def test_bytes_survive_reading_and_writing(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("conf") / "multipath.conf"
    path.write_bytes(data)
    write_text(module(), str(path), read_text(str(path)), 0o644)
    assert path.read_bytes() == data


def test_mode_is_set_for_new_and_old_files(tmp_path):
    path = tmp_path / "iscsid.conf"
    for mode in (0o644, 0o600):
        write_text(module(), str(path), "x", mode)
        assert stat.S_IMODE(path.stat().st_mode) == mode == mode_of(str(path), None)


def test_a_secret_is_never_in_a_file_that_others_may_read(tmp_path):
    path = tmp_path / "iscsid.conf"
    path.write_text("old")
    path.chmod(0o644)
    modes = []

    def move(source, destination):
        modes.extend(stat.S_IMODE(os.stat(name).st_mode) for name in (source, destination))
        os.replace(source, destination)

    write_text(module(move), str(path), "password", 0o600)
    assert modes == [0o600, 0o600]


def test_a_new_secret_file_is_private_with_the_real_atomic_move(tmp_path):
    path = tmp_path / "iscsid.conf"
    real = SimpleNamespace(selinux_enabled=lambda: False, cleanup=os.unlink)
    umask = os.umask(0o022)
    try:
        write_text(module(partial(AnsibleModule.atomic_move, real)), str(path), "password", 0o600)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "iscsid.conf"
    path.write_text("old")
    os.chown(path, 4711, 4712)
    real = SimpleNamespace(selinux_enabled=lambda: False, cleanup=os.unlink)
    write_text(module(partial(AnsibleModule.atomic_move, real)), str(path), "new", 0o640)
    found = path.stat()
    assert (path.read_text(), found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == ("new", 4711, 4712, 0o640)


def test_the_data_is_on_the_disk_before_the_move_and_the_move_after_it(tmp_path, monkeypatch):
    path = tmp_path / "multipath.conf"
    path.write_text("old")
    done, real = [], os.fsync

    def fsync(handle):
        synced = pathlib.Path(os.readlink(f"/proc/self/fd/{handle}"))
        done.append(("sync", synced, None if synced.is_dir() else synced.read_text()))
        real(handle)

    def move(source, destination):
        done.append(("move", pathlib.Path(source), pathlib.Path(destination)))
        os.replace(source, destination)

    monkeypatch.setattr(os, "fsync", fsync)
    write_text(module(move), str(path), "new", 0o644)
    temporary = done[0][1]
    assert done == [("sync", temporary, "new"), ("move", temporary, path), ("sync", tmp_path, None)]


def test_a_link_stays_a_link(tmp_path):
    real = tmp_path / "real.conf"
    real.write_text("old")
    link = tmp_path / "link.conf"
    link.symlink_to(real)
    write_text(module(), str(link), "new", 0o644)
    assert link.is_symlink() and real.read_text() == "new"


def test_a_failed_move_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "multipath.conf"
    path.write_text("old")

    def full(source, destination):
        raise OSError(28, "No space left on device")

    with pytest.raises(SanError, match="multipath.conf: cannot be written: No space left on device. The old file is untouched"):
        write_text(module(full), str(path), "new", 0o644)
    assert [entry.name for entry in tmp_path.iterdir()] == ["multipath.conf"]
    assert path.read_text() == "old"


def test_what_a_killed_run_has_left_is_removed_and_what_another_writes_is_not(tmp_path):
    left, held, record, young = (tmp_path / name for name in (".linuxsan-a1b2c3d4", ".linuxsan-e5f6_789", ".linuxsan-record-abcdefgh", ".linuxsan-aaaaaaaa"))
    for path in (left, held, record, young):
        path.write_text("secret", encoding="utf-8")
    for path in (left, held, record):
        os.utime(path, (1, 1))
    (tmp_path / ".linuxsan-bbbbbbbb").mkdir()
    # Nobody writes to it, and nobody waits for that.
    os.mkfifo(tmp_path / ".linuxsan-cccccccc")
    with open(held, encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_text(module(), str(tmp_path / "file"), "x", 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([held.name, record.name, young.name, ".linuxsan-bbbbbbbb", ".linuxsan-cccccccc", "file"])


def test_a_file_is_locked_until_it_is_in_its_place(tmp_path):
    path = tmp_path / "file"

    def move(source, destination):
        os.utime(source, (1, 1))
        write_text(module(), str(tmp_path / "other"), "y", 0o600)
        os.rename(source, destination)

    write_text(module(move), str(path), "x", 0o600)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "other"]


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(SanError, match="no such directory for iscsid.conf"):
        write_text(module(), str(tmp_path / "none" / "iscsid.conf"), "x", 0o600)


@pytest.mark.parametrize("path", ["", "multipath.conf"])
def test_a_path_without_its_directory_is_refused(path):
    with pytest.raises(SanError, match="is not an absolute path"):
        read_text(path)
    with pytest.raises(SanError, match="is not an absolute path"):
        write_text(module(), path, "x", 0o644)


def test_what_is_no_plain_file_is_neither_waited_for_nor_replaced(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to("/dev/null")
    for path in (pipe, link):
        with pytest.raises(SanError, match="is not a plain file"):
            read_text(str(path))
        with pytest.raises(SanError, match="is not a plain file"):
            write_text(module(), str(path), "x", 0o644)
    assert stat.S_ISFIFO(pipe.stat().st_mode) and stat.S_ISCHR(link.stat().st_mode)


CHECKS = """
import sys
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import check_not_mounted
for path in sys.argv[1:]:
    try:
        check_not_mounted(path)
    except SanError as error:
        print(error)
"""
# A file, then a directory over the second file: what is hidden below is mounted, and what is seen is not.
MOUNTS = """
set -e
mount --bind "$1/source" "$1/with blank"
mount --bind "$1/source" "$1/hidden/file"
mount --bind "$1/over" "$1/hidden"
shift
exec "$@"
"""


def test_a_file_that_is_mounted_at_its_place_is_told(tmp_path):
    """rename(2) onto a mount point is EBUSY."""
    if subprocess.run(["unshare", "--mount", "mount", "--bind", tmp_path, tmp_path], capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount")
    for directory in ("hidden", "over"):
        (tmp_path / directory).mkdir()
    names = ("source", "with blank", "hidden/file", "over/file")
    paths = [tmp_path / name for name in names]
    for path in paths:
        path.touch()
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNTS, "sh", tmp_path, sys.executable, "-c", CHECKS, *paths, tmp_path / "none"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (told,) = done.stdout.splitlines()
    assert told.startswith(f"{paths[1]}: is a mount point, and can only be replaced where it is mounted from")


def test_a_directory_is_not_replaced(tmp_path):
    mode = tmp_path.stat().st_mode
    with pytest.raises(SanError, match="is not a plain file"):
        write_text(module(), str(tmp_path), "x", 0o644)
    assert tmp_path.stat().st_mode == mode


def test_a_copy_that_is_cut_off_does_not_stay(tmp_path):
    copy = tmp_path / "copy"

    def cut_off(source, destination):
        pathlib.Path(destination).write_text("ha", encoding="utf-8")
        raise OSError(28, "No space left on device")

    fake = module()
    fake.preserved_copy.side_effect = cut_off
    with pytest.raises(SanError, match="copy: the copy cannot be written: No space left on device.*conf is untouched"):
        copy_file(fake, str(tmp_path / "conf"), str(copy))
    assert not copy.exists()
