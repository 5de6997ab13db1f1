#!/usr/bin/python
# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a device or a file system with dd, and what each path carried."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dd_benchmark
short_description: Measure storage with dd and see what each path carried
version_added: 0.1.0
description:
  - Reads or writes a device or a file sequentially with GNU C(dd) and tells the rate of each run and the median.
  - Tells what each member path of a multipath map carried, from the counters of the kernel, and a time series from C(iostat).
  - A device that is mounted, held, open or otherwise in use is never written to; one that is not blank only with O(allow_overwrite).
  - The path of a map is in use by the map. Write to the map instead.
options:
  device:
    description:
      - Absolute path of the block device to measure, for example V(/dev/mapper/qsan). Links are followed.
      - Exactly one of O(device) and O(path) is needed.
    type: str
  path:
    description:
      - Absolute path of a plain file to measure, on the file system that is of interest.
      - For a read an existing one. For a write a new one, which is gone afterwards, also when the run was killed.
      - An existing one is overwritten, and kept, only with O(allow_overwrite), and never while a loop device shows it.
      - A file below C(/dev), C(/proc) or C(/sys) is refused.
      - A link to a file is refused. Links among its directories are followed, and the file system that they lead to is measured.
    type: str
  mode:
    description: What to measure. Writes are of zeros.
    type: str
    choices: [read, write]
    default: read
  bs:
    description:
      - Block size in bytes, from 512 bytes to 1G.
      - With C(k) or C(K), C(M), C(G) or C(T) behind it, or C(KiB), C(MiB) and so on, in powers of 1024. With C(kB), C(MB), C(GB) or C(TB) in powers
        of 1000, so V(1M) is 1048576 bytes and V(1MB) is 1000000.
    type: str
    default: 1M
  count:
    description:
      - Number of blocks of one run. It may have what O(bs) may have behind it, and is a number of blocks all the same, V(4k) for 4096 of them.
        C(dd) itself takes a count with C(B) at its end for bytes since coreutils 9.1.
    type: str
    default: "1024"
  direct:
    description: Go past the page cache of the host. Without it, the cache is measured as well.
    type: bool
    default: true
  sync:
    description: Count the time until the data of a write is on the storage (C(conv=fdatasync)).
    type: bool
    default: true
  runs:
    description: How often to measure.
    type: int
    default: 3
  sample_interval:
    description: Seconds between samples of C(iostat); V(0) for none.
    type: int
    default: 1
  allow_overwrite:
    description: Write to a device that is not blank, or to an existing file. What is on it is lost.
    type: bool
    default: false
  timeout:
    description: Seconds that all runs together may take.
    type: int
    default: 600
extends_documentation_fragment:
  - linuxsan.host.attributes
notes:
  - Each run and, every 10 seconds, how far it has come is written to the system log of the host, see C(journalctl -f -t ansible-linuxsan.host.dd_benchmark).
    For a run that is longer than the connection can last use C(async) with a longer C(poll).
  - MB is 1000000 bytes, as C(dd) has it.
  - In check mode everything is validated, which for a write to a device reads a few blocks of it, and nothing is measured.
requirements:
  - GNU coreutils (C(dd), C(timeout)), util-linux (C(blkid), C(wipefs)) and sysstat (C(iostat)) on the host,
    and C(dmsetup) for a write to a device of the device mapper
  - root on the host
author:
  - linuxsan contributors (@linuxsan)
"""

EXAMPLES = r"""
- name: Read 20 GiB from the map
  linuxsan.host.dd_benchmark:
    device: /dev/mapper/qsan
    bs: 1M
    count: 20480

- name: Write a test file in the mounted file system
  linuxsan.host.dd_benchmark:
    path: /mnt/DataCoreSAN/.dd_benchmark
    mode: write
    count: 4096

- name: Write to a volume that holds nothing
  linuxsan.host.dd_benchmark:
    device: /dev/mapper/scratch
    mode: write
"""

RETURN = r"""
runs:
  description: The runs in order. Empty in check mode.
  type: list
  elements: dict
  returned: success
  contains:
    bytes:
      description: What was moved.
      type: int
      sample: 1073741824
    seconds:
      description: How long it took.
      type: float
      sample: 4.71
    mb_per_s:
      description: The rate in MB per second.
      type: float
      sample: 227.971
