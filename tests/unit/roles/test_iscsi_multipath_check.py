"""What the role refuses before it looks at a host: check.yml, run by Ansible for two hosts that are this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

QSAN = {"alias": "qsan", "wwid": "36001378901d000100004000800000000", "fstype": "ext4", "mount": "/mnt/DataCoreSAN"}
OTHER = {"alias": "other", "wwid": "36001378901d000200004000800000000", "fstype": "xfs", "mount": "/mnt/other"}
SECRET = "twelve-letters"
CHAP = {"username": "db", "password": SECRET}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "connection": "local",
        "tasks": [
            # Where gathered facts are.
            {"set_fact": {"os_family": "{{ system }}", "distribution": "{{ system }}", "cacheable": True}},
            {"include_role": {"name": "linuxsan.host.iscsi_multipath", "tasks_from": "check"}},
        ],
    }
]


def check(tmp_path, first, second=(), **variables):
    """Run check.yml with the volumes of two hosts -> exit status, and what Ansible said."""
    common = {"system": "Debian", "ansible_python_interpreter": sys.executable, "iscsi_multipath_portals": ["10.10.10.100"]}
    hosts = {"db1": {"iscsi_multipath_volumes": list(first)}, "db2": {"iscsi_multipath_volumes": list(second)}}
    inventory = {"all": {"hosts": hosts, "vars": {**common, **variables}}}
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    (tmp_path / "play.yml").write_text(json.dumps(PLAY))
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", tmp_path / "inventory.json", tmp_path / "play.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_volumes_of_their_own_are_taken(tmp_path):
    mutual = {**CHAP, "username_in": "array", "password_in": SECRET, "algorithms": ["SHA256"]}
    status, said = check(tmp_path, [QSAN], [OTHER], iscsi_multipath_chap=CHAP, iscsi_multipath_discovery_chap=mutual)
    assert (status, said.count("failed=0")) == (0, 2)


@pytest.mark.parametrize("state", ["connected", "absent"])
def test_a_volume_may_be_named_by_its_target_or_only_have_a_name(tmp_path, state):
    by_select = {"alias": "log", "select": {"target": "iqn.2004-08.com.example:log", "lun": 0}, "fstype": "xfs", "mount": "/mnt/log"}
    status, said = check(tmp_path, [QSAN, by_select, {"alias": "raw", "wwid": OTHER["wwid"]}], iscsi_multipath_state=state)
    assert (status, said.count("failed=0")) == (0, 2), said


def test_what_is_given_as_nothing_and_what_wipefs_tells_is_taken(tmp_path):
    """A volume whose fstype is what the role itself has said that it holds."""
    nothing = {"iscsi_multipath_chap": None, "iscsi_multipath_discovery_chap": "{{ omit }}"}
    held = [{key: volume[key] for key in ("alias", "wwid")} for volume in (QSAN, OTHER)]
    volumes = [{**volume, "fstype": fstype} for volume, fstype in zip(held, ("LVM2_member", "crypto_LUKS"))]
    status, said = check(tmp_path, volumes, **nothing)
    assert (status, said.count("failed=0")) == (0, 2), said


def test_volumes_may_be_made_of_what_other_hosts_know(tmp_path):
    of_db2 = {**OTHER, "wwid": "{{ hostvars[groups.all | last].lun }}"}
    assert check(tmp_path, [QSAN], [of_db2], lun=OTHER["wwid"])[0] == 0
    status, said = check(tmp_path, [QSAN], [of_db2], lun=QSAN["wwid"])
    assert (status, "is wanted by more than one host" in said) == (2, True)


@pytest.mark.parametrize(
    "first, second, variables, message",
    [
        ([QSAN], [QSAN], {}, "is wanted by more than one host of this play"),
        ([QSAN], [{**QSAN, "fstype": "ocfs2"}], {}, "is wanted by more than one host of this play"),
        ([QSAN, {**OTHER, "mount": QSAN["mount"]}], [], {}, "two volumes have the same mount"),
        ([QSAN, {**QSAN, "alias": "again", "mount": "/mnt/again"}], [], {}, "two volumes have the same wwid"),
        ([{**QSAN, "select": {"lun": 0}}], [], {}, "and either wwid, in quotes, or select"),
        ([{"alias": "qsan"}], [], {}, "and either wwid, in quotes, or select"),
        ([{**QSAN, "wwid": 32033001378901000}], [], {}, "either wwid, in quotes, or select"),
        ([{**QSAN, "wwid": ""}], [], {}, "in which nothing must be empty"),
        ([{**QSAN, "wwid": "3600137 8901d"}], [], {}, "either wwid, in quotes, or select"),
        ([{"alias": "qsan", "select": {}}], [], {}, "in which nothing must be empty"),
        ([{"alias": "qsan", "select": {"vendor": "", "target": ""}}], [], {}, "in which nothing must be empty"),
        ([{**QSAN, "alias": ""}], [], {}, "it needs an alias of letters"),
        ([{**QSAN, "alias": "my volume"}], [], {}, "Volume my volume of iscsi_multipath_volumes: it needs an alias of letters"),
        ([{**QSAN, "alias": "-qsan"}], [], {}, "it needs an alias of letters"),
        ([{"alias": "qsan", "select": {"vendor": "", "lun": 0}}], [], {}, "in which nothing must be empty"),
        ([{"alias": "qsan", "select": {"vendor": None}}], [], {}, "in which nothing must be empty"),
        ([{**QSAN, "wwid": f"{QSAN['wwid']}\n"}], [], {}, "either wwid, in quotes, or select"),
        *(([{**QSAN, "alias": alias}], [], {}, "it needs an alias of letters") for alias in ("control", "..", "dm-3", "8:0", "q" * 128, "qsan\n")),
        ([{**QSAN, "fstype": "ext4\n"}], [], {}, "one word such as ext4"),
        ([{**QSAN, "fstype": ""}], [], {}, "one word such as ext4"),
        ([{**QSAN, "fstype": "ext4 -F"}], [], {}, "one word such as ext4"),
        ([{key: QSAN[key] for key in ("alias", "wwid", "mount")}], [], {}, "it needs the fstype too"),
        ([{**QSAN, "mount": "mnt"}], [], {}, "an absolute path"),
        ([{**QSAN, "mount": "/"}], [], {}, "an absolute path"),
        ([{**QSAN, "mount": "/mnt/data/"}], [], {}, "without a slash at its end"),
        ([{**QSAN, "mount": "/mnt//data"}], [], {}, "without a slash at its end"),
        ([{**QSAN, "mount": "/mnt/../data"}], [], {}, "without a slash at its end or dots"),
        ([{**QSAN, "mount_options": "noatime,discard"}], [], {}, "mount_options are a list"),
        ([QSAN], [], {"iscsi_multipath_devices": [{"vendor": "^Qsan"}]}, "iscsi_multipath_devices: a section needs vendor and product"),
        ([QSAN], [], {"iscsi_multipath_devices": [{"vendor": "^Qsan", "product": None}]}, "a section needs vendor and product"),
        ([QSAN], [], {"iscsi_multipath_packages": "open-iscsi"}, "iscsi_multipath_packages is the text open-iscsi: it must be a list"),
        ([QSAN], [], {"iscsi_multipath_path_timeout": 0}, "it must be at least one second"),
        ([QSAN], [], {"iscsi_multipath_no_path_timeout": -1}, "iscsi_multipath_no_path_timeout is -1"),
        ([QSAN], [], {"iscsi_multipath_portals": []}, "iscsi_multipath_portals is empty, or an address in it is"),
        ([QSAN], [], {"iscsi_multipath_portals": ["", "10.10.10.100"]}, "iscsi_multipath_portals is empty, or an address in it is"),
        ([QSAN], [], {"iscsi_multipath_chap": {"username": "db"}}, "iscsi_multipath_chap is not complete"),
        ([QSAN], [], {"iscsi_multipath_chap": {**CHAP, "algorithms": []}}, "iscsi_multipath_chap is not complete"),
        ([QSAN], [], {"iscsi_multipath_chap": {"username": "db", "password": None}}, "iscsi_multipath_chap is not complete"),
        ([QSAN], [], {"iscsi_multipath_chap": {**CHAP, "username_in": "array"}}, "iscsi_multipath_chap is not complete"),
        ([QSAN], [], {"iscsi_multipath_discovery_chap": {"password": SECRET}}, "iscsi_multipath_discovery_chap is not complete"),
        ([QSAN], [], {"system": "Gentoo"}, "Gentoo: the role knows"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, first, second, variables, message):
    status, said = check(tmp_path, first, second, **variables)
    assert status == 2
    assert message in said
    assert SECRET not in said


@pytest.mark.parametrize("change", [{"iscsi_multipath_state": "absent"}, {"iscsi_multipath_state": "connected", "fstype": "gfs2"}])
def test_a_volume_may_be_shared_by_a_cluster_and_is_let_go_by_both(tmp_path, change):
    volume = {**QSAN, "fstype": change.get("fstype", "ext4")}
    status, said = check(tmp_path, [volume], [volume], iscsi_multipath_state=change["iscsi_multipath_state"])
    assert status == 0, said
