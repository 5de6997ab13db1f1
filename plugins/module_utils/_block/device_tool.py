# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One block device: found by its path, examined without a write, and still the same one afterwards."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import Findings, regions
from ansible_collections.linuxsan.host.plugins.module_utils._block.contents_tool import Contents
from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import held_open, read_open_counts
from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_tool import Blkid, Wipefs
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import MULTIPATH_UUID, disks_of, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users, use_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import read_properties, wwid_of
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError


def find_device(path, sysfs="/sys"):
    """The device node that a path leads to -> (real path, Node, all nodes). Raises SanError when that is no block device."""
    if not path.startswith("/"):
        raise SanError(f"{path}: not an absolute path. Give the device as /dev/sdb, /dev/mapper/NAME or /dev/disk/by-id/ID.")
    real = os.path.realpath(path)
    try:
        status = os.stat(real)
    except OSError as error:
        raise SanError(f"{path}: no such device: {error.strerror}. Look at lsblk, iscsiadm -m session and multipath -ll for what is there.") from error
    if not stat.S_ISBLK(status.st_mode):
        # A dd to a map that was not there has left a plain file in /dev.
        mistaken = stat.S_ISREG(status.st_mode) and real.startswith("/dev/")
        hint = "; a plain file in /dev comes from a mistaken command and should be removed" if mistaken else ", for example /dev/mapper/NAME"
        raise SanError(f"{path}: not a block device. Name one{hint}.")
    dev = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    nodes = read_nodes(sysfs)
    for node in nodes.values():
        if node.dev == dev:
            return real, node, nodes
    raise SanError(f"{path}: the kernel has no block device {dev} any more. Remove the stale node or run `udevadm trigger`.")


def device_wwid(node, udev="/run/udev/data"):
    """The WWID of a disk or of a multipath map, None for what is built on others."""
    if node.is_multipath:
        return node.dm_uuid[len(MULTIPATH_UUID) :]
    return None if node.parent or node.slaves else wwid_of(node, read_properties(node, udev))


def use_of_lun(node, nodes, run, sysfs="/sys", proc="/proc", udev="/run/udev/data"):
    """The Use of a device and of all others with its WWID: the same LUN can be mounted over a path that no map has taken. run: as in _command.py.

    Of a partition it is the WWID of what it is of, and then who uses another partition of the LUN over another path counts too.
    Who has one of them open without a claim is asked only where there is no other user: it takes a look at every process.
    """
    users = read_users(nodes, sysfs, proc)
    use = use_of(node.name, nodes, users)
    whole = [nodes[name] for name in disks_of(node, nodes)] or [node]
    wwid = next(filter(None, (device_wwid(each, udev) for each in whole)), None)
    own = {node.name, *use.holders, *(name for each in whole for name in (each.name, *each.slaves))}
    twins = [name for name, each in nodes.items() if wwid and name not in own and device_wwid(each, udev) == wwid]
    words = [*use.in_use_by, *_of_lun(node, nodes, {name: use_of(name, nodes, users).in_use_by for name in twins})]
    if not words:
        paths = node.slaves if node.is_multipath else ()
        words = _of_lun(node, nodes, held_open((node.name, *paths, *twins), nodes, lambda: read_open_counts(run), proc))
    return replace(use, in_use_by=tuple(words))


def _of_lun(node, nodes, words):
    """What the users of a LUN do, where it is not by the device itself with the name of the other. words: name -> of its users."""
    return [said if name == node.name else f"the same LUN {nodes[name]} is {said}" for name, several in words.items() for said in several]


def confirm_same(path, node, sysfs="/sys"):
    """Raise SanError when a path no longer leads to the device it led to when node was read."""
    now = find_device(path, sysfs)[1]
    same = ("name", "dev", "size", "sequence", "dm_uuid", "read_only")
    changed = [f"{field} was {getattr(node, field)}, is {getattr(now, field)}" for field in same if getattr(now, field) != getattr(node, field)]
    if changed:
        raise SanError(f"{path}: changed while it was examined: {', '.join(changed)}. Run again when the device is at rest.")


def examine(device, node, use, run, timeout):
    """Everything that decides whether a device is blank -> Findings. timeout: seconds for each program."""
    asked = _Questions()
    contents = Contents(run, timeout)
    head, tail = regions(node.size or 0)
    asked.ask("size", lambda: _readable_size(device, node))
    # The exclusive claim would only find the users that are known.
    asked.ask("claimed", lambda: bool(use.in_use_by) or contents.claimed(device))
    asked.ask("head_zero", lambda: contents.all_zero(device, *head))
    asked.ask("tail_zero", lambda: contents.all_zero(device, *tail))
    asked.ask("cache", lambda: contents.forget_cache(device))
    asked.ask("blkid", lambda: Blkid(run, timeout).probe(device))
    asked.ask("wipefs", lambda: Wipefs(run, timeout).signatures(device))
    return asked.findings(node, use)


class _Questions:
    """Answers by name. A device that did not answer in time is asked nothing more: each question would leave a hanging process behind."""

    def __init__(self):
        self._answers = {}
        self._troubles = []
        self._dead = False

    def ask(self, name, question):
        if self._dead:
            return
        try:
            self._answers[name] = question()
        except CommandTimeout as error:
            self._dead = True
            self._troubles.append(str(error))
        except ProgramMissing:
            raise
        except SanError as error:
            self._troubles.append(str(error))

    def findings(self, node, use):
        by_blkid, ambivalent = self._answers.get("blkid", (None, None))
        by_wipefs = self._answers.get("wipefs")
        known = [found for found in (by_blkid, by_wipefs) if found is not None]
        return Findings(
            size=node.size,
            partitions=node.partitions,
            in_use_by=use.in_use_by,
            claimed=self._answers.get("claimed"),
            head_zero=self._answers.get("head_zero"),
            tail_zero=self._answers.get("tail_zero"),
            signatures=tuple(each for found in known for each in found) if known else None,
            ambivalent=ambivalent,
            troubles=tuple(self._troubles),
        )


def _readable_size(device, node):
    if not node.size:
        raise SanError(f"{device}: has no size. Look whether the LUN is mapped to this host and rescan it.")
    return node.size
