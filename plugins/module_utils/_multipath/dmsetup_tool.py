# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program dmsetup: the kernel's side of a map, also where multipathd does not run or does not know the map."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.open_tool import read_open_counts
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.table_text import parse_statuses, parse_tables

# It waits for udev after a change, and for the I/O under way when it removes a device.
CHANGE_SECONDS = 30
READ_SECONDS = 20


class Dmsetup:
    """A method per verb. run: plugins/module_utils/_command.py's, or a test's. Raises SanError with the tool's own words."""

    def __init__(self, run):
        self._run = run

    def tables(self):
        """The table of every multipath map, as a tuple of Table."""
        return parse_tables(self._ask("table", "--target", "multipath"))

    def statuses(self):
        """The states in every multipath map, as a tuple of TableStatus. Without a flush, which would wait for I/O."""
        return parse_statuses(self._ask("status", "--noflush", "--target", "multipath"))

    def queues(self, name):
        """Whether I/O to a map waits while there is no path, by the kernel's table."""
        return any(table.queues for table in self.tables() if table.name == name)

    def open_counts(self):
        """How often each device-mapper device is open, as read_open_counts has it."""
        return read_open_counts(self._run)

    def queue(self, name, on):
        """Let I/O to a map without a path wait, or fail."""
        self._do(name, "message", name, "0", "queue_if_no_path" if on else "fail_if_no_path")

    def resume(self, name):
        """Let a suspended device work again."""
        self._do(name, "resume", name)

    def remove(self, name):
        """Remove a device. The kernel refuses one that is open."""
        self._do(name, "remove", name)

    def _do(self, name, *words):
        result = self._run(["dmsetup", *words], CHANGE_SECONDS)
        if result.rc != 0:
            raise SanError(f"{name}: dmsetup {words[0]}: {result.words}. Look at `dmsetup info {name}` and the kernel log.")

    def _ask(self, *words):
        result = self._run(["dmsetup", *words], READ_SECONDS)
        if result.rc != 0:
            raise SanError(f"dmsetup {words[0]}: {result.words}. Run as root, and look whether the module dm_mod is loaded.")
        return result.stdout
