"""YAML takes a WWID of digits alone for a number: what people copy has every one quoted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLACES = ("README.md", "docs", "molecule", "playbooks", "plugins/modules", "roles")
BARE = re.compile(r"\b(?:wwid|sample): *[0-9][0-9a-f]{15,}\b")


@pytest.mark.parametrize("place", PLACES)
def test_every_wwid_is_quoted(place):
    files = [path for path in (ROOT / place, *(ROOT / place).rglob("*")) if path.suffix in (".py", ".yml", ".md", ".rst", ".j2")]
    assert files
    bare = {str(path.relative_to(ROOT)): BARE.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: found for name, found in bare.items() if found} == {}
