#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, flushes and resizes one multipath map."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multipath_map
short_description: Make, flush or resize a multipath map
version_added: 0.1.0
author:
  - linuxsan contributors (@linuxsan)
description:
  - Brings one multipath map to a state. Other maps are not touched, and C(multipath.conf) is not changed.
  - What would lose data or hang is refused before anything is changed.
extends_documentation_fragment:
  - linuxsan.host.attributes
options:
  name:
    description:
      - The name of the map. With O(state=present) an alias of C(multipath.conf) will do. With the other states, a name that
        the files have for a map which goes by another one is refused.
      - Exactly one of O(name) and O(wwid) is needed.
    type: str
  wwid:
    description:
      - The WWID of the LUN, as multipath writes it. Quote it, YAML takes digits alone for a number.
      - Another spelling of a WWID that is known here, a name of a map and a device are refused, instead of being taken for a LUN that is gone.
    type: str
  state:
    description:
      - V(present) makes the map, whatever C(find_multipaths) says. The WWID is registered, every path is given to multipathd, and a map that
        was left suspended is resumed. It is refused while a path that the map would take is in use as a local disk, or a process has it open.
      - V(absent) flushes the map. It is refused while the map is mounted, held, swapped to or open. A map whose LUN is gone is flushed
        like any other; I/O that waits for a path cannot hold it up, because queueing is switched off for it first. When the flush fails,
        queueing is switched on again and a map left suspended is resumed.
      - V(resized) lets every path, and then the map, take the size that the LUN has on the array. It is refused unless all paths are up and
        agree on the size, and when the LUN is smaller than the map. So it is where the array does not tell the size on a path in standby.
    type: str
    choices: [present, absent, resized]
    default: present
  timeout:
    description: How many seconds it may take until the map is as asked, and how long a busy multipathd is asked again.
    type: float
    default: 60
notes:
  - A flushed map comes back with the next reload of multipathd as long as its paths are there. Log out, or take the LUN from the host, next.
  - O(state=resized) leaves what is on the map as it is. The playbook C(linuxsan.host.grow) grows the file system too.
  - In check mode, O(state=resized) asks the array for the size of the LUN (READ CAPACITY) and leaves the kernel as it is.
  - In check mode, a LUN or map that is not there and a multipathd that does not run are warnings, since earlier tasks of a play may bring them.
seealso:
  - module: linuxsan.host.multipath_alias
  - module: linuxsan.host.multipath_info
"""

EXAMPLES = r"""
- name: Make the map of a new LUN
  linuxsan.host.multipath_map:
    wwid: "32033001378901d00"

- name: Let a map take the size that its LUN has on the array
  linuxsan.host.multipath_map:
    name: qsan
    state: resized

- name: Flush a map before its LUN goes
  linuxsan.host.multipath_map:
    name: qsan
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: [rescan sdb, rescan sdc, resize qsan]
map:
  description:
    - The map, with the keys of RV(linuxsan.host.multipath_info#module:maps). With O(state=absent), and in check mode, as it was before.
    - Null when there is none.
  returned: success
  type: dict
  sample:
    name: qsan
    wwid: "32033001378901d00"
    device: /dev/mapper/qsan
    dm: dm-0
    size: 107374182400
    paths: [sdb, sdc]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._command import run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import map_state_plan
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.dmsetup_tool import Dmsetup
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_host
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import warn_of_unclaimed
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_apply import MapChange, Tools
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import describe_map
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import map_users, with_openers
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import Multipath
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.path_tool import ScsiPaths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import parse_topology
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Plan, report, state_diff
from ansible_collections.linuxsan.host.plugins.module_utils._wait import check_timeout


def main():
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "wwid": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent", "resized"], "default": "present"},
            "timeout": {"type": "float", "default": 60},
        },
        mutually_exclusive=[("name", "wwid")],
        required_one_of=[("name", "wwid")],
        supports_check_mode=True,
    )
    run_module(module, lambda given: work(given, Tools(Multipath(run), Multipathd(run, patience=given.params["timeout"]), Dmsetup(run), ScsiPaths(run))))


def work(module, tools, places=HERE):
    """Read, plan, apply, report. tools: a Tools, or fakes of them."""
    params, state = module.params, module.params["state"]
    check_timeout(params["timeout"])
    running = tools.multipathd.running()
    told = parse_topology(tools.multipathd.show_maps_json()) if running else ()
    host = read_host(places.main, (), told, places, tools.multipath.version)
    target = map_state_plan.choose_map(params["name"], params["wwid"], host, state)
    lacks = map_state_plan.find_lacks(target, host, running, state)
    if lacks and not module.check_mode:
        raise SanError(" ".join(lacks))
    plan = make_plan(state, target, host, tools, places, bool(lacks))
    change = MapChange(tools, host, target, params["timeout"], places)
    if plan.steps and not module.check_mode:
        host = apply(change, state, plan) or host
    warn(module, (*lacks, *warn_of_unclaimed(change.unclaimed)))
    known = next((known for known in host.maps if target.wwid and known.wwid == target.wwid), None)
    return {**report(plan.steps, [state_diff(plan.changes, "multipath maps")]), "map": describe_map(known) if known else None}


def make_plan(state, target, host, tools, places, lacking):
    """The Plan of the state. Raises SanError when it is refused. lacking: check mode, and something is not there yet."""
    device = host.device(target.wwid)
    if state == "present":
        return map_state_plan.plan_present(target, with_openers(host, [target.wwid], places))
    if state == "absent":
        return map_state_plan.plan_absent(target, host, map_users(device.dm, tools.dmsetup, places) if device else ())
    if lacking:
        return Plan()
    map_state_plan.check_paths(target, host)
    known = {name: tools.paths.size(name) for name in device.slaves}
    return map_state_plan.plan_resized(target, host, tools.paths.capacities(device.slaves), known)


def apply(change, state, plan):
    """Do what is planned. Returns the Host of then, None for a map that is gone."""
    if state == "present":
        return change.present(plan.steps)
    return change.flush() if state == "absent" else change.resize(plan.steps)


if __name__ == "__main__":
    main()
