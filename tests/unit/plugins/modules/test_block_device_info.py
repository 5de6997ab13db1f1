# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a map of a host in a directory, whose data the real programs read."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.linuxsan.host.plugins.modules import block_device_info

MIB = 1 << 20


@pytest.fixture
def info(device, run_main, monkeypatch):
    """Runs the module."""
    monkeypatch.setattr(block_device_info, "run", device.run)
    return lambda check: run_main(block_device_info, block_device_info.work, {"device": device.path}, check)


@pytest.fixture
def both(info, device):
    """Runs the module with and without check mode, which say the same and write nothing."""

    def run():
        before = device.file.read_bytes()
        told = info(check=False)
        assert (info(check=True), device.file.read_bytes()) == (told, before)
        return told

    return run


def test_a_blank_device(both, device):
    assert both() == {
        "changed": False,
        "device": str(device.file),
        "name": "dm-0",
        "dm_name": "qsan",
        "size": device.SIZE,
        "read_only": False,
        "wwid": device.WWID,
        "partitions": [],
        "slaves": ["sdb", "sdc"],
        "holders": [],
        "mountpoints": [],
        "swap": False,
        "in_use_by": [],
        "signatures": [],
        "ambivalent": False,
        "blank": True,
        "blank_reasons": [],
        "warnings": [],
    }


def test_a_device_with_a_signature(both, device):
    subprocess.run(["mkswap", str(device.file)], check=True, stdout=subprocess.DEVNULL)
    told = both()
    assert told["blank"] is False
    assert {(each["type"], each["found_by"]) for each in told["signatures"]} == {("swap", "blkid"), ("swap", "wipefs")}


@pytest.mark.parametrize(("offset", "said"), [(MIB, "its first 2 MiB hold data"), (15 * MIB, "its last 1 MiB holds data")])
def test_a_device_with_data(both, device, offset, said):
    device.write(b"x", offset)
    told = both()
    assert (told["blank"], told["blank_reasons"], told["signatures"]) == (False, [said], [])


def test_a_device_in_use_is_not_blank(both, use):
    by, said = use
    told = both()
    assert told["blank"] is False
    assert [said in words for words in told["in_use_by"]] == [True] and told["blank_reasons"] == told["in_use_by"]
    assert told["mountpoints"] == (["/mnt"] if by == "mount" else []) and told["holders"] == (["dm-1"] if by == "hold" else [])


def test_a_device_that_cannot_be_read_is_not_blank(both, device):
    """Its kernel has more of it than can be read."""
    device.san.set_size("dm-0", 2 * device.SIZE)
    told = both()
    assert told["blank"] is None and "a read of 1048576 bytes" in told["blank_reasons"][0]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("program", ["blkid", "wipefs"])
def test_a_device_that_is_replaced_meanwhile(info, device, program, check):
    """What was read is of one device, and what is said would be of another."""
    device.before = lambda argv: device.replace() if argv[0] == program else None
    told = info(check)
    assert told["failed"] and f"{device.path}: changed while it was examined: dm_uuid was mpath-{device.WWID}" in told["msg"]
