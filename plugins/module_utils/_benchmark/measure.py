# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a measurement: find the target, judge it, run dd and iostat over it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_tool import Dd
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.iostat_tool import Iostat, IostatFault, read_moved
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import (
    MB,
    WRITE,
    check_overwrite,
    check_size,
    median,
    path_results,
    run_result,
    sample_results,
)
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.target_tool import (
    all_nodes,
    check_backing,
    check_file,
    check_place,
    logical_block,
    node_of_file,
    paths_below,
)
from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import judge
from ansible_collections.linuxsan.host.plugins.module_utils._block.device_tool import (
    confirm_same,
    examine,
    find_device,
    use_of_lun,
)
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import Node
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

PROGRESS_SECONDS = 10
EXAMINE_SECONDS = 30
# timeout(1) is given tenths of a second, and takes 0.0 for no bound at all.
LEAST_SECONDS = 0.1


@dataclass(frozen=True)
class Target:
    """What is measured.

    given: as the user named it. name: what dd opens. is_new: a file that was not there. nodes: all of the host.
    node: the device itself or below the file, None when unknown.
    """

    given: str
    name: str
    is_device: bool
    is_new: bool
    node: Optional[Node]
    nodes: dict
    paths: Tuple[Node, ...]
    logical_block: int

    def confirm(self):
        """Raise SanError when the device is no longer the one that was judged."""
        if self.is_device:
            confirm_same(self.given, self.node)


def find_target(device, path):
    """The device or file to measure -> Target. One of both is None."""
    if device is not None:
        name, node, nodes = find_device(device)
    else:
        check_place(path)
        name, nodes = path, all_nodes()
        node = node_of_file(path, nodes)
    paths = paths_below(node, nodes) if node else ()
    is_new = device is None and not os.path.lexists(path)
    return Target(device or path, name, device is not None, is_new, node, nodes, paths, logical_block(node, nodes) if node else 512)


def check_target(target, request, allow_overwrite, run):
    """Raise SanError for what must not or cannot be measured. Writes nothing."""
    if not target.is_device:
        check_file(target.name, request.mode, request.bytes, allow_overwrite)
        if request.mode != WRITE:
            check_size(request, target.name, os.stat(target.name).st_size)
        elif not target.is_new:
            check_backing(target.name, target.nodes)
        return
    check_size(request, target.given, target.node.size)
    if request.mode == WRITE:
        use = use_of_lun(target.node, target.nodes, run)
        findings = examine(target.name, target.node, use, run, min(request.timeout, EXAMINE_SECONDS))
        check_overwrite(target.given, judge(findings), findings, target.node.read_only, allow_overwrite)


def measure(request, target, name, run, start, log, clock):
    """All runs -> (what the module returns of them, tuple of warnings). name: what dd opens. log: takes a line. clock: seconds that only grow."""
    deadline = clock() + request.timeout
    iostat, dd = Iostat(run, start), Dd(start)
    watched = list(dict.fromkeys([target.node, *target.paths])) if target.node else []
    before = read_moved(target.paths)
    runs, samples, faults = [], [], []
    for number in range(1, request.runs + 1):
        remaining = deadline - clock()
        if remaining < LEAST_SECONDS:
            raise SanError(f"{target.given}: the time was up after {number - 1} of {request.runs} runs. Choose a smaller count or a longer timeout.", runs=runs)
        watch = None
        if request.sample_interval and watched:
            watch = iostat.begin([node.name for node in watched], request.sample_interval, remaining)
        try:
            runs.append(run_result(dd.copy(request, name, target.given, remaining, _progress(target, number, request, log, clock))))
            if watch:
                samples += sample_results(watch.end(), number, request.sample_interval)
        except IostatFault as fault:
            faults.append(f"run {number} has no samples: {fault}")
        finally:
            if watch:
                watch.abandon()
        log(f"{target.given}: run {number} of {request.runs}: {runs[-1]['mb_per_s']} MB/s")
    moved = _since(before, read_moved(target.paths))
    faults += [f"{path}: the kernel has no counters for it. It has gone away: look at the sessions and at the kernel log." for path in moved if not moved[path]]
    outcome = {
        "runs": runs,
        "median_mb_per_s": median(runs),
        "paths": path_results(moved, request.mode),
        "samples": samples,
    }
    return outcome, tuple(faults)


def _since(before, after):
    """What read_moved() told before and after -> the same of the time between."""
    return {name: after[name].since(before[name]) if before[name] and after[name] else None for name in after}


def _progress(target, number, request, log, clock):
    """A function that logs how far a run has come, at most every PROGRESS_SECONDS."""
    state = {"next": clock() + PROGRESS_SECONDS}
    begun = read_moved([target.node]) if target.node else {}

    def tell():
        if target.node and clock() >= state["next"]:
            state["next"] = clock() + PROGRESS_SECONDS
            moved = _since(begun, read_moved([target.node]))[target.node.name]
            if moved:
                done = moved.written if request.mode == WRITE else moved.read
                log(f"{target.given}: run {number} of {request.runs}: {done // MB} of {request.bytes // MB} MB")

    return tell
