"""A file system of the role is one host's at a time, also when the other host cannot be asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[3] / "roles/iscsi_multipath"
WWID = "36001378a"
BY_WWID = {"alias": "db", "wwid": WWID, "fstype": "ext4", "mount": "/mnt/db"}
BY_SELECT = {"alias": "db", "select": {"target": "iqn.2004-08.com.example:db", "lun": 0}, "fstype": "ext4"}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Nothing listens there.
UNREACHABLE = {"ansible_host": "127.0.0.1", "ansible_port": 1}


def run(tmp_path, old, volumes, serial=0):
    """What ansible-playbook says when the host `new` asks for volumes and `old` has these variables."""
    wants = {**LOCAL, "iscsi_multipath_volumes": volumes, "iscsi_multipath_state": "connected"}
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"new": wants, "old": {"iscsi_multipath_volumes": [], **old}}}}))
    told = {"__iscsi_multipath_file_systems": [volume["wwid"] for volume in volumes if "wwid" in volume]}
    tasks = [{"ansible.builtin.ping": {}}, {"ansible.builtin.set_fact": told}, {"ansible.builtin.include_tasks": str(ROLE / "tasks/one_host.yml")}]
    play = {"hosts": "all", "serial": serial, "gather_facts": False, "vars_files": [str(ROLE / "vars/main.yml")], "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    argv = [Path(sys.executable).parent / "ansible-playbook", "-i", tmp_path / "inventory.yml", tmp_path / "play.yml"]
    return " ".join(subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120).stdout.split())


@pytest.mark.parametrize("volume", [BY_WWID, BY_SELECT], ids=["wwid", "select"])
def test_a_volume_of_a_host_that_is_unreachable_is_refused(tmp_path, volume):
    said = run(tmp_path, {**UNREACHABLE, "iscsi_multipath_volumes": [{**volume, "alias": "other"}]}, [volume])
    assert f"Volume {volume.get('wwid', 'db')} is also one of old, which this run could not ask: it may have" in said


def test_a_volume_of_a_host_that_lets_it_go_later_is_refused(tmp_path):
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_state": "absent", "iscsi_multipath_volumes": [BY_WWID]}, [BY_WWID], serial=1)
    assert f"Volume {WWID} is also one of old, which this run could not ask, since its turn comes later: it may have" in said


@pytest.mark.parametrize(
    "theirs",
    [
        [{**BY_WWID, "wwid": "36001378b"}],
        [{**BY_WWID, "fstype": "gfs2"}],
        [{**BY_WWID, "wwid": "{{ what_only_that_host_knows }}"}],
    ],
    ids=["another LUN", "cluster file system", "unknown"],
)
def test_other_volumes_of_an_unreachable_host_do_no_harm(tmp_path, theirs):
    said = run(tmp_path, {**UNREACHABLE, "iscsi_multipath_volumes": theirs}, [BY_WWID])
    assert "new : ok=" in said and "failed=0" in said.partition("new : ok=")[2].partition("old :")[0]


def test_a_host_that_has_told_what_it_has_is_no_silent_one(tmp_path):
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_state": "connected", "iscsi_multipath_volumes": [BY_SELECT]}, [BY_SELECT])
    assert "could not ask" not in said and "old : ok=" in said
