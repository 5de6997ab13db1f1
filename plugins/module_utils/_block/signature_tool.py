# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""blkid and wipefs, asked what is on a device. Neither is ever called with an option that writes."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_text import (
    WIPEFS_COLUMNS,
    parse_blkid,
    parse_wipefs,
)
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

# Exit statuses of blkid (blkid(8)).
FOUND = 0
NOTHING_FOUND = 2
AMBIVALENT = 8


class Blkid:
    """blkid of util-linux, in its low-level mode: from the device itself, not from its cache."""

    def __init__(self, run, timeout):
        self._run, self._timeout = run, timeout

    def probe(self, device):
        """The signatures on a device and whether they contradict each other (blkid then names none) -> (tuple of Signature, bool).

        blkid also says "nothing found", without a word, when it could not read: an empty answer counts only for a device that was read otherwise.
        """
        result = self._run(["blkid", "-p", "-o", "export", device], self._timeout)
        if result.rc == FOUND and result.stdout.strip():
            return parse_blkid(result.stdout), False
        if result.rc == AMBIVALENT:
            return (), True
        if result.rc == NOTHING_FOUND and not result.stderr.strip() and not result.stdout.strip():
            return (), False
        raise SanError(f"{device}: blkid cannot tell what is on it: {result.words}. Look at the kernel log for errors of the device.")


class Wipefs:
    """wipefs of util-linux, which lists every signature, also where blkid has to choose one."""

    def __init__(self, run, timeout):
        self._run, self._timeout = run, timeout

    def signatures(self, device):
        """Every signature on a device -> tuple of Signature."""
        result = self._run(["wipefs", "--no-act", "--parsable", "--output", ",".join(WIPEFS_COLUMNS), device], self._timeout)
        if result.rc != 0 or result.stderr.strip():
            raise SanError(f"{device}: wipefs cannot tell what is on it: {result.words}. Look at the kernel log for errors of the device.")
        return parse_wipefs(result.stdout)
