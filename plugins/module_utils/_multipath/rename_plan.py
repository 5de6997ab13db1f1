# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which maps get another name by an edit of multipath.conf, and what that would unmount."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import value_in_force

YES = ("yes", "1")
FRIENDLY = "user_friendly_names"


# What becomes of a map that is in use.
REFUSED = "is not renamed"


def find_unmounting(before, after, host, said=REFUSED):
    """What new files would unmount, as a tuple of sentences.

    before: Conf of what is in force; after: of every file to come, in the order of reading; host: Host of host_plan; said: as in unmounting.
    """
    renamed = (device for device in host.devices if device.wwid and _is_renamed(device, host.lun(device.wwid), before, after))
    return tuple(sentence for device in renamed for sentence in unmounting(device, host, said))


def unmounting(device, host, said=REFUSED):
    """What a new name for a map would unmount, close or no longer swap to, as a tuple of sentences. said: what becomes of the map.

    systemd stops what it has on a device when that goes, which is /dev/mapper with the old name: a mount of its own (systemd.mount(5),
    StopPropagatedFrom), also where fstab or the unit names a UUID, a swap space, and a service of systemd-cryptsetup (BindsTo).
    """
    points = [point for point in host.mounts.get(device.dm, ()) if point in host.mounters]
    files = ", ".join(dict.fromkeys(host.mounters[point] for point in points))
    opened = ", ".join(host.opened_in(device.name))
    found = (
        (points, f"mounted on {', '.join(points)} as {files} has it, and systemd would unmount it", f"Unmount it first, correct {files}"),
        (device.dm in host.swaps, "swapped to, and systemd would end that", "Run swapoff first, correct the name in /etc/fstab"),
        (opened, f"opened as {opened} by /etc/crypttab, and systemd would close it", "Close it first, correct /etc/crypttab"),
    )
    return tuple(f"{device.name} {said}: it is {use} when the name goes. {remedy}, and run again." for there, use, remedy in found if there)


def _is_renamed(device, lun, before, after):
    old, new = (_name(device.wwid, lun, confs) for confs in (before, after))
    if old == new:
        return False
    # A name that multipathd chooses itself stays, when it is one already.
    return device.name != new if new else device.name == old


def _name(wwid, lun, confs):
    """The name of a map (libmultipath/configure.c select_alias), None for one that multipathd chooses itself."""
    own = [block for conf in confs for block in conf.blocks("multipaths", "multipath") if block.value("wwid") == wwid]
    aliases = [block.value("alias") for block in own if block.value("alias")]
    if aliases:
        return aliases[-1]
    said = [block.value(FRIENDLY) for block in own if block.value(FRIENDLY)]
    friendly = said[-1] if said else value_in_force(confs, FRIENDLY, *((lun.vendor, lun.product, None, lun.revision) if lun else (None, None)))
    return None if friendly in YES else wwid
