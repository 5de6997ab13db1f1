# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement means, and whether it may be made. Pure. MB is 10^6 bytes, as dd has it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

MB = 10**6
DIGITS = 3
READ, WRITE = "read", "write"
SMALLEST_BLOCK, LARGEST_BLOCK = 512, 1 << 30


@dataclass(frozen=True)
class Request:
    """What is to be measured. bs: bytes of a block. blocks: how many a run moves. timeout: seconds for all runs together."""

    mode: str
    bs: int
    blocks: int
    direct: bool
    sync: bool
    runs: int
    sample_interval: int
    timeout: int

    @property
    def bytes(self):
        """What one run moves."""
        return self.bs * self.blocks


@dataclass(frozen=True)
class Moved:
    """What a device has moved since boot, or between two such counts: bytes."""

    read: int
    written: int

    def since(self, before):
        """Between an earlier count and this one."""
        return Moved(self.read - before.read, self.written - before.written)


def check_request(request, logical_block):
    """Raise SanError for a request that cannot be met. logical_block: bytes, of the device below."""
    if not SMALLEST_BLOCK <= request.bs <= LARGEST_BLOCK:
        raise SanError(f"bs: {request.bs} bytes are outside of {SMALLEST_BLOCK} to {LARGEST_BLOCK}. Choose a block size between 512 and 1G.")
    if request.direct and request.bs % logical_block:
        raise SanError(f"bs: {request.bs} is no multiple of the {logical_block} byte blocks of the device. Choose one, or direct=false.")
    for name, least in (("count", 1), ("runs", 1), ("timeout", 1), ("sample_interval", 0)):
        value = request.blocks if name == "count" else getattr(request, name)
        if value < least:
            raise SanError(f"{name}: {value} is less than {least}. Give a larger number.")


def check_size(request, name, size):
    """Raise SanError when a run would go past the end of what is measured. size: bytes."""
    if not size or request.bytes > size:
        raise SanError(f"{name}: {request.bytes} bytes are asked for and it has {size or 0}. Choose a smaller bs or count.")


def check_overwrite(name, verdict, findings, read_only, allow_overwrite):
    """Raise SanError when a device must not be written to. What is in use is refused always, data without allow_overwrite."""
    if read_only:
        raise SanError(f"{name}: refused to write: the kernel has it read-only. Look at the mapping of the LUN on the array.")
    if findings.in_use_by or findings.claimed is not False:
        why = ", ".join(verdict.reasons) or "it is in use"
        raise SanError(f"{name}: refused to write: {why}. A device in use is never overwritten: free it, or measure a file with path.")
    if verdict.blank is not True and not allow_overwrite:
        why = ", ".join(verdict.reasons)
        raise SanError(f"{name}: refused to write: {why}. If what is on it may be lost, run again with allow_overwrite=true.")


def cautions(request):
    """What a reader of the numbers has to know -> list of sentences."""
    said = []
    if not request.direct and (request.mode == READ or not request.sync):
        said.append("Without direct the page cache of the host is measured along with the storage.")
    if request.mode == WRITE:
        said.append("dd writes zeros: storage that compresses or leaves out zeros shows more than it can do with real data.")
    return said


def run_result(report):
    """DdReport -> what the module returns of one run."""
    rate = round(report.bytes / report.seconds / MB, DIGITS) if report.seconds else None
    return {"bytes": report.bytes, "seconds": report.seconds, "mb_per_s": rate}


def median(runs):
    """The median rate of run_result() dicts in MB/s, None when no run has one."""
    rates = [run["mb_per_s"] for run in runs if run["mb_per_s"] is not None]
    return round(statistics.median(rates), DIGITS) if rates else None


def path_results(moved, mode):
    """Dict of path name and Moved, or None -> list of what each path moved and its share (0 to 1) of what mode counts."""
    counted = {name: each.read if mode == READ else each.written for name, each in moved.items() if each}
    # What a path that has gone away carried is not known, and so neither is what all carried.
    total = sum(counted.values()) if len(counted) == len(moved) else 0
    return [
        {
            "name": name,
            "read_mb": round(each.read / MB, DIGITS) if each else None,
            "written_mb": round(each.written / MB, DIGITS) if each else None,
            "share": round(counted[name] / total, DIGITS) if total else None,
        }
        for name, each in moved.items()
    ]


def sample_results(samples, run, interval):
    """Samples of one run (counted from 1) -> flat rows for a plot; second is the end of the interval."""
    return [
        {
            "run": run,
            "second": (sample.report + 1) * interval,
            "device": sample.device,
            "read_mb_per_s": round(sample.read / MB, DIGITS),
            "written_mb_per_s": round(sample.written / MB, DIGITS),
            "tps": sample.tps,
        }
        for sample in samples
    ]
