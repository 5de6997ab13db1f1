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


def run(tmp_path, old, volumes, serial=0, told=None, hosts="all", group="all", leaving=False):
    """What ansible-playbook says when the host `new` asks for volumes and `old` has these variables.

    told: by old, None for what new tells too. leaving: new has named its volumes and asks for the last time.
    """
    wants = {**LOCAL, "iscsi_multipath_volumes": volumes, "iscsi_multipath_state": "connected"}
    old = {"iscsi_multipath_volumes": [], **old}
    inventory = {"all": {"hosts": {"new": wants, "old": old}, "children": {group: {"hosts": {"new": {}, "old": {}}}} if group != "all" else {}}}
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    mine = {"wanted": [volume["wwid"] for volume in volumes if "wwid" in volume], "clustered": [], "held": [], "leaving": False, "final": leaving}
    tasks = [
        {"ansible.builtin.ping": {}},
        {"ansible.builtin.set_fact": {"__iscsi_multipath_told": mine}},
        {"ansible.builtin.set_fact": {"__iscsi_multipath_told": told or mine}, "when": "inventory_hostname == 'old'"},
        {"ansible.builtin.fail": {}, "when": "inventory_hostname == 'old' and fails | default(false)"},
        {"ansible.builtin.include_tasks": str(ROLE / "tasks/one_host.yml")},
    ]
    play = {"hosts": hosts, "serial": serial, "gather_facts": False, "vars_files": [str(ROLE / "vars/main.yml")], "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    argv = [Path(sys.executable).parent / "ansible-playbook", "-i", tmp_path / "inventory.yml", tmp_path / "play.yml"]
    return " ".join(subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120).stdout.split())


def is_let_in(said):
    """True when the host new was refused nothing."""
    return "new : ok=" in said and "failed=0" in said.partition("new : ok=")[2].partition("old :")[0]


@pytest.mark.parametrize("volume", [BY_WWID, BY_SELECT], ids=["wwid", "select"])
def test_a_volume_of_a_host_that_is_unreachable_is_refused(tmp_path, volume):
    said = run(tmp_path, {**UNREACHABLE, "iscsi_multipath_volumes": [{**volume, "alias": "other"}]}, [volume])
    assert not is_let_in(said) and f"Volume {volume.get('wwid', 'db')} is also" in said


@pytest.mark.parametrize("state", ["connected", "absent"])
def test_a_wwid_that_yaml_takes_for_a_number_is_the_same(tmp_path, state):
    """check.yml refuses it on its own host alone."""
    mine, theirs = {**BY_WWID, "wwid": "32033001378901000"}, {**BY_WWID, "wwid": 32033001378901000}
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_state": state, "iscsi_multipath_volumes": [theirs]}, [mine], serial=1)
    assert not is_let_in(said) and "Volume 32033001378901000 is also" in said


def test_a_volume_of_a_host_that_lets_it_go_later_is_refused(tmp_path):
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_state": "absent", "iscsi_multipath_volumes": [BY_WWID]}, [BY_WWID], serial=1)
    assert f"Volume {WWID} is also one of old, which this run could not ask, since its turn comes later: it may have" in said


def test_a_volume_of_a_host_that_comes_later_is_refused(tmp_path):
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_volumes": [BY_WWID]}, [BY_WWID], serial=1)
    assert not is_let_in(said) and f"Volume {WWID} is also in the variables of another host" in said


LEAVING = {"wanted": [], "clustered": [], "held": [], "leaving": True, "final": False}


@pytest.mark.parametrize("old, final", [({"fails": True}, False), ({}, True)], ids=["failed", "not there yet"])
def test_a_volume_of_a_host_that_has_not_let_it_go_is_refused(tmp_path, old, final):
    old = {**LOCAL, "iscsi_multipath_state": "absent", "iscsi_multipath_volumes": [BY_SELECT], **old}
    said = run(tmp_path, old, [BY_SELECT], told=LEAVING, leaving=final)
    assert not is_let_in(said) and "Volume db is also one of old" in said


@pytest.mark.parametrize("told, final", [(LEAVING, False), ({**LEAVING, "final": True}, True)], ids=["at the beginning", "when it has"])
def test_a_host_that_lets_it_go_in_the_same_play_is_waited_for(tmp_path, told, final):
    old = {**LOCAL, "iscsi_multipath_state": "absent", "iscsi_multipath_volumes": [BY_WWID]}
    assert is_let_in(run(tmp_path, old, [BY_WWID], told=told, leaving=final))


def test_a_volume_of_another_host_of_the_group_is_refused_when_the_run_is_limited(tmp_path):
    theirs = {**UNREACHABLE, "iscsi_multipath_volumes": [BY_WWID]}
    said = run(tmp_path, theirs, [BY_WWID], hosts="new", group="databases")
    assert not is_let_in(said) and f"Volume {WWID} is also in the variables of another host" in said


@pytest.mark.parametrize(
    "old, group",
    [({"iscsi_multipath_volumes": [BY_WWID]}, "all"), ({"iscsi_multipath_volumes": [BY_WWID], "iscsi_multipath_state": "absent"}, "databases")],
    ids=["in no group with it", "absent"],
)
def test_other_hosts_of_the_inventory_do_no_harm(tmp_path, old, group):
    assert is_let_in(run(tmp_path, {**UNREACHABLE, **old}, [BY_WWID], hosts="new", group=group))


@pytest.mark.parametrize(
    "theirs",
    [[{**BY_WWID, "wwid": "36001378b"}], [{**BY_WWID, "wwid": "{{ what_only_that_host_knows }}"}]],
    ids=["another LUN", "unknown"],
)
def test_other_volumes_of_an_unreachable_host_do_no_harm(tmp_path, theirs):
    assert is_let_in(run(tmp_path, {**UNREACHABLE, "iscsi_multipath_volumes": theirs}, [BY_WWID]))


def test_a_host_that_has_told_what_it_has_is_no_silent_one(tmp_path):
    said = run(tmp_path, {**LOCAL, "iscsi_multipath_state": "connected", "iscsi_multipath_volumes": [BY_SELECT]}, [BY_SELECT])
    assert "could not ask" not in said and "old : ok=" in said
