# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multipathd would take away from those who use a map, looked for before it is given new files."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.rename_plan import find_unmounting
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import mended_listing


def check_reload(software, trial, loads, places=HERE):
    """What the user should know of files that multipathd reads and is to load, as a tuple of sentences.

    software, trial: of conf_apply; loads: whether this run lets multipathd load them. Raises SanError when that harms one who uses a map.
    """
    known = read_host(trial.path, (), (), places)
    if not any(device.wwid for device in known.devices):
        return ()
    before, after = _in_force(software, trial, known), _to_come(software, trial, known)
    if not loads:
        return find_unmounting(before, after, known, "gets another name when multipathd loads the files")
    sentences = find_unmounting(before, after, known)
    if sentences:
        raise SanError(f"{trial.path}: {' '.join(sentences)} Nothing was changed.")
    return ()


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
