# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multipathd would take away from those who use a map, looked for before it is given new files."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import find_hits, tell_hit
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import map_users
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.path_facts_tool import read_path_facts
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.rename_plan import REFUSED, find_unmounting
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import mended_listing


def check_reload(software, trial, loads, dmsetup, places=HERE):
    """What the user should know of files that multipathd reads and is to load, as a tuple of sentences.

    software, trial: of conf_apply; loads: whether this run lets multipathd load them; dmsetup: the tool.
    Raises SanError when that harms one who uses a map.
    """
    known = read_host(trial.path, (), (), places)
    if not any(device.wwid for device in known.devices):
        return ()
    before, after = _in_force(software, trial, known), _to_come(software, trial, known)
    harms = list(find_unmounting(before, after, known, REFUSED if loads else "gets another name when multipathd loads the files"))
    hints = []
    for hit in find_hits(before, after, read_path_facts(known.devices, places)):
        users = map_users(hit.device.dm, dmsetup, places)
        (harms if users else hints).append(tell_hit(hit, users))
    if harms and loads:
        raise SanError(f"{trial.path}: {' '.join(harms)} Nothing was changed.")
    return (*harms, *hints)


def _in_force(software, trial, known):
    """The Conf of what multipathd has in force, which can be older than the files."""
    if software.running:
        return _listing(software.multipathd.show_config(), software)
    return _listing(trial.before.effective, software) if trial.before else known.confs


def _to_come(software, trial, known):
    """The Conf of what the files will say: with what is built in where libmultipath has tried them."""
    if trial.verdict:
        return _listing(trial.verdict.effective, software)
    edited = parse_conf(trial.edit.text, trial.path, software.keywords)
    return tuple(edited if conf.path == trial.path else conf for conf in known.confs)


def _listing(text, software):
    return (parse_conf(mended_listing(text), "multipath -t", software.keywords),)
