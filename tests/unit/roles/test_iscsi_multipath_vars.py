"""What the role derives from its variables and from the answers of a host, as Ansible evaluates it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

VARS = Path(__file__).parents[3] / "roles/iscsi_multipath/vars/main.yml"
DISK = {"name": "vda", "wwid": "1", "transport": "virtio", "in_use_by": ["mounted on /"]}
MAPS = [{"name": "mpatha", "paths": ["sda", "sdb"]}]


def derived(tmp_path, names, **variables):
    """{name: value} of variables of the role, with these beside them."""
    values = "{{ dict(names | zip(names | map('extract', vars))) | to_json }}"
    task = {"ansible.builtin.copy": {"content": values, "dest": str(tmp_path / "values.json"), "mode": "0600"}}
    beside = {"names": names, "ansible_python_interpreter": sys.executable, **variables}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars_files": [str(VARS)], "vars": beside, "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run([Path(sys.executable).parent / "ansible-playbook", tmp_path / "play.yml"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((tmp_path / "values.json").read_text())


def blacklist(tmp_path, *disks, maps=()):
    """The WWIDs that the role excludes."""
    name = "__iscsi_multipath_blacklist"
    told = derived(tmp_path, [name], __iscsi_multipath_local={"local_disks": list(disks), "maps": list(maps)})
    return [entry["wwid"] for entry in told[name]]


def sas(name, *users, wwid="35000c500a"):
    return {"name": name, "wwid": wwid, "transport": "sas", "in_use_by": list(users)}


def test_a_local_disk_excludes_itself_alone(tmp_path):
    odd = {**DISK, "name": "sda", "wwid": "!QEMU a.b(c)"}
    assert blacklist(tmp_path, DISK, odd, {**DISK, "wwid": None}) == ["^1$", r"^!QEMU a\.b\(c\)$"]


def test_disks_that_are_meant_to_be_in_a_map_are_not_excluded(tmp_path):
    assert blacklist(tmp_path, sas("sda"), sas("sdb"), sas("sdc", wwid="35000c500b")) == ["^35000c500b$"]
    # One of two Virtual I/O Servers may be down for the moment.
    assert blacklist(tmp_path, {"name": "sda", "wwid": "SAIX_VDASD_00f6", "transport": "vscsi", "in_use_by": []}) == []
    used = {**DISK, "name": "sda", "in_use_by": ["held by dm-0 (mpatha)", "mounted on /srv"]}
    assert blacklist(tmp_path, used, {**used, "name": "sdb"}, maps=MAPS) == []
    # A maker's one serial number for all his USB disks joins none of them.
    stick = {"wwid": "Stick_0000", "transport": "usb", "in_use_by": []}
    assert blacklist(tmp_path, {"name": "sdd", **stick}, {"name": "sde", **stick}) == ["^Stick_0000$"]


def test_what_the_user_says_about_qsan_is_put_into_its_section(tmp_path):
    name, other = "__iscsi_multipath_sections", {"vendor": "NETAPP", "product": "LUN"}
    own = {"vendor": "^Qsan", "product": ".*", "no_path_retry": 12, "prio_args": None}
    qsan, second = derived(tmp_path, [name], iscsi_multipath_devices=[other, own])[name]
    assert (second, qsan["no_path_retry"], qsan["prio_args"], qsan["prio"]) == (other, 12, None, "alua")
    assert [each["vendor"] for each in derived(tmp_path, [name], iscsi_multipath_devices=[other])[name]] == ["^Qsan", "NETAPP"]


def test_what_is_mounted_last_at_a_place_is_what_is_there(tmp_path):
    lines = ["/proc/self/mounts:/dev/mapper/qsan /mnt/a ext4 rw 0 0", r"/proc/self/mounts:/dev/sdz1 /mnt/with\040blank xfs rw 0 0"]
    lines += ["/proc/self/mounts:/dev/sdz2 /mnt/a ext4 rw 0 0", "/sys/class/iscsi_session/session1/recovery_tmo:30"]
    name = "__iscsi_multipath_mounted_at"
    assert derived(tmp_path, [name], __iscsi_multipath_seen={"stdout_lines": lines})[name] == {"/mnt/a": "/dev/sdz2", "/mnt/with blank": "/dev/sdz1"}


def test_a_mount_below_another_comes_after_it(tmp_path):
    volumes = [{"alias": "b", "mount": "/mnt/data/b"}, {"alias": "raw"}, {"alias": "a", "mount": "/mnt/data"}]
    name = "__iscsi_multipath_mounts"
    assert [volume["alias"] for volume in derived(tmp_path, [name], iscsi_multipath_volumes=volumes)[name]] == ["a", "b"]


def test_mount_options_of_nothing_are_none(tmp_path):
    name = "__iscsi_multipath_mount_options"
    assert derived(tmp_path, [name], volume={"mount_options": None})[name] == "_netdev,nofail"
    assert derived(tmp_path, [name], volume={"mount_options": ["noatime"]})[name] == "_netdev,nofail,noatime"


def test_the_wait_without_a_path_is_counted_by_an_interval_that_is_set(tmp_path):
    names = ["__iscsi_multipath_defaults", "__iscsi_multipath_overrides"]
    told = {"iscsi_multipath_find_multipaths": True, "iscsi_multipath_user_friendly_names": False, "iscsi_multipath_path_timeout": 20}
    without = derived(tmp_path, names, iscsi_multipath_settings={}, **told)
    assert without == {names[0]: {"find_multipaths": "yes", "user_friendly_names": "no"}, names[1]: {"fast_io_fail_tmo": 20}}
    assert derived(tmp_path, names, iscsi_multipath_settings={}, iscsi_multipath_no_path_timeout=None, **told) == without
    waits = derived(tmp_path, names, iscsi_multipath_settings={}, iscsi_multipath_no_path_timeout=62, **told)
    assert (waits[names[0]]["polling_interval"], waits[names[1]]["no_path_retry"]) == (5, 13)
    slower = derived(tmp_path, names, iscsi_multipath_settings={"polling_interval": 10}, iscsi_multipath_no_path_timeout=62, **told)
    assert (slower[names[0]]["polling_interval"], slower[names[1]]["no_path_retry"]) == (10, 7)


def paths_wanted(tmp_path, *sessions, portals=("a", "b"), target_portals=()):
    """sessions: target, portal and interface of each."""
    told = {"sessions": [dict(zip(("target", "portal", "iface"), each)) for each in sessions]}
    options = {"iscsi_multipath_portals": list(portals), "iscsi_multipath_target_portals": list(target_portals)}
    return derived(tmp_path, ["__iscsi_multipath_paths_wanted"], __iscsi_multipath_connect=told, **options)["__iscsi_multipath_paths_wanted"]


ONE = ("t1", "a:3260", "default")


def test_two_paths_are_wanted_where_there_can_be_two(tmp_path):
    assert paths_wanted(tmp_path, ONE, ("t2", "b:3260", "default")) == 2
    # The second portal shows nothing, or does not answer.
    assert paths_wanted(tmp_path, ONE) == paths_wanted(tmp_path, ONE, target_portals=["a", "b"]) == paths_wanted(tmp_path) == 2
    # Two portals that one shows; two interfaces to one; two sessions of one record.
    assert paths_wanted(tmp_path, ONE, ("t2", "b:3260", "default"), portals=["a"]) == 2
    assert paths_wanted(tmp_path, ("t1", "a:3260", "eth1"), ("t1", "a:3260", "eth2"), portals=["a"]) == 2
    assert paths_wanted(tmp_path, ONE, ONE, portals=["a"]) == 2


def test_one_path_is_enough_where_one_is_all_there_can_be(tmp_path):
    # A target for each LUN, all at one portal.
    assert paths_wanted(tmp_path, ONE, ("t2", "a:3260", "default"), portals=["a"]) == 1
    assert paths_wanted(tmp_path, ONE, target_portals=["a"]) == 1


def test_the_timeout_is_that_of_sessions_with_a_disk_in_a_map(tmp_path):
    name = "__iscsi_multipath_tmo_files"
    disks = {1: ["sda", "sdc"], 2: ["sdb"], 3: [], 4: ["sdx"]}
    sessions = [{"sid": sid, "devices": [{"name": disk} for disk in names]} for sid, names in disks.items()]
    told = derived(tmp_path, [name], __iscsi_multipath_connect={"sessions": sessions}, __iscsi_multipath_state={"maps": MAPS})
    assert told[name] == [f"/sys/class/iscsi_session/session{sid}/recovery_tmo" for sid in (1, 2)]
