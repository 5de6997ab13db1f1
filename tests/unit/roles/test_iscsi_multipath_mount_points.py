"""Mount points that the role refuses before it changes anything: mount_points.yml, run by Ansible for this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[3] / "roles/iscsi_multipath"


@pytest.fixture
def check(tmp_path):
    """Gives what Ansible says, and its exit status, for mount points."""

    def run(*mounts):
        volumes = [{"alias": f"vol{number}", "wwid": f"3600{number}", "fstype": "ext4", "mount": str(mount)} for number, mount in enumerate(mounts)]
        variables = {"iscsi_multipath_volumes": volumes, "ansible_python_interpreter": sys.executable}
        files = [str(ROLE / "vars/main.yml")]
        tasks = [{"ansible.builtin.include_tasks": str(ROLE / "tasks/mount_points.yml")}]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "vars_files": files, "tasks": tasks}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        argv = [Path(sys.executable).parent / "ansible-playbook", tmp_path / "play.yml"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def test_mount_points_that_are_free_are_taken(check, tmp_path):
    assert check(tmp_path / "data", tmp_path / "data base")[0] == 0
    assert check()[0] == 0


@pytest.mark.parametrize("below", ["", "/db"], ids=["the mount point", "a part of its path"])
def test_one_behind_a_symbolic_link_is_refused(check, tmp_path, below):
    (tmp_path / "data").symlink_to("srv")
    status, said = check(tmp_path / "free", f"{tmp_path}/data{below}")
    assert status == 2
    assert f"{tmp_path}/data{below} is {tmp_path}/srv{below}, by a symbolic link. Nothing was changed." in said


def test_one_of_another_device_is_refused(check):
    mounted = next(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if line.split()[1] != "/")
    status, said = check(mounted)
    assert status == 2
    assert f"{mounted} is the mount point of" in said
