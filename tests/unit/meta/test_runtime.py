"""module_defaults for the group linuxsan.host.san reach every module."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


def test_every_module_is_in_the_action_group():
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))

    modules = {f"linuxsan.host.{path.stem}" for path in (ROOT / "plugins/modules").glob("[!_]*.py")}

    assert modules - set(runtime["action_groups"]["san"]) == set()
