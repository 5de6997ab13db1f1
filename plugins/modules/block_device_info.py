#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about one block device, and whether it is blank."""

from __future__ import annotations

DOCUMENTATION = r"""
module: block_device_info
short_description: Tell what is on a block device and who uses it
version_added: 0.1.0
description:
  - Reads one block device and says whether a file system may be made on it without overwriting anything.
  - Never writes. The data is read past the page cache, so that what another host has written is seen.
  - Each read is bounded in time, because a multipath map without paths can hang its readers for ever.
options:
  device:
    description:
      - Absolute path of the device, for example V(/dev/mapper/qsan), V(/dev/sdb) or a link below V(/dev/disk).
      - Links are followed; nothing in the path is expanded.
    type: str
    required: true
  timeout:
    description:
      - Seconds that each of the programs may take that read the device.
      - A device that does not answer in this time is not asked again, and RV(blank) is V(null).
    type: int
    default: 30
extends_documentation_fragment:
  - linuxsan.host.attributes.info
requirements:
  - util-linux (C(blkid), C(wipefs)) and GNU coreutils (C(dd)) on the host, and C(dmsetup) for a device of the device mapper
  - root on the host
seealso:
  - module: linuxsan.host.multipath_info
  - module: community.general.filesystem
author:
  - linuxsan contributors (@linuxsan)
"""

EXAMPLES = r"""
- name: Look at the volume
  linuxsan.host.block_device_info:
    device: /dev/mapper/qsan
  register: volume

- name: Make a file system only where nothing can be lost
  community.general.filesystem:
    dev: /dev/mapper/qsan
    fstype: ext4
  when: volume.blank is true

- name: Stop where it cannot be told
  ansible.builtin.assert:
    that: volume.blank is not none
    fail_msg: "{{ volume.blank_reasons | join(' ') }}"
"""

RETURN = r"""
device:
  description: The device node that O(device) leads to.
  type: str
  returned: success
  sample: /dev/dm-3
name:
  description: The name of the device in C(/sys/block).
  type: str
  returned: success
  sample: dm-3
dm_name:
  description: The name of a device-mapper device, for a multipath map its alias. V(null) for other devices.
  type: str
  returned: success
  sample: qsan
size:
  description: Size in bytes, V(null) when the kernel does not know it.
  type: int
  returned: success
  sample: 107374182400
read_only:
  description: Whether the kernel refuses writes to the device.
  type: bool
  returned: success
  sample: false
wwid:
  description: The WWID of a disk or multipath map as C(multipath) has it. V(null) for other devices and where it is not known.
  type: str
  returned: success
  sample: "32033001378901d00"
partitions:
  description: Partitions of the device that the kernel has found.
  type: list
  elements: str
  returned: success
  sample: []
slaves:
  description: Devices that this one is built on, for a multipath map its paths.
  type: list
  elements: str
  returned: success
  sample: [sdb, sdc]
holders:
  description: Devices that are built on this one or on its partitions, nearest first.
  type: list
  elements: str
  returned: success
  sample: []
mountpoints:
  description: Where the device, a partition of it or a device built on it is mounted.
  type: list
  elements: str
  returned: success
  sample: [/mnt/DataCoreSAN]
swap:
  description: Whether the host swaps to the device, a partition of it or a device built on it.
  type: bool
  returned: success
  sample: false
in_use_by:
  description:
    - All known users in words, those of the same LUN over another path among them.
    - Where there is none of them, also the processes that have the device, a partition or a path of it open, as a virtual machine has.
      C(udev) and C(multipathd) are no users, and neither is who closes it within a few seconds.
  type: list
  elements: str
  returned: success
  sample: [mounted on /mnt/DataCoreSAN]
signatures:
  description: What C(blkid) and C(wipefs) found. V(null) when neither could read the device.
  type: list
  elements: dict
  returned: success
  contains:
    found_by:
      description: V(blkid) or V(wipefs).
      type: str
      sample: blkid
    type:
      description: The kind of the signature.
      type: str
      sample: ext4
    usage:
      description: What the signature is for, for example V(filesystem), V(raid), V(partition-table) or V(other).
      type: str
      sample: filesystem
    offset:
      description: Where it begins, in bytes. V(null) from C(blkid).
      type: int
      sample: 1080
    uuid:
      description: The UUID that goes with it, or V(null).
      type: str
      sample: ad3a97d0-5e52-4657-a674-13e24825dc54
    label:
      description: The label that goes with it, or V(null).
      type: str
      sample: data
  sample: []
ambivalent:
  description: Whether C(blkid) found signatures that contradict each other and so named none. V(null) when it could not read the device.
  type: bool
  returned: success
  sample: false
blank:
  description:
    - V(true) when nobody uses the device, it has no partition and no signature, and its first 2 MiB and last 1 MiB hold only zeros.
    - V(null) when this cannot be told, and never taken for granted then.
    - Data elsewhere on the device is not looked for.
  type: bool
  returned: success
  sample: true
blank_reasons:
  description: Why RV(blank) is not V(true).
  type: list
  elements: str
  returned: success
  sample: ["has a signature of ext4 (filesystem, blkid)", its first 2 MiB hold data]
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module
from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import judge
from ansible_collections.linuxsan.host.plugins.module_utils._block.device_tool import (
    confirm_same,
    device_wwid,
    examine,
    find_device,
    use_of_lun,
)
from ansible_collections.linuxsan.host.plugins.module_utils._command import run
from ansible_collections.linuxsan.host.plugins.module_utils._wait import check_timeout


def work(module):
    path, timeout = module.params["device"], module.params["timeout"]
    check_timeout(timeout, 1)
    device, node, nodes = find_device(path)
    use = use_of_lun(node, nodes, run)
    findings = examine(device, node, use, run, timeout)
    confirm_same(path, node)
    verdict = judge(findings)
    return {
        "changed": False,
        "device": device,
        "name": node.name,
        "dm_name": node.dm_name,
        "size": node.size,
        "read_only": node.read_only,
        "wwid": device_wwid(node),
        "partitions": list(node.partitions),
        "slaves": list(node.slaves),
        "holders": list(use.holders),
        "mountpoints": list(use.mountpoints),
        "swap": use.swap,
        "in_use_by": list(use.in_use_by),
        "signatures": None if findings.signatures is None else [asdict(each) for each in findings.signatures],
        "ambivalent": findings.ambivalent,
        "blank": verdict.blank,
        "blank_reasons": list(verdict.reasons),
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
