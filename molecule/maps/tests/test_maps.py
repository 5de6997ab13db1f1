"""After the maps were renamed, regrouped and grown, read with the programs of the host."""

from __future__ import annotations

import json

import pytest

NAMES = ("qsan", "files", "raw")


@pytest.mark.parametrize("name", NAMES)
def test_two_active_paths_in_one_group(host, name):
    maps = {item["name"]: item for item in json.loads(host.check_output("multipathd show maps json"))["maps"]}
    states = [[(path["dm_st"], path["chk_st"]) for path in group["paths"]] for group in maps[name]["path_groups"]]
    assert states == [[("active", "ready")] * 2]


@pytest.mark.parametrize(("place", "name", "fstype"), [("/mnt/DataCoreSAN", "qsan", "ext4"), ("/mnt/files", "files", "xfs")])
def test_still_mounted(host, place, name, fstype):
    mount = host.mount_point(place)
    assert (mount.exists, mount.device, mount.filesystem) == (True, f"/dev/mapper/{name}", fstype)
    assert "ro" not in mount.options


def test_no_file_system_has_seen_an_error(host):
    """The kernel's words on it; a path that comes and goes is told by the SCSI layer and by multipath, not here."""
    told = host.check_output("dmesg")
    assert not [line for line in told.splitlines() if "EXT4-fs error" in line or "XFS" in line and "error" in line or "Buffer I/O error on dev dm-" in line]
