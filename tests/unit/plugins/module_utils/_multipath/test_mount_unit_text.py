# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of mount units, beside what systemd-escape 252 says."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.mount_unit_text import mount_unit_name


@pytest.mark.parametrize(
    ("point", "unit"),
    [
        ("/", "-.mount"),
        ("/mnt/DataCoreSAN", "mnt-DataCoreSAN.mount"),
        ("//mnt//my-data/", r"mnt-my\x2ddata.mount"),
        ("/mnt/.a.b", "mnt-.a.b.mount"),
        ("/.snap", r"\x2esnap.mount"),
        ("/mnt/my srv_1:2", r"mnt-my\x20srv_1:2.mount"),
        ("/mnt/ä\\", r"mnt-\xc3\xa4\x5c.mount"),
    ],
)
def test_mount_unit_name(point, unit):
    assert mount_unit_name(point) == unit
