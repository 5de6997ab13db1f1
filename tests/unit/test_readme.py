"""The calls in the README are for modules, options, playbooks and role variables that exist."""

from __future__ import annotations

import importlib
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
CALLS = re.findall(r"^    ansible (-i .*)$", README, re.M)


def named(call):
    """Module name and options of an ad-hoc call."""
    words = shlex.split(call)
    arguments = words[words.index("-a") + 1] if "-a" in words else ""
    options = json.loads(arguments) if arguments.startswith("{") else dict(word.split("=", 1) for word in arguments.split())
    return words[words.index("-m") + 1].rpartition(".")[2], options


def test_every_module_has_its_call():
    assert {named(call)[0] for call in CALLS} == MODULES


@pytest.mark.parametrize("call", CALLS, ids=lambda call: named(call)[0])
def test_the_options_of_a_call_exist(call):
    module, options = named(call)
    documentation = importlib.import_module(f"ansible_collections.linuxsan.host.plugins.modules.{module}").DOCUMENTATION
    assert set(options) <= set(yaml.safe_load(documentation).get("options", {}))


def test_the_playbooks_exist():
    names = set(re.findall(r"ansible-playbook .*linuxsan\.host\.(\w+)", README))
    assert names and all((ROOT / "playbooks" / f"{name}.yml").is_file() for name in names)


def test_the_variables_exist():
    known = yaml.safe_load((ROOT / "roles/iscsi_multipath/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    used = set(re.findall(r"iscsi_multipath_[a-z_]+", README))
    assert used and used <= set(known)
