#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the multipath devices of a host and what is wrong with them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multipath_info
short_description: Tell multipath devices, their paths, local disks and what is degraded
version_added: 0.1.0
author:
  - linuxsan contributors (@linuxsan)
description:
  - Returns the multipath maps with their groups and paths, the local disks, and everything that is not as it should be.
  - Asks multipathd for its topology and its configuration. Everything else is read from sysfs and files, without I/O to a device.
  - When multipathd does not run, it says so and returns what the kernel knows (sysfs and C(dmsetup)), which is all but what the checker
    has found. Where multipath is not installed, the lists of maps are empty.
extends_documentation_fragment:
  - linuxsan.host.attributes
  - linuxsan.host.attributes.info
seealso:
  - module: linuxsan.host.multipath_alias
  - module: linuxsan.host.iscsi_info
"""

EXAMPLES = r"""
- name: Look at the multipath devices
  linuxsan.host.multipath_info:
  register: multipath

- name: Stop when a device is degraded
  ansible.builtin.assert:
    that: multipath.degraded | length == 0
    fail_msg: "{{ multipath.degraded | map(attribute='message') | join('; ') }}"

- name: Show the disks that multipath should leave alone
  ansible.builtin.debug:
    msg: "{{ multipath.local_disks | rejectattr('transport', 'eq', 'vscsi') | map(attribute='wwid') | select | list }}"
"""

RETURN = r"""
maps:
  description: The multipath maps, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name, the alias when there is one.
      type: str
      sample: qsan
    wwid:
      description: The WWID of the LUN.
      type: str
      sample: "32033001378901d00"
    device:
      description: The device to use.
      type: str
      sample: /dev/mapper/qsan
    dm:
      description: The kernel's name.
      type: str
      sample: dm-0
    size:
      description: Size in bytes.
      type: int
      sample: 107374182400
    read_only:
      description: Whether the map can only be read.
      type: bool
      sample: false
    suspended:
      description: Whether I/O waits for the map to be resumed.
      type: bool
      sample: false
    vendor:
      description: The vendor that the LUN tells.
      type: str
      sample: Qsan
    product:
      description: The product that the LUN tells.
      type: str
      sample: P600Q-D316
    policy:
      description:
        - The path grouping policy that multipathd's configuration has for the map, when its groups do not say otherwise.
        - Else the one that the groups show, which suits the policy V(multibus), V(failover), V(group_by_prio) or V(group_by_node_name).
        - Null when it cannot be told, as from a single path without multipathd.
      type: str
      sample: multibus
    features:
      description: The features of the device-mapper table.
      type: str
      sample: 1 queue_if_no_path
    hwhandler:
      description: The hardware handler of the device-mapper table.
      type: str
      sample: 1 alua
    queueing:
      description: What happens to I/O without a usable path, in the words of multipathd, V(off), V(on), V(12 chk) or V(60 sec).
      type: str
      sample: 12 chk
    failback:
      description: When multipathd goes back to a better group.
      type: str
      sample: immediate
    paths:
      description: Kernel names of the paths.
      type: list
      elements: str
      sample: [sdb, sdc]
    groups:
      description: The path groups.
      type: list
      elements: dict
      contains:
        number:
          description: The number of the group.
          type: int
          sample: 1
        state:
          description: V(active), V(enabled), V(disabled) or V(undef).
          type: str
          sample: active
        priority:
          description: The priority of the group, null when multipathd does not run.
          type: int
          sample: 50
        selector:
          description: The path selector.
          type: str
          sample: service-time 0
        marginal:
          description: Whether it holds the marginal paths.
          type: bool
          sample: false
        paths:
          description: The paths, with the keys of RV(paths) that multipathd tells.
          type: list
          elements: dict
          sample: []
paths:
  description: Every path, of the maps and of LUNs on a storage network that have no map.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Kernel name.
      type: str
      sample: sdb
    map:
      description: The name of its map, null without one.
      type: str
      sample: qsan
    wwid:
      description: The WWID that the disk tells.
      type: str
      sample: "32033001378901d00"
    hctl:
      description: SCSI address.
      type: str
      sample: "3:0:0:0"
    target:
      description: The iSCSI target.
      type: str
      sample: iqn.2004-08.com.qsantechnology:p600q-d316-000901d00:dev0.ctr1
    dm_state:
      description:
        - The path's state in device-mapper, V(active), V(failed) or V(undef).
        - V(orphan) for a path that multipathd knows and that is in no map, V(undef) for one in no map that it does not know, as of a
          blacklisted disk.
      type: str
      sample: active
    checker_state:
      description:
        - What the path checker found, in the words of multipathd, V(ready), V(ghost) (a standby path), V(faulty), V(shaky), V(i/o pending),
          V(i/o timeout), V(delayed), V(disconnected), or V(undef) when it has not looked.
      type: str
      sample: ready
    device_state:
      description: The state of the SCSI device, V(running), V(offline) or another.
      type: str
      sample: running
    checker:
      description: The path checker that looks at it, null when multipathd does not tell.
      type: str
      sample: tur
    priority:
      description: Its priority, null when multipathd does not tell.
      type: int
      sample: 50
    marginal:
      description: Whether it failed too often and is used only when no other path is left.
      type: bool
      sample: false
    usable:
      description: Whether I/O can go over it now, null when multipathd does not tell.
      type: bool
      sample: true
