"""The host as it is, read with the programs of the host: nothing here asks the role or its modules."""

from __future__ import annotations

import json
import re

MOUNT = "/mnt/DataCoreSAN"


def sessions(host):
    """Target and portal of each session of the host."""
    listed = host.run_expect([0], "iscsiadm -m session").stdout
    return re.findall(r"^tcp: \[\d+\] (\S+),\d+ (\S+)", listed, re.M)


def topology(host):
    maps = json.loads(host.check_output("multipathd show maps json"))["maps"]
    return {item["name"]: item for item in maps}


def test_two_sessions(host):
    assert {(portal, target[-4:]) for portal, target in sessions(host)} == {
        ("10.10.10.100:3260", "ctr1"),
        ("192.168.195.22:3260", "ctr2"),
    }
    assert len(sessions(host)) == 2


def test_map_has_two_active_paths_in_one_group(host):
    groups = topology(host)["qsan"]["path_groups"]
    states = [[(path["dm_st"], path["chk_st"]) for path in group["paths"]] for group in groups]
    assert states == [[("active", "ready")] * 2]


def test_timeout_is_that_of_the_role_in_the_kernel(host):
    values = host.check_output("cat /sys/class/iscsi_session/session*/recovery_tmo").split()
    assert values == ["25", "25"]


def test_mounted_from_the_map(host):
    mount = host.mount_point(MOUNT)
    assert mount.exists
    assert (mount.device, mount.filesystem) == ("/dev/mapper/qsan", "ext4")
    assert host.file(MOUNT).mode == 0o750


def test_mounted_at_boot_after_the_network(host):
    (line,) = [line.split() for line in host.file("/etc/fstab").content_string.splitlines() if MOUNT in line.split()]
    assert line[0] == "/dev/mapper/qsan"
    assert {"_netdev", "nofail"} <= set(line[3].split(","))
    assert "remote-fs-pre.target" in host.check_output("systemctl show --property After mnt-DataCoreSAN.mount")


def test_no_local_disk_in_a_map(host):
    listed = json.loads(host.check_output("lsblk --json --output NAME,TRAN,TYPE"))["blockdevices"]
    local = [disk for disk in listed if disk["type"] == "disk" and disk["tran"] != "iscsi"]
    assert local
    assert not [disk["name"] for disk in local for child in disk.get("children", []) if child["type"] == "mpath"]


def test_services_come_back_at_boot(host):
    for name in ("iscsid", "open-iscsi", "multipathd"):
        assert host.service(name).is_running
        assert host.service(name).is_enabled


def test_no_secret_is_told(host):
    for place in ("journalctl --no-pager", "ps -ef", "cat /etc/multipath.conf /etc/fstab"):
        assert "Secret-of-" not in host.check_output(place)


def test_secrets_are_readable_for_root_alone(host):
    holding = host.check_output("grep --recursive --files-with-matches Secret-of- /etc/iscsi /var/lib/iscsi").split()
    assert holding
    assert not [path for path in holding if host.file(path).mode & 0o077]
