"""What molecule would pass over with a warning: a step without its playbook."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMMON = yaml.safe_load((ROOT / ".config/molecule/config.yml").read_text())["ansible"]["playbooks"]
SCENARIOS = sorted(path.parent for path in (ROOT / "molecule").glob("*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_step_has_its_playbook(scenario):
    document = yaml.safe_load((scenario / "molecule.yml").read_text())
    named = {**COMMON, **document.get("ansible", {}).get("playbooks", {})}
    steps = document["scenario"]["test_sequence"]
    for step in steps:
        action, playbook = (step + " ").split(" ")[:2]
        if action == "verify":
            assert list((scenario / "tests").glob("test_*.py"))
            continue
        # molecule runs a step's own playbook only where one is configured for the action.
        own = {"idempotence": "converge", "check": "converge"}.get(action, action)
        file = named.get(own) or (f"{own}.yml" if own != "side_effect" else None)
        assert file, f"{step}: no playbook is configured for {own}"
        path = playbook or str(file).replace("${MOLECULE_PROJECT_DIRECTORY}", str(ROOT))
        assert (scenario / path).resolve().is_file(), step


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_playbook_is_a_step(scenario):
    """A playbook that no step runs shows nothing."""
    document = yaml.safe_load((scenario / "molecule.yml").read_text())
    named = {**{name: f"{name}.yml" for name in ("create", "prepare", "converge", "destroy")}, **document.get("ansible", {}).get("playbooks", {})}
    steps = {step.partition(" ")[2] or named.get(step.partition(" ")[0]) for step in document["scenario"]["test_sequence"]}
    plays = {path.name for path in scenario.glob("*.yml")} - {"molecule.yml"}
    assert plays <= steps


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_every_scenario_has_its_array_and_its_inventory(scenario):
    """prepare and the common configuration name them."""
    assert (scenario / "vars/array.yml").is_file()
    assert "initiators" in yaml.safe_load((scenario / "inventory/initiators.yml").read_text())
