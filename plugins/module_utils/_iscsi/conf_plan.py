# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do to iscsid.conf: (wanted, lines) -> steps, and the lines after the steps."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_text, settings_text
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step
from ansible_collections.linuxsan.host.plugins.module_utils._secret import SHOWN, Secret

OPTION_KEYS = {
    "startup": "node.startup",
    "replacement_timeout": "node.session.timeo.replacement_timeout",
    "noop_out_interval": "node.conn[0].timeo.noop_out_interval",
    "noop_out_timeout": "node.conn[0].timeo.noop_out_timeout",
    "login_timeout": "node.conn[0].timeo.login_timeout",
}
CHAP_PREFIXES = {"chap": "node.session.auth.", "discovery_chap": "discovery.sendtargets.auth."}
CHAP_FIELDS = ("authmethod", "username", "password", "username_in", "password_in")
NEEDED = (
    ("username", "password"),
    ("password", "username"),
    ("username_in", "password_in"),
    ("password_in", "username_in"),
    ("username_in", "username"),
    ("algorithms", "username"),
)
# One key for both: the discovery record reuses it (usr/idbm.c, idbm_recinfo_discovery).
ALGORITHMS_KEY = "node.session.auth.chap_algs"


def wanted_settings(options):
    """The wanted keys of iscsid.conf: key -> text, Secret or None (the key is to go).

    options: the module's options by name; None leaves a key as it is. Raises SanError for a value that the file cannot hold.
    """
    wanted = {key: settings_text.render_value(key, options[name]) for name, key in OPTION_KEYS.items() if options.get(name) is not None}
    for name, prefix in CHAP_PREFIXES.items():
        if options.get(name) is not None:
            for key, value in _wanted_chap(name, prefix, options[name]).items():
                _add(wanted, key, value)
    for key, value in (options.get("settings") or {}).items():
        if conf_text.is_secret(key):
            raise SanError(f"settings: {key} is shown in logs there. Give it with the option chap or discovery_chap.")
        if key in wanted:
            raise SanError(f"settings: {key} is also set by an option of its own. Give it once.")
        wanted[_known(key)] = None if value is None else settings_text.render_value(key, value)
    return wanted


def secret_warnings(wanted):
    """What to tell about the CHAP secrets in wanted."""
    found = (settings_text.secret_warning(key, value.reveal()) for key, value in wanted.items() if isinstance(value, Secret))
    return [warning for warning in found if warning is not None]


def plan_conf(lines, wanted):
    """The steps that bring iscsid.conf to wanted, in its order: set KEY, remove KEY."""
    steps = []
    for key, value in wanted.items():
        current = conf_text.effective(lines, key)
        if value is None and conf_text.stands(lines, key):
            steps.append(Step("remove", key, before=_shown(key, current), args=value))
        elif value is not None and (current is None or not settings_text.same_value(key, current, _plain(value))):
            steps.append(Step("set", key, before=_shown(key, current), after=str(value), args=value))
    return tuple(steps)


def outcome_conf(lines, steps):
    """The lines after the steps of plan_conf."""
    for step in steps:
        key = step.subject
        if step.args is None:
            lines = conf_text.remove_key(lines, key)
        else:
            lines = conf_text.set_key(lines, key, settings_text.with_remark(key, _plain(step.args), conf_text.effective(lines, key)))
    return lines


def managed_settings(wanted):
    """The wanted keys without secrets, for the result."""
    return {key: value for key, value in wanted.items() if not conf_text.is_secret(key)}


def _wanted_chap(option, prefix, chap):
    """The five keys of one CHAP: what is not given goes. open-iscsi does CHAP when there are credentials, whatever authmethod says."""
    values = {field: chap.get(field) for field in CHAP_FIELDS}
    _check_complete(option, values, chap.get("algorithms"))
    if chap.get("algorithms") == []:
        raise SanError(f"{option}: algorithms is an empty list. Name at least one, or leave it out.")
    if values["password"] is not None and values["password"] == values["password_in"]:
        raise SanError(f"{option}: password and password_in are the same, and open-iscsi refuses to log in with that. Choose two secrets.")
    if values["username"] is not None:
        values["authmethod"] = "CHAP"
    wanted = {prefix + field: _checked(prefix + field, value) for field, value in values.items()}
    if chap.get("algorithms"):
        wanted[ALGORITHMS_KEY] = settings_text.render_value(ALGORITHMS_KEY, chap["algorithms"])
    return wanted


def _check_complete(option, values, algorithms):
    """Raises SanError for half of a pair. The argument parser counts a null one, as an empty variable gives, as given."""
    given = {name for name, value in {**values, "algorithms": algorithms}.items() if value}
    for name, needed in NEEDED:
        if name in given and needed not in given:
            raise SanError(f"{option}: {name} is given and {needed} is not. Give both, or neither.")


def _checked(key, value):
    if value is None:
        return None
    text = settings_text.render_value(key, value)
    return Secret(text) if conf_text.is_secret(key) else text


def _add(wanted, key, value):
    if wanted.get(key, value) != value:
        raise SanError(f"chap and discovery_chap: algorithms differ, and open-iscsi has one key for both ({key}). Give the same list twice.")
    wanted[key] = value


def _known(key):
    """The key itself; SanError if there is none of that name."""
    if key not in settings_text.KINDS:
        settings_text.render_value(key, "")
    return key


def _plain(value):
    return value.reveal() if isinstance(value, Secret) else value


def _shown(key, value):
    return SHOWN if value is not None and conf_text.is_secret(key) else value
