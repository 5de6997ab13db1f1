"""Two hosts with one initiator name are refused before any of them logs in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles/iscsi_multipath"
ONE, TWO = "iqn.2026-01.org.example:one", "iqn.2026-01.org.example:two"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Nothing listens there.
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def run(tmp_path, **hosts):
    """What ansible-playbook says, and the hosts that come to the login. hosts: variables; name: what iscsi_initiator has said of the host."""
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {host: {**LOCAL, **told} for host, told in hosts.items()}}}))
    tasks = [
        {"ansible.builtin.ping": {}},
        {"ansible.builtin.set_fact": {"__iscsi_multipath_initiator": {"name": "{{ name_of_initiator }}"}}, "when": "name_of_initiator is defined"},
        {"ansible.builtin.include_tasks": str(ROLE / "tasks/one_name.yml"), "when": "connects | default(true)"},
        {"ansible.builtin.debug": {"msg": "login of <{{ inventory_hostname }}>"}},
    ]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    argv = [Path(sys.executable).parent / "ansible-playbook", "-i", tmp_path / "inventory.yml", tmp_path / "play.yml"]
    said = " ".join(subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120).stdout.split())
    return said, {host for host in hosts if f"login of <{host}>" in said}


def test_two_hosts_of_one_name_are_refused(tmp_path):
    said, logged_in = run(tmp_path, new={"name_of_initiator": ONE}, third={"name_of_initiator": TWO}, clone={"name_of_initiator": ONE})
    assert f"Initiator name {ONE} belongs to more than one host of this play: new, clone. From here on nobody is logged in." in said
    assert logged_in == set()


def test_a_first_host_that_only_lets_its_volumes_go_hides_no_twins(tmp_path):
    said, logged_in = run(tmp_path, first={"connects": False}, new={"name_of_initiator": ONE}, clone={"name_of_initiator": ONE})
    assert f"Initiator name {ONE} belongs to more than one host of this play: new, clone." in said
    assert not logged_in & {"new", "clone"}


@pytest.mark.parametrize(
    "other",
    [{"name_of_initiator": TWO}, {}, UNREACHABLE],
    ids=["another name", "no answer in check mode", "unreachable"],
)
def test_other_names_do_no_harm(tmp_path, other):
    said, logged_in = run(tmp_path, new={"name_of_initiator": ONE}, other=other)
    assert "more than one host" not in said
    assert logged_in == ({"new"} if other is UNREACHABLE else {"new", "other"})


def test_hosts_of_which_no_name_is_known_are_no_twins(tmp_path):
    said, logged_in = run(tmp_path, new={}, other={"name_of_initiator": ""})
    assert "more than one host" not in said and logged_in == {"new", "other"}


def test_the_role_asks_before_it_logs_in():
    """In the order of the files: the names are compared in initiator.yml, and connect.yml is the first that logs in."""
    main = yaml.safe_load((ROLE / "tasks/main.yml").read_text())
    connect = [task["ansible.builtin.import_tasks"] for task in next(task["block"] for task in main if task["name"] == "Connect")]
    assert connect.index("initiator.yml") < connect.index("connect.yml")
    assert {"ansible.builtin.include_tasks": "one_name.yml"}.items() <= yaml.safe_load((ROLE / "tasks/initiator.yml").read_text())[-1].items()
