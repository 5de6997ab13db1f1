# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record database, on files that iscsiadm 2.1.8 has written."""

from __future__ import annotations

import os
import pathlib
import stat
import time
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import write_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import database_tool
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import (
    Database,
    find_left_behind,
    find_root,
    find_strays,
    node_path,
    read_discoveries,
    read_ifaces,
    read_nodes,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import START_FIELD
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
IQN = "iqn.2004-08.com.q"
PASSWORD = "node.session.auth.password"


@pytest.fixture
def root(tmp_path):
    for name, place in (
        ("node-chap", f"nodes/{IQN}:a/2001:db8:0:0::1,3260,1/default"),
        ("node-old-style", f"nodes/{IQN}:b/10.0.0.2,3260"),
        ("node-default", f"nodes/{IQN}:c/some.host,3261,2/default"),
        ("iface", "ifaces/eth9"),
        ("st-config", "send_targets/10.1.1.1,3260/st_config"),
    ):
        path = tmp_path / "db" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((FIXTURES / f"iscsiadm-2.1.8-{name}.txt").read_bytes())
    return tmp_path / "db"


@pytest.fixture
def database(root, tmp_path):
    return Database(str(root), str(tmp_path / "lock"), str(tmp_path / "proc"))


def test_reads_every_kind_of_record(root):
    first, second, third = read_nodes(str(root))
    assert (first.portal, first.tpgt, first.spelling) == (Portal("2001:db8::1"), 1, "[2001:db8:0:0::1]:3260")
    assert (second.portal, second.tpgt, second.iface) == (Portal("10.0.0.2"), None, "default")
    assert (third.portal, third.tpgt) == (Portal("some.host", 3261), 2)
    assert not any(record.broken for record in (first, second, third))
    assert [record.name for record in read_ifaces(str(root))] == ["eth9"]
    assert [(record.name, record.kind) for record in read_discoveries(str(root))] == [("10.1.1.1:3260", "sendtargets")]


def test_no_database_is_an_empty_one(tmp_path):
    assert read_nodes(str(tmp_path)) == read_ifaces(str(tmp_path)) == read_discoveries(str(tmp_path)) == ()


@pytest.mark.parametrize("text", ["", "# BEGIN RECORD 2.1.8\n", "# BEGIN RECORD 2.1.8\nnode.name = iqn.other\n# END RECORD\n"])
def test_a_broken_record_is_named_and_the_others_are_read(root, text):
    path = root / "nodes" / f"{IQN}:c" / "some.host,3261,2" / "default"
    path.write_text(text, encoding="utf-8")
    by_path = {record.path: record for record in read_nodes(str(root))}
    assert by_path.pop(str(path)).broken
    assert len(by_path) == 2 and not any(record.broken for record in by_path.values())


def test_a_record_that_was_cut_off_is_broken_or_has_its_secret(root):
    path = root / "nodes" / f"{IQN}:a" / "2001:db8:0:0::1,3260,1" / "default"
    text = path.read_text(encoding="utf-8")
    whole, broken = read_nodes(str(root))[0].values, []
    for cut in range(len(text)):
        path.write_text(text[:cut], encoding="utf-8")
        record = read_nodes(str(root))[0]
        broken.append(bool(record.broken))
        assert record.broken or record.values[PASSWORD] == whole[PASSWORD]
    assert broken[0] and not broken[-1] and broken == sorted(broken, reverse=True)


def test_what_is_no_file_or_cannot_be_read(root, database):
    (root / "ifaces" / "odd").mkdir()
    assert [(record.name, record.broken) for record in read_ifaces(str(root))] == [("eth9", None), ("odd", "cannot be read: Is a directory")]
    with pytest.raises(SanError, match="cannot be removed"):
        database.remove_file(str(root / "ifaces" / "odd"))
    portal = root / "nodes" / f"{IQN}:c" / "some.host,3261,2"
    (portal / "odd").mkdir()
    assert len(read_nodes(str(root))) == 3 and find_strays(str(root)) == (str(portal / "odd"),)
    (portal / "default").unlink()
    # What a link that leads nowhere but to itself has in common with a broken disk.
    (portal / "default").symlink_to("default")
    broken = [record.broken for record in read_nodes(str(root)) if record.broken]
    assert len(broken) == 1 and "cannot be read" in broken[0]


def test_records_at_the_place_of_another_build(root, tmp_path):
    own, other = str(root), tmp_path / "other"
    roots = (own, str(other))
    assert find_left_behind(own, roots) == ()
    (other / "nodes").mkdir(parents=True)
    assert find_left_behind(own, roots) == ()
    (other / "nodes" / IQN).mkdir()
    assert find_left_behind(own, roots) == (str(other / "nodes"),)
    assert find_left_behind(own, ("/somewhere", str(other))) == ()
    # Some keep one of the two as a link to the other.
    (tmp_path / "linked").symlink_to(root)
    assert find_left_behind(own, (own, str(tmp_path / "linked"))) == ()


def test_a_secret_is_written_for_root_alone_and_nothing_is_left_behind(root, database):
    record = read_nodes(str(root))[2]
    with database.locked():
        database.change(record.path, {PASSWORD: Secret("SECRET-VALUE")})
    assert read_nodes(str(root))[2].values[PASSWORD] == Secret("SECRET-VALUE")
    assert stat.S_IMODE(os.stat(record.path).st_mode) == database_tool.RECORD_MODE
    assert os.listdir(os.path.dirname(record.path)) == ["default"]
    assert sorted(os.listdir(root)) == ["ifaces", "nodes", "send_targets"]


def test_what_a_killed_run_left_is_swept(root, database):
    left = root / f"{database_tool.TEMPORARY}x"
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
    monkeypatch.setattr(database_tool.time, "time", lambda: now)

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
    assert database.free_stale_lock()
    assert not lock.exists()
    assert not database.free_stale_lock()


def test_a_young_lock_is_left(database, held, monkeypatch):
    lock = held("bash", 60)
    monkeypatch.setattr(database_tool, "STALE_SECONDS", 60)
    assert not database.free_stale_lock()
    assert lock.exists()


def test_a_living_writer_keeps_its_lock(database, held, monkeypatch):
    lock = held("iscsiadm", 60)
    monkeypatch.setattr(database_tool, "LOCK_SECONDS", 0)
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
    assert stat.S_IMODE(os.stat(new).st_mode) == database_tool.RECORD_MODE
    assert sorted(os.listdir(root)) == ["ifaces", "nodes", "send_targets"]


def test_deleting_leaves_no_link_and_no_directory(root, database):
    record = read_nodes(str(root))[0]
    link = root / "static" / f"{IQN}:a,2001:db8:0:0::1,3260,1,default"
    link.parent.mkdir()
    link.symlink_to(os.path.dirname(record.path))
    with database.locked():
        database.remove(record)
    assert not os.path.lexists(link)
    assert sorted(os.listdir(root / "nodes")) == [f"{IQN}:b", f"{IQN}:c"]


def test_the_path_of_a_record_is_where_it_was_read(root):
    for record in read_nodes(str(root)):
        assert node_path(str(root), record.target, record.address, record.portal.port, record.tpgt, record.iface) == record.path


def test_the_program_knows_its_database(tmp_path, monkeypatch):
    program = tmp_path / "iscsiadm"
    program.write_bytes(b"\0/second/nodes\0")
    monkeypatch.setattr(database_tool, "find_program", lambda name: str(program))
    assert find_root(("/first", "/second")) == "/second"
    monkeypatch.setattr(database_tool, "find_program", lambda name: None)
    assert find_root(("/first", "/second")) == "/first"
