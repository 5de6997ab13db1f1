"""udev is told of the paths that it took for plain disks, and of no other."""

from __future__ import annotations

import os

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath import claim_tool


@pytest.fixture
def udev(tmp_path, monkeypatch):
    """Three disks: udev took sdc for a plain one, sdd for a path, and does not know sde. Returns sysfs and the database."""
    monkeypatch.setattr(claim_tool, "UDEV_SECONDS", 0)
    for name, dev, said in (("sdc", "8:32", "0"), ("sdd", "8:48", "1"), ("sde", "8:64", None)):
        place = tmp_path / "sys/block" / name
        place.mkdir(parents=True)
        (place / "dev").write_text(f"{dev}\n")
        (place / "uevent").write_text("")
        if said:
            (tmp_path / f"b{dev}").write_text(f"E:DM_MULTIPATH_DEVICE_PATH={said}\n")
    return tmp_path / "sys", tmp_path


def test_only_what_is_taken_for_a_plain_disk(udev):
    sysfs, database = udev
    assert claim_tool.claim_paths(["sdc", "sdd", "sde"], str(sysfs), str(database)) == ("sdc",)
    assert {name: (sysfs / "block" / name / "uevent").read_text() for name in ("sdc", "sdd", "sde")} == {"sdc": "change", "sdd": "", "sde": ""}


def test_a_path_that_goes_meanwhile(udev):
    sysfs, database = udev
    (sysfs / "block/sdc/uevent").unlink()
    (sysfs / "block/sdc/uevent").mkdir()
    claim_tool.claim_paths(["sdc"], str(sysfs), str(database))
    assert not list((sysfs / "block/sdc/uevent").iterdir())


def test_what_udev_has_judged_as_things_are(udev, tmp_path):
    """sdc before the WWIDs were written, sdd after both files, sde never."""
    for name, seconds in (("b8:32", 10), ("wwids", 20), ("multipath.conf", 30), ("b8:48", 40)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (seconds, seconds))
    files = [str(tmp_path / name) for name in ("wwids", "multipath.conf", "gone.conf")]
    assert claim_tool.judged_after({"sdc": "8:32", "sdd": "8:48", "sde": "8:64"}, files, str(tmp_path)) == {"sdd"}
