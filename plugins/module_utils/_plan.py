# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done, as data: the only source of `changed`, `diff` and `actions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._printable import printable


@dataclass(frozen=True)
class Step:
    """One change.

    verb: what is done (login, update, rename). subject: to what, in the field's words.
    before, after: one line each for the diff; None where there is nothing before or after.
    args: what the tool's method of that verb needs. Never shown.
    """

    verb: str
    subject: str
    before: Optional[str] = None
    after: Optional[str] = None
    args: Any = None

    def __str__(self):
        return f"{self.verb} {self.subject}"


@dataclass(frozen=True)
class Plan:
    """steps: what is done, in order; changes: what it means for each object, for the diff; warnings: what the user should know."""

    steps: Tuple[Step, ...] = ()
    changes: Tuple[Step, ...] = ()
    warnings: Tuple[str, ...] = ()


def state_diff(steps, header):
    """The diff of steps that change a state and no file: a line per subject that has a value."""
    return {
        "before_header": header,
        "after_header": header,
        "before": _lines((step.subject, step.before) for step in steps),
        "after": _lines((step.subject, step.after) for step in steps),
    }


def text_diff(path, before, after):
    """The diff of one file. before, after: its whole text with secrets already hidden, or None for no file."""
    return {"before_header": path, "after_header": path, "before": printable(before or ""), "after": printable(after or "")}


def report(steps, diffs):
    """The keys that every changing module returns: changed, actions (what is or would be done, in order), diff."""
    return {"changed": bool(steps), "actions": [str(step) for step in steps], "diff": list(diffs)}


def _lines(pairs):
    return "".join(f"{subject}: {value}\n" for subject, value in pairs if value is not None)
