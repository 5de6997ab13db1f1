# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forbids to give an alias. multipathd would fall back to another name, take the alias from its owner, or join what is not one LUN."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.alias_plan import unmet_absence
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import lun_problem
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import alias_problem
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.rename_plan import unmounting


def find_conflicts(choices, host, path):
    """Everything that forbids to give these aliases in the file at path, as a tuple of sentences. choices, host: as in alias_plan."""
    # Whose the alias is cannot be judged while its LUN is not there: it may well be the owner, and that it is missing is said anyway.
    known = [choice for choice in choices if choice.wwid]
    checks = ((_bad_names, _twice, _in_kernel), choices), ((_in_files, _in_bindings, _bad_luns, _mounted), known)
    found = (sentence for several, asked in checks for check in several for sentence in check(asked, host))
    said = (*_elsewhere(choices, host, path), *found)
    return tuple(dict.fromkeys(said))


def find_leftovers(choices, host, path):
    """What forbids to take these aliases away, as a tuple of sentences: sections in other files than path keep one alive, or it is mounted by it."""
    elsewhere = (
        f"{naming.alias} is given to {naming.wwid} in {naming.file} too, and stays. Remove it there."
        for choice in choices
        for naming in host.namings
        if naming.file != path and naming.alias is not None and (naming.wwid, naming.alias) == (choice.wwid, choice.alias)
    )
    leaving = (choice for choice in choices if unmet_absence(choice, host))
    return (*elsewhere, *(sentence for choice in leaving for sentence in unmounting(host.device(choice.wwid), host)))


def _elsewhere(choices, host, path):
    """Sections in other files than path that give a WWID another alias, as sentences: with them it would have two."""
    return tuple(
        f"{choice.wwid} has the alias {naming.alias} in {naming.file}, and {path} would give it {choice.alias}. Remove one of them."
        for choice in choices
        for naming in host.namings
        if naming.file != path and naming.wwid == choice.wwid and naming.alias not in (None, choice.alias)
    )


def _bad_names(choices, host):
    wwids = {lun.wwid for lun in host.luns}
    for choice in choices:
        problem = alias_problem(choice.alias)
        if problem:
            yield f"{choice.alias!r} cannot be an alias: it {problem}."
        elif choice.alias in wwids and choice.alias != choice.wwid:
            yield f"{choice.alias} cannot be an alias of {choice.wwid}: it is the WWID of another LUN."


def _twice(choices, host):
    for number, choice in enumerate(choices):
        for other in choices[:number]:
            if choice.wwid and choice.wwid == other.wwid:
                yield f"{choice.wwid} is listed twice, as {other.alias} and as {choice.alias}. A LUN has one alias."
            elif choice.alias == other.alias:
                yield f"{choice.alias} is listed twice, for {other.wwid} and for {choice.wwid}. An alias belongs to one LUN."


def _in_files(choices, host):
    """The file that is edited may be changed by the task itself; another file is never."""
    renamed = {choice.wwid for choice in choices}
    for choice in choices:
        for naming in host.namings:
            if naming.alias == choice.alias and naming.wwid != choice.wwid and naming.wwid not in renamed:
                yield f"{choice.alias} is the alias of {naming.wwid} in {naming.file}. Remove it there (state absent), or choose another alias."


def _in_bindings(choices, host):
    for choice in choices:
        for binding in host.bindings:
            if binding.alias == choice.alias and binding.wwid != choice.wwid:
                yield f"{choice.alias} is bound to {binding.wwid} in the bindings file {binding.path}. Remove that line, or choose another alias."


def _in_kernel(choices, host):
    for choice in choices:
        for device in host.devices:
            if device.name == choice.alias and (device.wwid is None or choice.wwid not in (None, device.wwid)):
                yield f"{choice.alias} is the name of another device-mapper device, {device.dm} ({device.uuid or 'without uuid'}). Choose another alias."


def _mounted(choices, host):
    for choice in choices:
        device = host.device(choice.wwid)
        if device and device.name != choice.alias:
            yield from unmounting(device, host)


def _bad_luns(choices, host):
    for choice in choices:
        lun = host.lun(choice.wwid)
        problem = lun_problem(lun) if lun else None
        if problem:
            yield f"{choice.alias}: {lun.wwid} cannot be taken, {problem}."
