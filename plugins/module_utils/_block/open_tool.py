# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a block device open without having claimed it: a virtual machine or a database with a raw disk.

Neither sysfs nor an open with O_EXCL shows such a user.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.open_file_tool import OpenFiles
from ansible_collections.linuxsan.host.plugins.module_utils._block.open_text import parse_open_counts
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import disks_of, partitions_of
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until_none

# What udev starts opens a device for a moment after every change.
OPEN_SECONDS = 5
INTERVAL_SECONDS = 0.3
READ_SECONDS = 20
# It keeps the paths open that it checks, and lets go of those that go away.
PATH_CHECKER = "multipathd"
# They look what is on a device and use it for nothing. Where I/O waits for a path they are stuck in that, for as long as it waits.
LOOKERS = ("(udev-worker)", "systemd-udevd", "udevd")
# Character devices by which a SCSI unit is used without a block device: /dev/sg2, /dev/bsg/3:0:0:0, /dev/nst0, /dev/sch0.
CHARACTER_DEVICES = ("scsi_generic", "bsg", "scsi_tape", "scsi_changer")


def read_open_counts(run):
    """How often each device-mapper device is open, as a dict of kernel name (dm-0) and number. A mount and a holder count too. run: as in _command.py."""
    result = run(["dmsetup", "info", "-c", "--noheadings", "-o", "minor,open"], READ_SECONDS)
    if result.rc != 0:
        raise SanError(f"dmsetup info: {result.words}. Run as root, and look whether the module dm_mod is loaded.")
    return parse_open_counts(result.stdout)


def held_open(names, nodes, open_counts, proc="/proc", units=None):
    """Who keeps devices open, udev aside -> dict of name and words, without those that nobody has open.

    names: disks and maps, which are asked with their partitions, and partitions, with what they are of. nodes: of read_nodes.
    open_counts: gives read_open_counts. units: as in openers.
    """
    return wait_until_none(lambda: _held_open(names, nodes, open_counts, proc, units), OPEN_SECONDS, INTERVAL_SECONDS)


def openers(devices, proc="/proc", units=None):
    """The processes that have devices open -> dict of name and a list of (pid, command, how many times).

    devices: Node. units: SCSI units that have no block device, as a tape drive: a dict of name and directory in sysfs.
    """
    known = {key: node.name for node in devices for key in ((stat.S_IFBLK, node.dev), node.device, *_characters(os.path.join(node.directory, "device")))}
    known.update({key: name for name, directory in (units or {}).items() for key in _characters(directory)})
    found, files = {}, OpenFiles(proc)
    for pid in sorted(filter(str.isdigit, os.listdir(proc)), key=int):
        for name, times in sorted(Counter(files.devices(pid, known)).items()):
            found.setdefault(name, []).append((pid, _command(os.path.join(proc, pid, "comm")), times))
    return found


def _held_open(names, nodes, open_counts, proc, units):
    parts = {name: partitions_of(nodes[name], nodes) if nodes[name].dm_uuid else nodes[name].partitions for name in names}
    whole = {each: name for name in names for each in disks_of(nodes[name], nodes)}
    whole.update({each: name for name in names for each in (name, *parts[name])})
    found, looked = {}, Counter()
    for device, processes in openers([nodes[each] for each in whole], proc, units).items():
        for pid, command, times in processes:
            if command in LOOKERS:
                looked[device] += times
            elif command != PATH_CHECKER:
                found.setdefault(whole.get(device, device), []).append(f"open by {command} (process {pid})")
    maps = [name for name in names if nodes[name].dm_uuid]
    counts = open_counts() if maps else {}
    for name in maps:
        if not found.get(name) and _opens(name, parts[name], counts) > sum(looked[each] for each in (name, *parts[name])):
            found[name] = ["open, and no process of this host shows it: look for a container, a virtual machine, or an exported LUN"]
    return {name: tuple(dict.fromkeys(words)) for name, words in found.items()}


def _opens(name, partitions, counts):
    """How often a map and its partitions are open, not counting the partitions themselves."""
    return counts.get(name, 0) - len(partitions) + sum(counts.get(part, 0) for part in partitions)


def _characters(unit):
    """The kinds and numbers of the character devices of a SCSI unit. unit: its directory in sysfs."""
    for kind in CHARACTER_DEVICES:
        with contextlib.suppress(OSError):
            directory = os.path.join(unit, kind)
            for name in os.listdir(directory):
                yield stat.S_IFCHR, attribute(directory, name, "dev")


def _command(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "a process"
