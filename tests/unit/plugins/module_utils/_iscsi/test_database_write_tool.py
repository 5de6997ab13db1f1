# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the record database, on files that iscsiadm 2.1.8 has written."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil
import stat
import time
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import write_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import database_write_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import is_locked, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_write_tool import Database
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import START_FIELD
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

IQN = "iqn.2004-08.com.q"
PASSWORD = "node.session.auth.password"


@pytest.fixture
def database(root, tmp_path):
    return Database(str(root), str(tmp_path / "lock"), str(tmp_path / "proc"))


def test_a_secret_is_written_for_root_alone_and_nothing_is_left_behind(root, database):
    record = read_nodes(str(root))[2]
    with database.locked():
        database.change(record.path, {PASSWORD: Secret("SECRET-VALUE")})
    assert read_nodes(str(root))[2].values[PASSWORD] == Secret("SECRET-VALUE")
    assert stat.S_IMODE(os.stat(record.path).st_mode) == database_write_tool.RECORD_MODE
    assert os.listdir(os.path.dirname(record.path)) == ["default"]
    assert sorted(os.listdir(root)) == ["ifaces", "nodes", "send_targets"]


def test_what_a_killed_run_left_is_swept(root, database):
    left = root / f"{database_write_tool.TEMPORARY}x"
    left.write_text("SECRET-VALUE", encoding="utf-8")
    with database.locked():
        pass
    assert not left.exists()


def test_a_file_that_another_module_writes_meanwhile_is_left(root, database):
    """On some distributions the records are in /etc/iscsi, beside iscsid.conf."""

    def move(temporary, path):
        with database.locked():
            os.rename(temporary, path)

    write_text(SimpleNamespace(atomic_move=move), str(root / "iscsid.conf"), "node.startup = manual\n", 0o600)
    assert (root / "iscsid.conf").read_text(encoding="utf-8") == "node.startup = manual\n"


