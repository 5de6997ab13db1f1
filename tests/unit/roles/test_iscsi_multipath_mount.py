"""What the role does to /etc/fstab: mount.yml, run by Ansible for this machine with an /etc and mounts of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[3] / "roles/iscsi_multipath"
SOURCE = "/dev/mapper/linuxsan-test"
# No other process sees them. A tmpfs stands for the volume, which takes any source for its name.
INSIDE = 'mount --bind "$1/etc" /etc && mount -t tmpfs -o nosuid "$2" "$1/mnt" && shift 2 && exec "$@"'


@pytest.fixture
def mount(tmp_path):
    """Runs mount.yml for a volume that is mounted -> (exit status, what Ansible said, fstab)."""
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore_dangling_symlinks=True)
    fstab = tmp_path / "etc/fstab"
    fstab.write_text("# of this host\n")
    (tmp_path / "mnt").mkdir()

    def run(*options, check=False):
        volume = {"alias": SOURCE.rpartition("/")[2], "fstype": "tmpfs", "mount": str(tmp_path / "mnt"), "mount_options": list(options)}
        variables = {"iscsi_multipath_volumes": [volume], "ansible_python_interpreter": sys.executable}
        tasks = [{"ansible.builtin.include_tasks": str(ROLE / "tasks/mount.yml")}]
        files = [str(ROLE / "vars/main.yml")]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "vars_files": files, "tasks": tasks}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        playbook = [str(Path(sys.executable).parent / "ansible-playbook"), *(["--check"] if check else []), str(tmp_path / "play.yml")]
        argv = ["unshare", "--mount", "sh", "-c", INSIDE, "sh", str(tmp_path), SOURCE, *playbook]
        # There is no systemd to read fstab.
        environment = {**os.environ, "SYSTEMD_OFFLINE": "1"}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120, env=environment)
        return done.returncode, " ".join((done.stdout + done.stderr).split()), fstab.read_text()

    return run


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have mounts of its own")
def test_options_that_the_kernel_refuses_do_not_wait_in_fstab_for_the_next_boot(mount):
    for check in (True, False):
        status, said, fstab = mount("noatime", check=check)
        assert (status, "failed=0" in said) == (0, True), said
        assert (SOURCE in fstab) is not check
    assert f"{SOURCE} " in fstab and " tmpfs _netdev,nofail,noatime 0 0\n" in fstab
    assert "changed=0" in mount("noatime")[1]
    status, said, after = mount("noatimee")
    assert (status, after) == (2, fstab) and "bad option" in said
    # Not only this once.
    assert mount("noatimee")[0] == 2
    assert mount("relatime")[2] == fstab.replace("noatime", "relatime")
