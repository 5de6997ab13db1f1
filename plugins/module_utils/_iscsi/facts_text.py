# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records and sessions as the modules return them. A secret is not among it."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

ASSIGNMENT = re.compile(r"\s*(InitiatorName|InitiatorAlias)\s*=\s*(\S.*?)\s*")
IFACE_KEYS = ("net_ifacename", "hwaddress", "ipaddress", "initiatorname")


def session_facts(session):
    """A Session -> dict."""
    return {
        "sid": session.sid,
        "target": session.target,
        "portal": str(session.portal),
        "tpgt": session.tpgt,
        "iface": session.iface,
        "state": session.state,
        "recovery_tmo": session.recovery_tmo,
        "devices": [dataclasses.asdict(device) for device in session.devices],
    }


def node_facts(record):
    """A NodeRecord -> dict."""
    return {
        "target": record.target,
        "portal": str(record.portal),
        "tpgt": record.tpgt,
        "iface": record.iface,
        "startup": record.values.get("node.startup"),
        "authmethod": record.values.get("node.session.auth.authmethod"),
        "settings": {key: value for key, value in record.values.items() if not isinstance(value, Secret)},
        "broken": record.broken,
    }


def iface_facts(record):
    """A NamedRecord of an interface -> dict."""
    return {
        "name": record.name,
        "transport": record.values.get("iface.transport_name"),
        **{key: record.values.get(f"iface.{key}") for key in IFACE_KEYS},
        "broken": record.broken,
    }


def initiator_facts(text):
    """The text of initiatorname.iscsi -> dict of name and alias. The first line of each counts, as it does for open-iscsi."""
    found = {}
    for match in filter(None, map(ASSIGNMENT.fullmatch, text.split("\n"))):
        found.setdefault(match.group(1), match.group(2))
    return {"name": found.get("InitiatorName"), "alias": found.get("InitiatorAlias")}


def failure_facts(failure):
    """A Failure -> dict."""
    return {"portal": failure.portal, "target": failure.target, "reason": failure.reason, "status": failure.status}
