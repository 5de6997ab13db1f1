# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user of an iscsi_node task should know of the host besides what is done, as tuples of sentences."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import find_left_behind, find_strays
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import daemon_listens, daemon_may_be_gone


def of_unused(ifaces):
    """Of interfaces with records that are not connected through."""
    if not ifaces:
        return ()
    words = "have records of these portals, but no session and no login at boot, and are not connected through"
    return (f"interfaces {', '.join(ifaces)}: {words}. Name those that are meant in ifaces",)


def of_bare(portals):
    """Of portals that answered the discovery with nothing: a path that the user counts on may be missing."""
    return tuple(f"portal {portal}: shows this host no target. Let this host's initiator name in on the target, or leave the portal out" for portal in portals)


def of_records(records, keys, root, takes_away):
    """Of files among the node records below root. keys: of the records that the task means; takes_away: whether it deletes them."""
    broken = [record for record in records if record.broken]
    return (
        *(f"{_fault(each)}. {_mend(each)}" for each in broken if each.key not in keys),
        *(_anew(each) for each in broken if each.key in keys and not takes_away),
        *(f"{path}: not a node record, and iscsiadm stumbles over it. Remove it" for path in find_strays(root)),
        *(
            f"{path}: has node records, and the open-iscsi of this host reads those in {root}. Look whether they are still needed, and remove them"
            for path in find_left_behind(root)
        ),
    )


def of_daemon(sessions, proc):
    """Of an iscsid that is gone while there are sessions."""
    if not sessions or daemon_listens(proc) and not (daemon_may_be_gone(proc) and _is_gone(proc)):
        return ()
    return (f"iscsid is not running: no session comes back by itself after the next fault ({len(sessions)} of this task). Start it (systemctl start iscsid)",)


def _is_gone(proc):
    from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import started_processes

    return not started_processes("iscsid", proc)


def _anew(record):
    """Of a broken record that the task means."""
    how = "it keeps its values" if record.values else "CHAP and settings that it had and that the task does not name are lost; compare them"
    return f"{_fault(record)}. It is made anew: {how}"


def _fault(record):
    return f"{record.path}: {record.broken}" if record.foreign else f"{record.path}: not a node record: {record.broken}"


def _mend(record):
    return "Name its target, to have it mended" if record.foreign else "Remove the file: iscsiadm stumbles over it"
