# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses to log a live session out for CHAP values that its target does not take: its path would be gone."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discover_tool import failure_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.facts_text import failure_facts
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.network_plan import by_adapter, net_device_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_plan import AUTH, LIVE_LOGIN, by_key
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import Login
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.trial_tool import try_login

TRIAL_SECONDS = 5
REFUSED = "ISCSI_ERR_LOGIN_AUTH_FAILED"


def check_chap(steps, records, values, devices=(), ask=None):
    """-> tuple of warnings, one for each portal where the values could not be tried. Raises SanError naming every portal whose target refuses.

    steps: of node_plan. records: all of the host. values: what is asked for, record key -> str, Secret or None. devices: of read_devices.
    ask: try_login, or a test's.
    """
    mine = by_key(records)
    failures, warnings = [], []
    for node, session in (step.args for step in steps if step.verb == "relogin"):
        record = next(iter(mine.get(node.key, ())), None)
        known = {**record.values, **values} if record else values
        # An old kernel tells no name.
        if by_adapter(known) or session.initiator is None:
            continue
        login, algorithms, device = login_of(known), known.get(AUTH + "chap_algs"), net_device_of(known, devices)
        outcome = (ask or try_login)(session.initiator, node.target, node.portal, login, algorithms, TRIAL_SECONDS, device)
        if outcome.accepted is False:
            failures.append(failure_of(node, outcome.reason, REFUSED))
        elif outcome.accepted is None:
            warnings.append(f"portal {node.portal} of {node.target}: the new CHAP values could not be tried before the relogin: {outcome.reason}")
    if failures:
        reasons = "; ".join(f"portal {failure.portal} of {failure.target}: {failure.reason}" for failure in failures)
        raise SanError(
            f"CHAP: a trial of the new values failed: {reasons}. No session was logged out and no node record changed. "
            "Compare names and secrets with those that the target has for this host, and run again.",
            failed_portals=[failure_facts(failure) for failure in failures],
        )
    return tuple(warnings)


def login_of(values):
    """The values of a record -> the Login that comes of them."""
    return Login(**{name: values.get(key) for name, key in LIVE_LOGIN.items()})