local_disks:
  description: Disks that are no paths of a storage network.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Kernel name.
      type: str
      sample: sda
    wwid:
      description: What multipath would use as WWID, null when the disk has none.
      type: str
      sample: "350000396b8123456"
    vendor:
      description: The vendor.
      type: str
      sample: ATA
    model:
      description: The model.
      type: str
      sample: ST1000NM0033
    size:
      description: Size in bytes.
      type: int
      sample: 1000204886016
    transport:
      description:
        - How it is attached, such as V(ata), V(sas), V(usb), V(nvme), V(virtio) or V(scsi).
        - V(vscsi) is a disk that a Virtual I/O Server of PowerVM serves. One that two of them serve is no local disk, it is told in RV(paths).
      type: str
      sample: ata
    map:
      description: The multipath map that has taken it, null when none has.
      type: str
      sample: null
    in_use_by:
      description: What uses it, in words.
      type: list
      elements: str
      sample: [mounted on /]
degraded:
  description: What is not as it should be. Empty when all is well.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The map, null where there is none.
      type: str
      sample: qsan
    wwid:
      description: The WWID, null when it is about the whole host.
      type: str
      sample: "32033001378901d00"
    reason:
      description:
        - One of V(daemon_not_running), V(no_map), V(no_paths), V(single_path), V(missing_paths), V(path_not_in_map), V(path_not_claimed), V(no_usable_path),
          V(path_not_ready), V(path_marginal), V(session_not_logged_in), V(session_missing), V(fabric_missing), V(recovery_tmo),
          V(queueing_without_limit), V(suspended), V(read_only), V(not_monitored), V(wrong_wwid), V(size_differs).
        - V(wrong_wwid) is told, too, of paths that have one WWID and differ in serial number, or in the WWID that the kernel has read. So it is
          when the array shows another LUN in the place of one, and udev has not looked since.
        - V(no_map) is not told of a LUN that a blacklist has by its vendor and product, as multipath itself has the control volumes of some
          arrays (C(Universal Xport)).
        - V(session_missing) is about a record that asks for a login at boot (C(node.startup)) and has no session. Where no map is behind its
          target, as after a boot without one controller, RV(degraded[].name) is null. Set C(startup) to V(manual) for a target that is
          logged out on purpose.
      type: str
      sample: path_not_ready
    message:
      description: The same for people.
      type: str
      sample: path sdc is failed, faulty, running
daemon:
  description: multipathd.
  returned: success
  type: dict
  contains:
    installed:
      description: Whether the program is there.
      type: bool
      sample: true
    running:
      description: Whether it runs.
      type: bool
      sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._block.disk_tool import read_disks
from ansible_collections.linuxsan.host.plugins.module_utils._command import find_program, run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.sysfs_tool import read_sessions
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import info_plan
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import lists_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.degraded_plan import find_faults
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.dmsetup_tool import Dmsetup
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.grouping_plan import policies_in_force
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_confs
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kernel_tool import read_kernel_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.link_tool import read_links
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import find_luns
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import describe_map, join_maps
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import read_dm
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.paths_text import parse_paths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import parse_topology


def work(module, multipathd, dmsetup, places=HERE):
    """Read and report. multipathd, dmsetup: the tools, or fakes of them."""
    running = multipathd.running()
    disks = read_disks(places.sysfs, places.udev, places.proc)
    sessions = read_sessions(places.sysfs, places.udev)
    devices = read_dm(places.sysfs)
    told = parse_topology(multipathd.show_maps_json()) if running else kernel_told(module, dmsetup, disks, devices, places)
    maps, luns = join_maps(told, devices, running), find_luns(disks, sessions, devices)
    alone = running and info_plan.lone_paths(maps, luns)
    lone = parse_paths(multipathd.show_paths()) if alone else ()
    conf = parse_listing(multipathd.show_config() if running and (maps or alone) else "")
    timeouts, policies = info_plan.recovery_tmos(conf, maps) if running else {}, policies_in_force(conf, maps)
    lists = lists_of((conf,), read_confs(places.main, places) if alone else ())
    faults = find_faults(maps, info_plan.without_left_alone(lists, maps, luns), read_links(sessions, places), disks, timeouts, running)
    return {
        "changed": False,
        "maps": [describe_map(known, policies.get(known.wwid)) for known in maps],
        "paths": info_plan.describe_paths(maps, luns, lone),
        "local_disks": info_plan.describe_local_disks(disks, luns, maps),
        "degraded": [info_plan.describe_fault(fault) for fault in faults],
        "daemon": {"installed": find_program("multipathd") is not None, "running": running},
    }


def kernel_told(module, dmsetup, disks, devices, places):
    """The maps without multipathd, as a tuple of Map. Without dmsetup sysfs has to do."""
    if not any(device.wwid for device in devices):
        return ()
    try:
        return read_kernel_maps(dmsetup, disks, devices, places)
    except SanError as error:
        warn(module, [f"The groups of the maps are not known: {error}"])
        return ()


def main():
    """Entry point."""
    run_module(AnsibleModule({}, supports_check_mode=True), lambda module: work(module, Multipathd(run), Dmsetup(run)))


if __name__ == "__main__":
    main()