median_mb_per_s:
  description: The median rate. V(null) in check mode.
  type: float
  returned: success
  sample: 227.971
paths:
  description: What each member path carried in all runs, or each disk where there is no map. Other users of the paths are counted too.
    For a path that went away meanwhile the numbers are V(null), and a warning says so.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The path.
      type: str
      sample: sdb
    read_mb:
      description: MB read over it.
      type: float
      sample: 1610.613
    written_mb:
      description: MB written over it.
      type: float
      sample: 0.0
    share:
      description: Its part, from 0 to 1, of what all paths read or, for O(mode=write), wrote. V(null) when nothing was moved,
          and for all paths when one went away.
      type: float
      sample: 0.5
samples:
  description: The time series of C(iostat), a row per run, interval and device (the map and its paths). An interval that was cut short has none.
    A run of which C(iostat) tells nothing has none either, and a warning says why.
  type: list
  elements: dict
  returned: success
  sample:
    - {run: 1, second: 1, device: sdb, read_mb_per_s: 114.1, written_mb_per_s: 0.0, tps: 217.0}
command:
  description: The dd of each run.
  type: list
  elements: str
  returned: success
  sample: [dd, if=/dev/dm-3, of=/dev/null, bs=1048576, count=1024, "iflag=direct,fullblock"]
cautions:
  description: What to know before comparing the numbers.
  type: list
  elements: str
  returned: success
  sample: []
actions:
  description: What was written, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: [overwrite /dev/dm-3]
"""

import contextlib
import functools
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_text import parse_size
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_tool import dd_argv
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.iostat_tool import require_iostat
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure import (
    check_target,
    find_target,
    measure,
)
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import (
    WRITE,
    Request,
    cautions,
    check_request,
)
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.target_tool import exclusive, test_file
from ansible_collections.linuxsan.host.plugins.module_utils._command import Process, run
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, report, state_diff


def request_from(params):
    return Request(
        mode=params["mode"],
        bs=parse_size(params["bs"], "bs"),
        blocks=parse_size(params["count"], "count"),
        direct=params["direct"],
        sync=params["sync"],
        runs=params["runs"],
        sample_interval=params["sample_interval"],
        timeout=params["timeout"],
    )


def hold(target, request):
    """What dd is to open, held for the time of the runs -> its name, and the open files by which it is claimed."""
    if request.mode == WRITE and target.is_device:
        return exclusive(target.name)
    if request.mode == WRITE and target.is_new:
        return test_file(target.name)
    return contextlib.nullcontext((target.name, ()))


def work(module):
    request = request_from(module.params)
    target = find_target(module.params["device"], module.params["path"])
    check_request(request, target.logical_block)
    if request.sample_interval:
        require_iostat()
    check_target(target, request, module.params["allow_overwrite"], run)
    steps = []
    if request.mode == WRITE:
        steps = [Step("overwrite" if target.is_device else "write", target.name, after=f"{request.bytes} bytes of zeros")]
    outcome = {"runs": [], "median_mb_per_s": None, "paths": [], "samples": []}
    if not module.check_mode:
        with hold(target, request) as (name, claim):
            target.confirm()
            # dd outlives a module that is killed, and so does the claim in its hands.
            start = functools.partial(Process, keep=claim)
            outcome, warnings = measure(request, target, name, run, start, module.log, time.monotonic)
        warn(module, warnings)
    command = dd_argv(request, target.name)
    return dict(report(steps, [state_diff(steps, "measured")]), command=command, cautions=cautions(request), **outcome)


def main():
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "str"},
            "path": {"type": "str"},
            "mode": {"type": "str", "choices": ["read", "write"], "default": "read"},
            "bs": {"type": "str", "default": "1M"},
            "count": {"type": "str", "default": "1024"},
            "direct": {"type": "bool", "default": True},
            "sync": {"type": "bool", "default": True},
            "runs": {"type": "int", "default": 3},
            "sample_interval": {"type": "int", "default": 1},
            "allow_overwrite": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
        },
        mutually_exclusive=[("device", "path")],
        required_one_of=[("device", "path")],
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
