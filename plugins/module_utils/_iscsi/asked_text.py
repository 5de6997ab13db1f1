# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of iscsi_node -> what is asked for, or an error before anything is changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.chap_arguments import hide_secrets
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import ISCSI_PORT, ISNS_PORT, Portal, parse_filter, parse_portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import STARTUP
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import Choice, is_pattern
from ansible_collections.linuxsan.host.plugins.module_utils._wait import check_timeout

ALL = "all"
METHOD = "auth.authmethod"
RECORD_OPTIONS = ("chap", "startup", "settings")
TAKES_AWAY = ("disconnected", "absent")
# Arrays do not keep to all of RFC 7143. The name becomes that of a directory, and has 223 bytes at most.
TARGET_NAME = re.compile(r"(?i)(iqn|eui|naa)\.[^\s/]{1,219}")


@dataclass(frozen=True)
class Asked:
    """The options, checked. kind: sendtargets, isns or static. values, discovery_values: record key -> str, Secret or None. min_portals: None for all."""

    state: str
    kind: str
    portals: Tuple[Portal, ...]
    choice: Choice
    values: dict
    discovery_values: dict
    min_portals: Optional[int]
    timeout: int
    wait_for_devices: bool
    rescan: bool
    session_id: Optional[int]
    force: bool
    exclusive: bool
    warnings: Tuple[str, ...]

    @property
    def takes_away(self):
        """True when sessions are to go."""
        return self.state in TAKES_AWAY


def asked_for(params):
    """The options by name -> Asked. The secrets leave params. Raises SanError."""
    try:
        return _asked(params)
    finally:
        hide_secrets(params)


def _asked(params):
    _check(params)
    values, warnings = _wanted(params, *RECORD_OPTIONS)
    discovery_values, more = _wanted(params, "discovery_chap")
    port = ISNS_PORT if params["discovery"] == "isns" else ISCSI_PORT
    return Asked(
        state=params["state"],
        kind=params["discovery"],
        portals=tuple(dict.fromkeys(parse_portal(text, port) for text in params["portals"] or ())),
        choice=Choice(_tuple(params["targets"]), _filters(params["target_portals"]), _tuple(params["ifaces"])),
        values=_node_values(values),
        discovery_values=_complete(discovery_values),
        min_portals=_min_portals(params["min_portals"]),
        timeout=params["timeout"],
        wait_for_devices=params["wait_for_devices"],
        rescan=params["rescan"],
        session_id=params["session_id"],
        force=params["force"],
        exclusive=params["exclusive"],
        warnings=(*warnings, *more, *_unset(params)),
    )


def _unset(params):
    """What to tell of options for the records where only sessions go. With state=absent no record is left that lacks them."""
    given = [name for name in RECORD_OPTIONS if params[name] is not None]
    if not given or params["state"] != "disconnected":
        return ()
    return (f"{', '.join(given)}: not set, because state=disconnected leaves the node records as they are. Set it with state=present",)


def _wanted(params, *names):
    """The options that become keys of a record -> (values, warnings)."""
    if all(params[name] is None for name in names):
        return {}, ()
    # A host compiles our code at every run: the table of all keys is loaded when one is named.
    from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_plan import secret_warnings, wanted_settings

    values = wanted_settings({name: params[name] for name in names})
    return values, secret_warnings(values)


def _check(params):
    check_timeout(params["timeout"], 1)
    _check_state(params)
    if params["discovery"] == "static" and params["state"] not in TAKES_AWAY:
        _check_static(params)
    if params["discovery"] != "sendtargets" and params["discovery_chap"]:
        raise SanError("discovery_chap: only sendtargets discovery knows CHAP. Leave it out.")
    for name in ("portals", "targets", "target_portals", "ifaces"):
        if params[name] is not None and not params[name]:
            raise SanError(f"{name}: is an empty list. Name at least one, or leave the option out.")
        if name in ("targets", "ifaces"):
            _check_names(name, params[name] or ())


def _check_names(option, texts):
    for text in texts:
        if not text.strip() or "\n" in text:
            raise SanError(f"{option}: {text!r} is empty or has a line break in it. Write one name for each entry, or leave the option out.")


def _check_static(params):
    if not params["portals"] or not params["targets"]:
        raise SanError("discovery=static: asks nobody, so portals and targets must both be given.")
    for target in params["targets"]:
        if is_pattern(target):
            raise SanError(f"discovery=static: {target} is a pattern. Write the names of the targets.")
        if not TARGET_NAME.fullmatch(target):
            raise SanError(f"targets: {target!r} is no name of a target. Write it as the array shows it, such as iqn.2026-01.org.example:array1.")


def _check_state(params):
    """Options that go with some states only."""
    if params["session_id"] is not None and params["state"] != "disconnected":
        raise SanError("session_id: names a session to log out of. Use it with state=disconnected.")
    if params["rescan"] and params["state"] != "connected":
        raise SanError(f"rescan: goes with state=connected only; state={params['state']} leaves no session to rescan or lets them be. Leave it out.")
    if params["exclusive"] and params["state"] in TAKES_AWAY:
        raise SanError(f"exclusive: goes with state=connected or present. With state={params['state']} only what is chosen is taken away. Leave it out.")


def _node_values(values):
    for key, value in values.items():
        if not key.startswith("node."):
            raise SanError(f"settings: {key} is no key of a node record. Set it with iscsi_initiator.")
        if value is None and "auth." not in key:
            raise SanError(f"settings: {key} has no value. Write the value that it should have.")
    if "node.startup" in values:
        if len({values[key] for key in STARTUP if key in values}) > 1:
            told = " and ".join(f"{key} = {values[key]}" for key in STARTUP)
            raise SanError(f"settings: {told} contradict each other, for either of them has the host log in at boot. Give startup alone.")
        values = {**values, **dict.fromkeys(STARTUP, values["node.startup"])}
    return _complete(values)


def _complete(values):
    """A record always has a method."""
    return {key: "None" if value is None and key.endswith(METHOD) else value for key, value in values.items()}


def _min_portals(text):
    if text == ALL:
        return None
    if not (text.isascii() and text.isdigit()):
        raise SanError(f"min_portals: {text!r} is neither a number nor {ALL}.")
    return int(text)


def _filters(texts):
    return None if texts is None else tuple(parse_filter(text) for text in texts)


def _tuple(values):
    return None if values is None else tuple(values)
