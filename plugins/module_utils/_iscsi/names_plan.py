# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do to initiatorname.iscsi, and after which changes of either file iscsid has to start anew."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_text, name_text
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step

# What iscsid reads once, at its start (usr/iscsid.c); everything else is read by iscsiadm when it makes a record.
RESTART_SUBJECTS = frozenset((name_text.NAME, name_text.ALIAS, "iscsid.safe_logout", "iscsid.ipc_auth_uid"))


def plan_names(lines, name, alias):
    """The steps for the name file. name: None leaves it; alias: None leaves it, "" removes it.

    Raises SanError for an alias that would be lost when Debian makes up a name.
    """
    steps = []
    if name is not None:
        if not name_text.is_settled(lines, name_text.NAME, name):
            verb = "rename" if name_text.current_name(lines) not in (None, name) else "set"
            steps.append(Step(verb, name_text.NAME, name_text.written(lines, name_text.NAME), f"{name_text.NAME}={name}", args=name))
        if name_text.will_be_generated(lines):
            steps.append(Step("remove", name_text.GENERATE, name_text.written(lines, name_text.GENERATE)))
    elif alias and name_text.will_be_generated(lines):
        raise SanError("alias: the file says GenerateName=yes, so the next start of iscsid rewrites it and the alias is lost. Give name as well.")
    written = name_text.written(lines, name_text.ALIAS)
    if alias and not name_text.is_settled(lines, name_text.ALIAS, alias):
        steps.append(Step("set", name_text.ALIAS, written, f"{name_text.ALIAS}={alias}", args=alias))
    elif alias == "" and written is not None:
        steps.append(Step("remove", name_text.ALIAS, written))
    return tuple(steps)


def outcome_names(lines, steps):
    """The lines after the steps of plan_names."""
    for step in steps:
        lines = conf_text.remove_key(lines, step.subject) if step.args is None else name_text.set_name_key(lines, step.subject, step.args)
    return lines


def check_rename(lines, name, sessions, force):
    """Raise SanError if sessions are up under another name than the wanted one. sessions: name of the session -> its initiator name."""
    if name is None or force or name_text.current_name(lines) == name:
        return
    other = sorted(session for session, used in sessions.items() if used != name)
    if other:
        raise SanError(
            f"initiator {name_text.current_name(lines) or '(no name)'}: renaming it to {name} is refused, {len(other)} session(s) are up: "
            f"{', '.join(other)}. The target knows them by the old name and may not let the new one in. Log out first, or give force."
        )


def needs_restart(subjects):
    """True when iscsid has to start anew for one of the keys to count."""
    return not RESTART_SUBJECTS.isdisjoint(subjects)
