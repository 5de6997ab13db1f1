# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed paths in the status of multipath maps."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.dm_text import parse_failed_paths

ACTIVE = "qsan: 0 2097152 multipath 2 0 1 0 2 1 A 0 1 2 8:16 A 0 0 1 E 0 1 2 8:32 A 0 0 1"


@pytest.mark.parametrize(
    "text, failed",
    [
        ("No devices found\n", set()),
        ("", set()),
        (ACTIVE + "\n", set()),
        (ACTIVE.replace("8:32 A", "8:32 F") + "\n", {"8:32"}),
        (ACTIVE.replace("8:16 A", "8:16 F") + "\nF: 0 8 multipath 2 0 0 0 1 1 E 0 1 2 65:0 F 3 0 1 \nroot: 0 8 linear 8:1 F 3\n", {"8:16", "65:0"}),
    ],
)
def test_failed_paths(text, failed):
    assert parse_failed_paths(text) == failed
