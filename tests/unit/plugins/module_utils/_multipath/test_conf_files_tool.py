# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files libmultipath reads (libmultipath/config.c process_config_dir)."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_files_tool import drop_ins

NAMES = ("README", "10-a.conf", "9-b.conf", "B.conf", "a.conf", ".hidden.conf", "x.conf.bak", "x.conf.12.2026-11-23@10:00:00~", "x.confused", "conf", "xconf")
EVER = [".hidden.conf", "10-a.conf", "9-b.conf", "B.conf", "a.conf"]
COPIES = ["x.conf.12.2026-11-23@10:00:00~", "x.conf.bak", "x.confused"]


@pytest.fixture
def directory(tmp_path):
    """One with a file of each name, and a directory."""
    for name in NAMES:
        (tmp_path / name).write_text("")
    (tmp_path / "directory.conf").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("release", "names"), [((0, 7, 4), [*EVER, *COPIES]), ((0, 8, 3), [*EVER, *COPIES]), ((0, 8, 4), EVER), ((0, 9, 4), EVER), (None, EVER)]
)
def test_before_0_8_4_a_copy_is_read_too(directory, release, names):
    assert drop_ins(str(directory), lambda: release) == [str(directory / name) for name in names]


def test_a_release_that_nobody_can_tell_is_one_of_today(directory):
    def version():
        raise SanError("multipath -h: says no release")

    assert drop_ins(str(directory), version) == [str(directory / name) for name in EVER]


def test_no_directory(tmp_path):
    assert drop_ins(str(tmp_path / "none"), lambda: None) == []
