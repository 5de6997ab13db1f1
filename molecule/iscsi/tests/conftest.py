"""An array that a test describes, and the state of an initiator as its own programs show it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
LAB = ROOT / "tests/lab/lab"
INVENTORY = Path(os.environ.get("LINUXSAN_LAB_DIR") or ROOT / "build/lab").absolute() / "inventory.yml"
SESSION = re.compile(r"\w+: \[(\d+)\] (\S+),(-?\d+) (\S+)( \(non-flash\))?")


class Array:
    """What the array exports."""

    def export(self, *targets, luns=1, **more):
        """targets: as in a specification. luns: of each target, numbered from 0, those of tgt from 1."""
        disks = [
            {
                "name": f"t{place}l{number}",
                "lun": number + (target.get("server") == "tgt"),
                "size": "4M",
                "serial": f"5e{place:02x}{number:04x}-0000-4000-8000-000000000000",
                "blank": True,
                "targets": [target["name"]],
            }
            for place, target in enumerate(targets)
            for number in range(luns)
        ]
        path = INVENTORY.parent / "array-of-test.yml"
        path.write_text(yaml.safe_dump({"targets": list(targets), "luns": disks, **more}))
        self._lab("array", "apply", path)

    def run(self, script):
        """On the array itself."""
        self._lab("ssh", "array", script)

    @staticmethod
    def _lab(*words):
        done = subprocess.run([LAB, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class Initiator:
    """The host under test. Its state is read with iscsiadm and sysfs, not from what a module says."""

    def __init__(self, host):
        self.host = host
        # Chosen when open-iscsi was built, and iscsiadm has no word for it.
        self.database = host.check_output("grep -aoE '/(etc|var/lib)/iscsi/nodes' $(command -v iscsiadm) | head -n 1").rpartition("/")[0]

    def sessions(self):
        """(target, portal) of each session that is logged in, sorted; as often as there are sessions."""
        lines = self.host.run("iscsiadm -m session").stdout.splitlines()
        found = [SESSION.fullmatch(line) for line in lines]
        assert all(found), lines
        up = self.host.run("grep -l LOGGED_IN /sys/class/iscsi_session/*/state").stdout
        return sorted((match[4], match[2]) for match in found if f"session{match[1]}/" in up)

    def records(self):
        """(target, portal) of each node record, sorted."""
        lines = self.host.run("iscsiadm -m node").stdout.splitlines()
        return sorted((line.split(" ")[1], line.partition(",")[0]) for line in lines)

    def values(self, target, portal, key):
        """The values of a key in the records of a portal."""
        said = self.host.check_output(f"iscsiadm -m node -T {target} -p {portal} -S -o show")
        return {line.partition(" = ")[2] for line in said.splitlines() if line.startswith(f"{key} = ")}

    def argv(self, module, check=False, **options):
        words = ["ansible", "-i", str(INVENTORY), "initiator1", "-m", f"linuxsan.host.{module}", "-a", json.dumps(options)]
        return [*words, *(["--check"] if check else [])]

    def start(self, module, **options):
        """A run in the background, whose process on the host has the module's name."""
        environment = {**os.environ, "ANSIBLE_PIPELINING": "false", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
        return subprocess.Popen(self.argv(module, **options), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, module, check=False, **options):
        """The result of a run, also of one that fails."""
        environment = {**os.environ, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
        bound = 300 + options.get("timeout", 0)
        done = subprocess.run(self.argv(module, check, **options), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=bound, check=False)
        return result_of(done.stdout, done.stderr)

    def node(self, check=False, **options):
        return self.run("iscsi_node", check, **options)

    def check_real_again(self, module="iscsi_node", **options):
        """Predict, do, do again, predict again. Returns what was done."""
        predicted, done = self.run(module, True, **options), self.run(module, **options)
        assert not done.get("failed"), done["msg"]
        assert (predicted["changed"], predicted["actions"]) == (done["changed"], done["actions"])
        for check in (False, True):
            again = self.run(module, check, **options)
            assert (again["changed"], again["actions"]) == (False, [])
        return done

    def wait(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not come to that in time"
            time.sleep(0.1)

    @contextmanager
    def mounted(self, device):
        """With a file system of its own on a disk, at /mnt/test."""
        self.host.run_expect([0], f"mkfs.ext4 -q -F /dev/{device} && mkdir -p /mnt/test && mount /dev/{device} /mnt/test")
        try:
            yield
        finally:
            self.host.run_expect([0], "umount /mnt/test")

    def clear(self):
        """No session, no record, no interface."""
        self.host.run(f"iscsiadm -m session -u; cd {self.database} && rm -rf nodes send_targets isns ifaces; systemctl restart iscsid")


def result_of(stdout, stderr):
    try:
        (play,) = json.loads(stdout[stdout.index("{") :])["plays"]
        return play["tasks"][-1]["hosts"]["initiator1"]
    except (ValueError, KeyError):
        raise AssertionError(f"ansible: {stderr or stdout}") from None


@pytest.fixture
def array():
    return Array()


@pytest.fixture
def initiator(host):
    found = Initiator(host)
    found.clear()
    yield found
    found.clear()
