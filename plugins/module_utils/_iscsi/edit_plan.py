# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file's change as a whole: its lines, its mode, and what may be shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import PACKAGE
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import (
    ConfLine,
    holds_secret,
    ignored_lines,
    is_secret,
    render_conf,
    render_shown,
)
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, state_diff, text_diff

PRIVATE_MODE = 0o600
OTHERS_BITS = 0o077


@dataclass(frozen=True)
class Edit:
    """mode: the permission bits of the file now, or None when it is not there.

    steps: the changes to its lines, and last, if need be, protect PATH: its secret is taken away from others.
    """

    path: str
    mode: Optional[int]
    before: Tuple[ConfLine, ...]
    after: Tuple[ConfLine, ...]
    steps: Tuple[Step, ...]

    @property
    def exists(self):
        """Whether there is such a file."""
        return self.mode is not None

    @property
    def text_changes(self):
        """False when only the mode changes, or nothing."""
        return self.before != self.after

    @property
    def text(self):
        """What to write."""
        return render_conf(self.after)

    @property
    def new_mode(self):
        """The permission bits afterwards."""
        return private(self.mode, self.after)

    @property
    def old_text(self):
        """What a copy of the old file holds."""
        return render_conf(self.before)

    @property
    def old_mode(self):
        """The permission bits for a copy of the old file."""
        return private(self.mode, self.before)

    @property
    def warnings(self):
        """A sentence for each line that looks like a setting and that open-iscsi passes over."""
        return tuple(f"{self.path}, line {number}: open-iscsi passes over {key}: {reason}." for number, key, reason in ignored_lines(self.after))

    @property
    def diffs(self) -> Tuple[Dict[str, Any], ...]:
        """The diff of the text and that of the mode, each if it changes. Secrets are hidden; one that changes is marked."""
        found = []
        if self.text_changes:
            secrets = [step for step in self.steps if is_secret(step.subject)]
            changed = [step.subject for step in secrets if step.before is not None and step.after is not None]
            before = render_shown(self.before) if self.exists else None
            found.append(text_diff(self.path, before, render_shown(self.after, changed)))
        modes = [step for step in self.steps if step.verb == "protect"]
        if modes:
            found.append(state_diff(modes, f"{self.path} (mode)"))
        return tuple(found)


def plan_edit(path, mode, before, steps, after):
    """The Edit of a file; protects it when it holds a secret that others could read."""
    new_mode = private(mode, after)
    if mode is not None and new_mode != mode:
        steps = (*steps, Step("protect", path, before=f"mode {mode:04o}", after=f"mode {new_mode:04o}"))
    return Edit(path, mode, before, after, tuple(steps))


def private(mode, lines):
    """The permission bits that a file with these lines may have; a new file is for root alone, as Debian makes it."""
    return PRIVATE_MODE if mode is None or (holds_secret(lines) and mode & OTHERS_BITS) else mode


def missing_file(edit):
    """What to say about a file that is not there and is to be changed, or None."""
    if edit.exists or not edit.steps:
        return None
    return f"{edit.path}: no such file. Install {PACKAGE} first, or correct config_file."
