# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions on their way up.

They are looked at many times, on a host that is busy with them: one that is there, with its disks, is read once and kept.
"""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.select_plan import describe
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import LOGGED_IN, read_session, session_numbers, session_state


class Watch:
    """sysfs: where it is."""

    def __init__(self, sysfs="/sys"):
        self._sysfs = sysfs
        self._there = {}

    def read(self):
        """-> tuple of Session, by sid: those that are logged in.

        What a session that is there has lost or gained since does not show: read_sessions has the last word.
        """
        found = {sid: self._there.get(sid) or self._logged_in(sid) for sid in session_numbers(self._sysfs)}
        found = {sid: session for sid, session in found.items() if session}
        self._there = {sid: session for sid, session in found.items() if is_there(session)}
        return tuple(found.values())

    def _logged_in(self, sid):
        return read_session(sid, self._sysfs) if session_state(sid, self._sysfs) == LOGGED_IN else None


def late_warning(sessions):
    """What to tell when the time ended while the disks of sessions were waited for -> str. sessions: those that are logged in."""
    unnamed = ((session, device) for session in sessions for device in session.devices if device.name is None)
    found = [f"{describe(session)}: LUN {device.lun} ({device.hctl}) has no block device" for session, device in unnamed]
    found += [f"{describe(session)}: no disk" for session in sessions if not session.devices]
    return (
        f"the timeout ended before all disks were there: {'; '.join(found) or 'LUNs were still looked for'}. "
        "Raise timeout, or look in the kernel's log for a LUN that does not answer"
    )


def is_there(session):
    """True when it is logged in and has disks, each with its block device."""
    return session.logged_in and bool(session.devices) and all(device.name for device in session.devices)
