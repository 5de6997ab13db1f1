# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iostat while something runs, and the kernel's own counters before and after."""

from __future__ import annotations

import signal

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.iostat_text import closes_json, parse_iostat
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import Moved
from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES, attribute
from ansible_collections.linuxsan.host.plugins.module_utils._command import find_program
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# Fields of /sys/block/*/stat (Documentation/block/stat.rst).
READ_SECTORS, WRITTEN_SECTORS = 2, 6
ANSWER_SECONDS = 10


class Iostat:
    """iostat of sysstat. run: as in _command. start: the class Process or one like it."""

    def __init__(self, run, start):
        self._run, self._start = run, start

    def begin(self, devices, interval, seconds):
        """Watch devices (names) each interval seconds, at most seconds long -> Watch."""
        as_json = ["-o", "JSON"] if closes_json(self._run(["iostat", "-V"], ANSWER_SECONDS).stdout) else []
        # kB and not MB: two decimals of a MB hide a slow path. -y leaves out the report since boot. timeout(1) ends it also when this
        # module has been killed; by SIGINT, at which iostat closes its JSON.
        bound = ["timeout", "--signal=INT", "--kill-after=5", f"{seconds:.1f}"]
        return Watch(self._start([*bound, "iostat", *as_json, "-d", "-k", "-y", *devices, str(interval)]))


class IostatFault(SanError):
    """What was measured stands, and iostat has nothing to say about it."""


class Watch:
    """An iostat that runs."""

    def __init__(self, process):
        self._process = process

    def end(self):
        """Stop it and return its tuple of Sample. Raises IostatFault."""
        self._process.signal(signal.SIGINT)
        try:
            result = self._process.finish(ANSWER_SECONDS)
            if not result.stderr.strip():
                return parse_iostat(result.stdout)
        except SanError as error:
            raise IostatFault(str(error)) from error
        finally:
            self._process.kill()
        raise IostatFault(f"iostat: failed: {result.words}. Run it by hand, or set sample_interval=0.")

    def abandon(self):
        """End it without asking for what it saw."""
        self._process.kill()


def require_iostat():
    """Raise SanError when iostat is not installed."""
    if find_program("iostat") is None:
        raise SanError("iostat: not found on this host. Install the package sysstat, or set sample_interval=0 to go without samples.")


def read_moved(nodes):
    """The counters of the kernel for each Node -> dict of name and Moved, None for one that has gone away.

    Exact, where samples miss the last part of an interval.
    """
    return {node.name: _moved(node) for node in nodes}


def _moved(node):
    fields = (attribute(node.directory, "stat") or "").split()
    if len(fields) <= WRITTEN_SECTORS:
        return None
    return Moved(int(fields[READ_SECTORS]) * SECTOR_BYTES, int(fields[WRITTEN_SECTORS]) * SECTOR_BYTES)
