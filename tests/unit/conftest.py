"""Hypothesis: the same examples on every run of the CI, new ones on a developer's machine."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

# A deadline measures the machine's load, not our code.
settings.register_profile("developer", deadline=None, database=DirectoryBasedExampleDatabase("build/hypothesis"))
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
