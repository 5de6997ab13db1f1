# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU dd as a load, for a bounded time."""

from __future__ import annotations

import time

from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.dd_text import complaints, parse_dd
from ansible_collections.linuxsan.host.plugins.module_utils._benchmark.measure_plan import READ
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# How long dd may take to go after its SIGTERM, and the module to notice.
KILL_AFTER_SECONDS = 5
NOTICE_SECONDS = 10
POLL_SECONDS = 0.1
# Exit status of timeout(1) when the time was up, and when it had to kill.
TIMED_OUT = (124, 137)


def dd_argv(request, target):
    """The dd of one run. It never creates or truncates: a name that is gone must not become a plain file in /dev."""
    common = [f"bs={request.bs}", f"count={request.blocks}"]
    direct = ["direct"] if request.direct else []
    if request.mode == READ:
        return ["dd", f"if={target}", "of=/dev/null", *common, "iflag=" + ",".join([*direct, "fullblock"])]
    conversions = ",".join(["nocreat", "notrunc", *(["fdatasync"] if request.sync else [])])
    return ["dd", "if=/dev/zero", f"of={target}", *common, *(["oflag=direct"] if direct else []), f"conv={conversions}"]


class Dd:
    """start: the class Process or one like it."""

    def __init__(self, start):
        self._start = start

    def copy(self, request, name, given, seconds, progress):
        """One run -> DdReport. Raises SanError when it fails or moves less than asked.

        name: what dd opens. given: as the user named it. seconds: its bound. progress: called often while it runs.
        """
        # timeout(1) ends dd also when this module has been killed meanwhile.
        bounded = ["timeout", f"--kill-after={KILL_AFTER_SECONDS}", f"{seconds:.1f}", *dd_argv(request, name)]
        process = self._start(bounded)
        deadline = time.monotonic() + seconds
        try:
            while process.running and time.monotonic() < deadline:
                progress()
                time.sleep(POLL_SECONDS)
            result = process.finish(KILL_AFTER_SECONDS + NOTICE_SECONDS)
        finally:
            process.kill()
        if result.rc in TIMED_OUT:
            raise SanError(f"{given}: dd was ended after {seconds:.0f} s without being done. Choose a smaller count or a longer timeout; look at the paths.")
        if result.rc != 0:
            said = (complaints(result.stderr) or result.words).replace(name, given)
            raise SanError(f"{given}: dd failed: {said}. Look at the paths and at the kernel log.")
        report = parse_dd(result.stderr)
        if report.bytes != request.bytes:
            raise SanError(f"{given}: dd moved {report.bytes} bytes of {request.bytes}. Look at the size of what is measured.")
        return report
