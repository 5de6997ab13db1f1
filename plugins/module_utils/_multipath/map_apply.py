# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One map brought to its state: made, flushed or grown, and the wait until kernel, udev and multipathd show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import partitions_of, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.claim_tool import claim_paths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.host_tool import read_names
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.luns_apply import add_paths, register
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_state_plan import unmet_present
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_use_tool import map_users
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import MultipathdError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import HERE
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import parse_topology
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

INTERVAL_SECONDS = 0.3
# Between two attempts at what the kernel or multipathd has just refused.
RETRY_SECONDS = 1.0
# multipathd answers so when a path or another command keeps it busy for longer than uxsock_timeout.
BUSY = ("timeout", "busy")


@dataclass(frozen=True)
class Tools:
    """The programs that change a map, or fakes of them."""

    multipath: Any
    multipathd: Any
    dmsetup: Any
    paths: Any


class MapChange:
    """The changes of one map. host, target: as in map_state_plan; timeout: seconds for each wait."""

    def __init__(self, tools, host, target, timeout, places=HERE):
        self._tools = tools
        self._host = host
        self._target = target
        self._timeout = timeout
        self._places = places
        # Paths that udev has refused to claim.
        self.unclaimed = ()

    def present(self, steps):
        """Register, create, add paths, resume. Returns the Host of then."""
        verbs = {step.verb: step for step in steps}
        if "register" in verbs:
            register([self._target.wwid], self._host, self._tools.multipath, self._places)
        names = verbs["create"].args if "create" in verbs else [step.args for step in steps if step.verb == "add"]
        if names:
            add_paths(self._tools.multipathd, f"{self._target.name} of {self._target.wwid}", names)
        if "monitor" in verbs:
            self._tools.multipathd.add_map(verbs["monitor"].subject)
        if "resume" in verbs:
            self._tools.dmsetup.resume(verbs["resume"].subject)
        now = self._wait_present()
        self.unclaimed = claim_paths(now.device(self._target.wwid).slaves, self._places.sysfs, self._places.udev)
        return now

    def flush(self):
        """Flush the map. When that fails, it queues as before and works: it is neither left suspended nor without queueing."""
        device = self._host.device(self._target.wwid)
        queued = self._tools.dmsetup.queues(device.name)
        failures = []
        try:
            # I/O that waits for a path holds the map for ever; nobody has it open, so none is lost.
            if queued:
                self._stop_queueing(device.name)
            if not wait_until(lambda: self._try_flush(device, failures), self._timeout, RETRY_SECONDS):
                raise SanError(f"{device.name}: was not flushed: {failures[-1]}")
        except SanError as error:
            raise SanError(" ".join((str(error), *self._mend(device, queued)))) from error
        except SystemExit:
            # By a signal: there is nobody to tell it to.
            tuple(self._mend(device, queued))
            raise

    def resize(self, steps):
        """Rescan the paths, then let the map take their size. Returns the Host of then."""
        device = self._host.device(self._target.wwid)
        self._tools.paths.rescan([step.args for step in steps if step.verb == "rescan"])
        wanted = next((step.args for step in steps if step.verb == "resize"), device.size)
        sizes = {}

        def all_seen():
            sizes.update({name: self._tools.paths.size(name) for name in device.slaves})
            return set(sizes.values()) == {wanted}

        if not wait_until(all_seen, self._timeout, INTERVAL_SECONDS):
            told = ", ".join(f"{name}: {size}" for name, size in sizes.items())
            raise SanError(
                f"{device.name}: was not resized: not every path has {wanted} bytes after the rescan ({told}). Look at the kernel log and run again."
            )
        answers = []
        if not wait_until(lambda: self._try_resize(device, wanted, answers), self._timeout, RETRY_SECONDS):
            raise SanError(
                f"{device.name}: after {self._timeout:g} s the map has {self._size(device)} bytes and not {wanted}: "
                f"{answers[-1]} Its paths are grown; run again with a longer timeout."
            )
        return self._now(told=True)

    def _wait_present(self):
        unmet = []

        def done():
            try:
                now = self._now(told=True)
            except MultipathdError as error:
                unmet[:] = [str(error)]
                return None
            unmet[:] = unmet_present(self._target, now)
            return None if unmet else now

        now = wait_until(done, self._timeout, INTERVAL_SECONDS)
        if now is None:
            raise SanError(f"After {self._timeout:g} s the map is not as asked: {'; '.join(unmet)}. Look at the journal of multipathd and run again.")
        return now

    def _now(self, told=False):
        maps = parse_topology(self._tools.multipathd.show_maps_json()) if told else ()
        names = {self._target.name, *(each.name for each in maps if each.wwid == self._target.wwid)}
        return read_names(self._host, names, maps, self._places)

    def _known(self):
        """Whether multipathd can be asked about the map."""
        return self._tools.multipathd.running() and self._host.told(self._target.wwid) is not None

    def _stop_queueing(self, name):
        if self._known():
            # multipathd remembers it, and does not switch it on again by itself.
            self._tools.multipathd.disable_queueing(name)
        if self._tools.dmsetup.queues(name):
            self._tools.dmsetup.queue(name, False)

    def _try_flush(self, device, failures):
        users = map_users(device.dm, self._tools.dmsetup, self._places)
        if users:
            raise SanError(f"{device.name}: was not flushed: meanwhile it is in use: {'; '.join(users)}. Free it and run again.")
        try:
            self._flush(device)
        except SanError as error:
            failures.append(str(error))
        else:
            failures.append("it is still there.")
        return self._now().device(device.wwid) is None

    def _flush(self, device):
        if self._known():
            self._tools.multipathd.remove_map(device.name)
            return
        nodes = read_nodes(self._places.sysfs)
        for part in partitions_of(nodes[device.dm], nodes) if device.dm in nodes else ():
            self._tools.dmsetup.remove(nodes[part].dm_name)
        self._tools.dmsetup.remove(device.name)

    def _mend(self, device, queued):
        """Undo what a failed flush has done to a map. Yields what is said about it."""
        now = self._now().device(device.wwid)
        repairs = [(self._tools.dmsetup.resume, now.suspended), (self._queue_again, queued)] if now else []
        for repair, needed in repairs:
            try:
                if needed:
                    repair(device.name)
            except SanError as error:
                yield f"And it could not be brought back to what it was: {error}"

    def _queue_again(self, name):
        try:
            if self._known():
                self._tools.multipathd.restore_queueing(name)
        finally:
            # multipathd restores what a no_path_retry says, and nothing where there is none (features alone) or where it is too busy to answer.
            if not self._tools.dmsetup.queues(name):
                self._tools.dmsetup.queue(name, True)

    def _try_resize(self, device, wanted, answers):
        if self._size(device) == wanted:
            return True
        try:
            self._tools.multipathd.resize_map(device.name)
            answers.append("multipathd said ok.")
        except MultipathdError as error:
            answers.append(str(error))
            if not any(word in error.answer for word in BUSY):
                raise
        return self._size(device) == wanted

    def _size(self, device):
        now = self._now().device(device.wwid)
        if now is None:
            raise SanError(f"{device.name}: went away while it was resized. Look at the journal of multipathd.")
        return now.size
