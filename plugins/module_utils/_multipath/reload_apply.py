# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multipathd would take away from those who use a map, looked for before it is given new files."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import find_hits, lists_of, tell_hit
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import map_users
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.path_facts_tool import read_path_facts
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.rename_plan import REFUSED, find_unmounting


def check_reload(software, trial, loads, dmsetup, places=HERE):
    """What the user should know of files that multipathd reads and is to load, as a tuple of sentences.

    software, trial: of conf_apply; loads: whether this run lets multipathd load them; dmsetup: the tool.
    Raises SanError when that harms one who uses a map.
    """
    known = read_host(trial.path, (), (), places, lambda: software.release)
    if not any(device.wwid for device in known.devices):
        return ()
    before, source = _in_force(software, trial, known)
    edited = _edited(trial, known)
    # With what is built in, where libmultipath has tried the files.
    after = (parse_listing(trial.verdict.effective, software.keywords),) if trial.verdict else edited
    harms = list(find_unmounting(before, after, known, REFUSED if loads else "gets another name when multipathd loads the files"))
    hints = []
    for hit in find_hits(lists_of(before, source), lists_of(after, edited), read_path_facts(known.devices, places)):
        users = map_users(hit.device.dm, dmsetup, places)
        (harms if users else hints).append(tell_hit(hit, users))
    if harms and loads:
        raise SanError(f"{trial.path}: {' '.join(harms)} Nothing was changed.")
    return (*harms, *hints)


def _in_force(software, trial, known):
    """(the Conf of what multipathd has in force, that of the files it is from). It can be older than the files that are there: None then."""
    listed = trial.before.effective if trial.before else None
    if software.running:
        shown = software.multipathd.show_config()
        return (parse_listing(shown, software.keywords),), known.confs if shown == listed else None
    return known.confs if listed is None else (parse_listing(listed, software.keywords),), known.confs


def _edited(trial, known):
    """The Conf of every file with the edit."""
    return tuple(trial.edit.conf if conf.path == trial.path else conf for conf in known.confs)
