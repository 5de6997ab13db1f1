# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host says about its LUNs and their names: sysfs, /dev/mapper and the files of multipath.

Starts no process but that which gives the installed release, where a file is read by some releases only. version: as in conf_files_tool.
"""

from __future__ import annotations

import os
from dataclasses import replace

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import disks_of
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import partitions_of, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.claim_tool import judged_after
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_files_tool import drop_ins
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import value_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_plan import Host, Naming
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import find_luns
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import join_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import mapped_device, read_dm
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.mount_unit_text import mount_unit_name
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import (
    parse_bindings,
    parse_crypttab,
    parse_fstab_devices,
    parse_fstab_points,
    parse_wwids,
)
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE


def read_host(path, aliases, told, places=HERE, version=lambda: None):
    """A Host. path: the file that is edited; aliases: names to look for in /dev/mapper; told: the maps of multipathd, or ()."""
    sessions = read_sessions(places.sysfs, places.udev)
    nodes = read_nodes(places.sysfs)
    users = read_users(nodes, places.sysfs, places.proc)
    disks = disks_of(nodes, users, places.udev)
    devices = read_dm(places.sysfs)
    confs = read_confs(path, places, version)
    mounts = {device.dm: _mounts(nodes[device.dm], nodes, users) for device in devices if device.dm in nodes}
    host = Host(
        luns=find_luns(disks, sessions, devices, read_alua(disks, places), read_judged(disks, nodes, confs, places)),
        confs=confs,
        namings=tuple(naming for conf in confs for naming in namings_of(conf)),
        bindings=read_bindings(confs, places),
        wwids=parse_wwids(_text(os.path.join(places.etc, "wwids"))),
        fstab=parse_fstab_devices(_text(places.fstab)),
        mounts=mounts,
        mounters=_mounters([point for points in mounts.values() for point in points], places),
        swaps=frozenset(device.dm for device in devices if device.dm in nodes and users.swaps.intersection(_parts(nodes[device.dm], nodes))),
        crypttab=parse_crypttab(_text(places.crypttab)),
    )
    return read_names(host, aliases, told, places, devices)


def read_names(host, aliases, told, places=HERE, devices=None):
    """The same Host with the maps and names of now."""
    devices = read_dm(places.sysfs) if devices is None else devices
    links = {alias: mapped_device(alias, places.mapper, places.sysfs) for alias in aliases if alias}
    return replace(host, devices=devices, links=links, maps=join_maps(told, devices))


def read_confs(path, places=HERE, version=lambda: None):
    """A tuple of Conf, of conf_files."""
    directories = _drop_in_directories(places)
    real = {os.path.realpath(directory) for directory in directories}
    files = conf_files(path, directories, places, version)
    return tuple(parse_conf(_text(file), file, drop_in=os.path.realpath(os.path.dirname(file)) in real) for file in files)


def conf_files(path, directories, places, version):
    """The files that libmultipath reads, in its order, and path if it is none of them. The file that path is has its name from path.

    directories: of drop-in files.
    """
    files = [places.main, *(file for directory in directories for file in drop_ins(directory, version))]
    real = os.path.realpath(path)
    files = [path if os.path.realpath(file) == real else file for file in files]
    return files if path in files else [*files, path]


def namings_of(conf):
    """The multipath sections of one Conf, as a tuple of Naming."""
    stanzas = conf.blocks("multipaths", "multipath")
    found = (Naming(stanza.value("wwid"), stanza.value("alias"), conf.path) for stanza in stanzas)
    return tuple(naming for naming in found if naming.wwid)


def read_bindings(confs, places=HERE):
    """The names that multipathd gave by itself, as a tuple of Binding."""
    # bindings_file is ignored from 0.9.7 on: which of the two counts would take a process to tell, and a name in either is none to give away.
    named = value_in_force(confs, "bindings_file", None, None)
    paths = dict.fromkeys(filter(None, (named, os.path.join(places.etc, "bindings"))))
    return tuple(binding for path in paths for binding in parse_bindings(_text(path), path))


def read_alua(disks, places=HERE):
    """The names of the disks that the kernel accesses by ALUA, as a frozenset."""
    handlers = ((disk.name, attribute(places.sysfs, "block", disk.name, "device", "dh_state")) for disk in disks)
    return frozenset(name for name, handler in handlers if handler == "alua")


def read_judged(disks, nodes, confs, places=HERE):
    """The names of the disks that udev has looked at since the WWIDs and the files were written by which multipath decides, as a frozenset."""
    wwids = value_in_force(confs, "wwids_file", None, None) or os.path.join(places.etc, "wwids")
    return judged_after({disk.name: nodes[disk.name].dev for disk in disks}, [wwids, *(conf.path for conf in confs)], places.udev)


def _drop_in_directories(places):
    """conf.d, and what config_dir names in the main file, which releases before 0.9.0 read in its place: a name in either is none to give away."""
    text = _text(places.main)
    named = value_in_force((parse_conf(text, places.main),), "config_dir", None, None) if "config_dir" in text else None
    return tuple(dict.fromkeys(filter(None, (os.path.join(places.etc, "conf.d"), named))))


def _mounts(node, nodes, users):
    return tuple(dict.fromkeys(point for name in _parts(node, nodes) for point in users.mounts.get(name, ())))


def _parts(node, nodes):
    return (node.name, *partitions_of(node, nodes))


def _mounters(points, places):
    """The file by which systemd mounts each of the mount points that it knows."""
    known = parse_fstab_points(_text(places.fstab))
    units = ((point, os.path.join(directory, mount_unit_name(point))) for point in points for directory in reversed(places.units))
    return {**{point: unit for point, unit in units if os.path.exists(unit)}, **{point: places.fstab for point in points if point in known}}


def _text(path):
    return (read_text(path) or "") if os.path.isfile(path) else ""
