"""The cache of images: entries appear whole or not at all, and a full disk is said before anything is built."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections import namedtuple

import pytest
from sanlab import cache, text_files
from sanlab.errors import LabError

NAME = "image-initiator-0123"
Usage = namedtuple("Usage", "total used free")


def quiet(words):
    """Nobody listens."""


def make_disk(draft):
    (draft / "disk.raw").write_bytes(b"whole")


@pytest.fixture(autouse=True)
def room(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, 1 << 40))


def test_an_entry_is_made_once(tmp_path):
    made = []

    def make(draft):
        made.append(draft.name)
        make_disk(draft)

    first = cache.entry(tmp_path, NAME, make, quiet)
    assert cache.entry(tmp_path, NAME, make, quiet) == first
    assert (first / "disk.raw").read_bytes() == b"whole"
    assert made == [f"draft-{NAME}-{os.getpid()}"]


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def make(draft):
        make_disk(draft)
        raise LabError("image initiator: mmdebstrap failed")

    with pytest.raises(LabError, match="mmdebstrap failed"):
        cache.entry(tmp_path, NAME, make, quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


def build_and_hang(directory, started):
    def make(draft):
        (draft / "disk.raw").write_bytes(b"half")
        started.set()
        signal.pause()

    cache.entry(directory, NAME, make, quiet)


def test_the_draft_of_a_killed_build_is_never_used(tmp_path):
    context = multiprocessing.get_context("fork")
    started = context.Event()
    builder = context.Process(target=build_and_hang, args=(tmp_path, started))
    builder.start()
    assert started.wait(20)
    os.kill(builder.pid, signal.SIGKILL)
    builder.join(20)
    left = tmp_path / f"draft-{NAME}-{builder.pid}"
    assert (left / "disk.raw").read_bytes() == b"half"
    whole = cache.entry(tmp_path, NAME, make_disk, quiet)
    assert (whole / "disk.raw").read_bytes() == b"whole"
    assert not left.exists()


@pytest.mark.parametrize("damage", ["cut", "gone", "no manifest"])
def test_a_damaged_entry_is_made_again(tmp_path, damage):
    entry = cache.entry(tmp_path, NAME, make_disk, quiet)
    if damage == "cut":
        (entry / "disk.raw").write_bytes(b"who")
    elif damage == "gone":
        (entry / "disk.raw").unlink()
    else:
        (entry / cache.MANIFEST).unlink()
    said = []
    assert (cache.entry(tmp_path, NAME, make_disk, said.append) / "disk.raw").read_bytes() == b"whole"
    assert "damaged" in said[0]


def test_two_builds_make_room_one_after_the_other(tmp_path, monkeypatch):
    for number in range(40):
        cache.entry(tmp_path, f"old-{number}", lambda draft: [(draft / f"{part}").write_bytes(b"x") for part in range(20)], quiet)
        os.utime(tmp_path / f"old-{number}", (number, number))
    # The old ones fill it, and what is new takes no room.
    monkeypatch.setattr(cache, "used_mib", lambda directory: len(list(directory.glob("[0-9]*"))) * 5)
    monkeypatch.setattr(cache, "LARGEST_MIB", cache.BUILD_SPACE_MIB // 2 + 50)
    failed = []

    def build(name):
        try:
            cache.entry(tmp_path, name, make_disk, quiet)
        except OSError as error:
            failed.append(error)

    builds = [threading.Thread(target=build, args=(f"new-{number}",)) for number in range(8)]
    for each in builds:
        each.start()
    for each in builds:
        each.join(20)
    assert failed == []
    assert not list(tmp_path.glob("old-*"))


def test_a_changed_byte_is_found_when_asked_for(tmp_path):
    entry = cache.entry(tmp_path, NAME, make_disk, quiet)
    (entry / "disk.raw").write_bytes(b"whome")
    assert cache.is_whole(entry)
    assert not cache.is_intact(entry)


def test_a_full_disk_is_said_before_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, 200 << 20))
    with pytest.raises(LabError, match=r"200 MiB free, making image-initiator-0123 needs 3500 MiB; free some, or set LINUXSAN_LAB_CACHE"):
        cache.entry(tmp_path, NAME, make_disk, quiet)
    assert not (tmp_path / NAME).exists()


def hold(lock, held, release):
    with text_files.locked(lock, "lab"):
        held.set()
        release.wait(20)


def take_turns(lock, start, event):
    """Two hold a lock; the second has to wait until the first lets go -> both. start: Process or Thread; event: makes what they share."""
    held, release, second_held, done = event(), event(), event(), event()
    first = start(target=hold, args=(lock, held, release))
    first.start()
    assert held.wait(20)
    done.set()
    second = start(target=hold, args=(lock, second_held, done))
    second.start()
    assert not second_held.wait(0.5)
    release.set()
    first.join(20)
    second.join(20)
    assert second_held.is_set()
    return first, second


def test_a_second_holder_says_whom_it_waits_for(tmp_path, capfd):
    context = multiprocessing.get_context("fork")
    first, second = take_turns(tmp_path / "lock", context.Process, context.Event)
    assert (first.exitcode, second.exitcode) == (0, 0)
    assert f"lab: waiting for pid {first.pid}" in capfd.readouterr().err


def test_a_second_thread_waits_without_a_word(tmp_path, capfd):
    take_turns(tmp_path / "lock", threading.Thread, threading.Event)
    assert capfd.readouterr().err == ""


def test_a_lock_of_a_killed_holder_is_free(tmp_path):
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    first = context.Process(target=hold, args=(tmp_path / "lock", held, release))
    first.start()
    assert held.wait(20)
    os.kill(first.pid, signal.SIGKILL)
    first.join(20)
    with text_files.locked(tmp_path / "lock", "lab"):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_the_oldest_entry_goes_that_no_lab_uses_or_is_about_to_use(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST_MIB", cache.BUILD_SPACE_MIB // 2)
    store, coming, running = tmp_path / "cache", tmp_path / "coming", tmp_path / "running"
    entries = {name: cache.entry(store, name, make_disk, quiet) for name in ("image-idle", "image-coming", "image-running", "keys")}
    monkeypatch.setattr(cache, "used_mib", lambda directory: 1)
    cache.claim(entries["image-coming"], coming)
    cache.claim(entries["image-running"], running)
    (running / "hosts/initiator1").mkdir(parents=True)
    (running / "hosts/initiator1/disk.qcow2").touch()
    with text_files.locked(coming / "lock", "lab"):
        cache.entry(store, "image-new", make_disk, quiet)
    assert {name for name, entry in entries.items() if entry.exists()} == {"image-coming", "image-running", "keys"}
    cache.entry(store, "image-newer", make_disk, quiet)
    assert not entries["image-coming"].exists()
