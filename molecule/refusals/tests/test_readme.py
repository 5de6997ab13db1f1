"""The README's calls, one per module, as a user gives them to a connected host."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
INVENTORY = Path(os.environ.get("LINUXSAN_LAB_DIR") or ROOT / "build/lab").absolute() / "inventory.yml"
CALLS = re.findall(r"^    ansible -i inventory.yml (initiators -m linuxsan\.host\.\w+.*)$", (ROOT / "README.md").read_text(), re.M)


def in_the_lab(call):
    """The same with the lab's LUN and network device, and with less to read."""
    luns = yaml.safe_load(INVENTORY.read_text())["all"]["children"]["arrays"]["hosts"]["array"]["lab_luns"]
    for word, here in {"32033001378901d00": luns[0]["wwid"], "eth1": "fabric-a", "count=1024 runs=5": "count=16 runs=1"}.items():
        call = call.replace(word, here)
    return call


def ansible(*words):
    program = str(Path(sys.executable).parent / "ansible")
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "false"}
    return subprocess.run([program, "-i", str(INVENTORY), *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def sysstat():
    """The README says that dd_benchmark needs it."""
    assert ansible("initiators", "-m", "ansible.builtin.package", "-a", "name=sysstat").returncode == 0


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.split()[2])
def test_call(call, sysstat):
    done = ansible(*shlex.split(in_the_lab(call)))
    assert re.search(r"^initiator1 \| (CHANGED|SUCCESS) => ", done.stdout, re.M), done.stdout + done.stderr
    assert done.returncode == 0


def test_there_are_calls():
    assert len(CALLS) == len(list((ROOT / "plugins/modules").glob("*.py")))
