# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes by the name of their program, from /proc."""

from __future__ import annotations

import os
import time

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute

# /proc/PID/stat (proc(5)): fields after the command, which ends with the last ")"; the parent is field 4, the start field 22.
PARENT_FIELD, START_FIELD = 1, 19
OWN_SECONDS = 1


def started_processes(name, proc="/proc"):
    """The running processes of a program -> tuple of (pid, when it started, in seconds of the clock that files have)."""
    return tuple((pid, started) for pid, parent, started in _processes(name, proc))


class Helpers:
    """The processes that a running daemon starts for a piece of work. One of its first second is a part of itself.

    To read every process of the host takes longer than a login, so that is done once.
    """

    def __init__(self, name, proc="/proc"):
        self._name = name
        self._proc = proc
        self._own = ()

    def running(self):
        """-> tuple of pids"""
        paths = [os.path.join(self._proc, pid, "task", pid, "children") for pid in self._own]
        if not paths or not all(map(os.path.exists, paths)):
            # Asked for the first time, or the daemon is another one, or the kernel has no such lists (CONFIG_PROC_CHILDREN).
            return self._search()
        return tuple(pid for path in paths for pid in (attribute(path) or "").split() if pid not in self._own)

    def _search(self):
        found = tuple(_processes(self._name, self._proc))
        starts = {pid: started for pid, parent, started in found}
        helpers = tuple(pid for pid, parent, started in found if parent in starts and started > starts[parent] + OWN_SECONDS)
        self._own = tuple(pid for pid in starts if pid not in helpers)
        return helpers


def _processes(name, proc):
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    ticks = os.sysconf("SC_CLK_TCK")
    for pid in filter(str.isdigit, os.listdir(proc)):
        # The kernel has comm at hand, and gathers stat.
        stat = attribute(proc, pid, "stat") if attribute(proc, pid, "comm") == name else None
        fields = stat[stat.rfind(")") + 2 :].split() if stat else ()
        if len(fields) > START_FIELD:
            yield pid, fields[PARENT_FIELD], boot + int(fields[START_FIELD]) / ticks