def test_the_lock_is_that_of_open_iscsi(database, tmp_path):
    lock, held = tmp_path / "lock" / "lock", tmp_path / "lock" / "lock.write"
    with database.locked():
        assert os.path.samefile(lock, held)
    assert lock.exists() and not held.exists()


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A lock that somebody took ten seconds ago, and an iscsiadm that has run for some time."""
    (tmp_path / "lock").mkdir()
    (tmp_path / "lock" / "lock").touch()
    os.link(tmp_path / "lock" / "lock", tmp_path / "lock" / "lock.write")
    now = time.time() + 10
    monkeypatch.setattr(database_write_tool.time, "time", lambda: now)

    def writer(command, seconds):
        directory = tmp_path / "proc" / "7"
        directory.mkdir(parents=True)
        ticks = int((time.clock_gettime(time.CLOCK_BOOTTIME) - seconds) * os.sysconf("SC_CLK_TCK"))
        (directory / "comm").write_text(f"{command}\n", encoding="utf-8")
        (directory / "stat").write_text(f"7 ({command}) " + " ".join(["S"] + ["0"] * (START_FIELD - 1) + [str(ticks), "0"]), encoding="utf-8")
        return tmp_path / "lock" / "lock.write"

    return writer


@pytest.mark.parametrize("command, seconds", [("bash", 60), ("iscsiadm", 2)], ids=["no iscsiadm", "one that came later"])
def test_a_dead_writers_lock_is_taken_over(database, held, command, seconds):
    lock = held(command, seconds)
    assert is_locked(str(lock.parent)) and database.free_stale_lock()
    assert not lock.exists() and not is_locked(str(lock.parent))
    assert not database.free_stale_lock()


def test_a_young_lock_is_left(database, held, monkeypatch):
    lock = held("bash", 60)
    monkeypatch.setattr(database_write_tool, "STALE_SECONDS", 60)
    assert not database.free_stale_lock()
    assert lock.exists()


def test_the_lock_of_a_writer_that_was_just_killed_is_waited_for(database, tmp_path, monkeypatch):
    """iscsiadm gives up after 30 s, and takes no lock away."""
    monkeypatch.setattr(database_write_tool, "STALE_SECONDS", 0.5)
    (tmp_path / "lock").mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "lock" / "lock").touch()
    os.link(tmp_path / "lock" / "lock", tmp_path / "lock" / "lock.write")
    began = time.monotonic()
    database.await_lock()
    assert not is_locked(str(tmp_path / "lock")) and time.monotonic() - began > 0.2
    database.await_lock()


@pytest.mark.parametrize("place, words", [("file/iscsi", "Not a directory"), ("file", "File exists")])
def test_a_lock_that_cannot_be_taken_is_named(root, tmp_path, place, words):
    (tmp_path / "file").touch()
    with pytest.raises(SanError, match=f"{place}/lock: cannot be taken: {words}"), Database(str(root), str(tmp_path / place)).locked():
        pytest.fail("it is not held")


def test_a_living_writer_is_waited_for_in_bounds(database, held, monkeypatch):
    monkeypatch.setattr(database_write_tool, "STALE_SECONDS", 0)
    lock = held("iscsiadm", 60)
    database.await_lock()
    assert lock.exists()


def test_a_living_writer_keeps_its_lock(database, held, monkeypatch):
    lock = held("iscsiadm", 60)
    monkeypatch.setattr(database_write_tool, "LOCK_SECONDS", 0)
    with pytest.raises(SanError, match="process 7"), database.locked():
        pass
    assert lock.exists()


def test_several_records_at_a_time(root, database):
    records = read_nodes(str(root))
    texts = {record.path: (root / record.path).read_text(encoding="utf-8").replace("node.startup = manual", "node.startup = automatic") for record in records}
    new = str(root / "nodes" / "iqn.2004-08.com.q:new" / "10.0.0.9,3260,1" / "default")
    with database.locked():
        database.write({**texts, new: "text"})
    assert {record.values["node.startup"] for record in read_nodes(str(root)) if not record.broken} == {"automatic"}
    assert stat.S_IMODE(os.stat(new).st_mode) == database_write_tool.RECORD_MODE
    assert sorted(os.listdir(root)) == ["ifaces", "nodes", "send_targets"]


def test_all_records_are_on_the_disk_before_the_first_is_in_its_place(root, database, monkeypatch):
    texts = {str(root / "nodes" / f"{IQN}:new" / f"10.0.0.{number},3260,1" / "default"): f"text {number}" for number in (1, 2)}
    done, fsync, rename = [], os.fsync, os.rename

    def sync(handle):
        with open(f"/proc/self/fd/{handle}", encoding="utf-8") as file:
            done.append(("sync", os.path.realpath(file.name), file.read()))
        fsync(handle)

    def move(source, destination):
        done.append(("move", source, destination))
        rename(source, destination)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", move)
    with database.locked():
        database.write(texts)
    written = [source for verb, source, text in done[:2]]
    assert [(verb, text) for verb, source, text in done[:2]] == [("sync", text) for text in texts.values()]
    assert done[2:] == [("move", source, path) for source, path in zip(written, texts)]


def test_deleting_leaves_no_link_and_no_directory(root, database):
    record = read_nodes(str(root))[0]
    link = root / "static" / f"{IQN}:a,2001:db8:0:0::1,3260,1,default"
    link.parent.mkdir()
    link.symlink_to(os.path.dirname(record.path))
    with database.locked():
        database.remove(record)
    assert not os.path.lexists(link)
    assert sorted(os.listdir(root / "nodes")) == [f"{IQN}:b", f"{IQN}:c"]


@pytest.mark.parametrize("gone", ["nodes", f"nodes/{IQN}:a", f"nodes/{IQN}:a/2001:db8:0:0::1,3260,1", f"nodes/{IQN}:a/2001:db8:0:0::1,3260,1/default"])
def test_what_another_tool_has_deleted_is_gone(root, database, gone):
    record = read_nodes(str(root))[0]
    path = root / gone
    path.unlink() if path.is_file() else shutil.rmtree(path)
    with database.locked():
        database.remove(record)
    assert not (root / "nodes" / f"{IQN}:a").exists()
    shutil.rmtree(root / "send_targets/10.1.1.1,3260")
    with database.locked():
        database.remove_discovery(str(root / "send_targets/10.1.1.1,3260/st_config"))


@pytest.mark.parametrize("late", ["deleted", "filled"])
def test_what_another_tool_does_right_before_a_directory_goes(root, database, monkeypatch, late):
    record, rmdir = read_nodes(str(root))[0], os.rmdir

    def other(path):
        if late == "deleted":
            rmdir(path)
        else:
            (pathlib.Path(path) / "eth1").touch()
        rmdir(path)

    monkeypatch.setattr(os, "rmdir", other)
    with database.locked():
        database.remove(record)
        database.remove_discovery(str(root / "send_targets/10.1.1.1,3260/st_config"))
    assert (root / "nodes" / f"{IQN}:a").exists() == (root / "send_targets/10.1.1.1,3260").exists() == (late == "filled")


def test_a_directory_that_cannot_be_removed(root, database, monkeypatch):
    def refuse(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "rmdir", refuse)
    with database.locked(), pytest.raises(SanError, match="3260,1: cannot be removed: Read-only"):
        database.remove(read_nodes(str(root))[0])


def test_what_cannot_be_removed(root, database):
    with pytest.raises(SanError, match="cannot be removed"):
        database.remove_file(str(root / "ifaces"))
