# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time. That a turn ends with its process: _iscsi/test_host_tool.py."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._turn import turn


def test_a_second_turn_waits_and_a_prediction_does_not(tmp_path):
    mine = (str(tmp_path / "run" / "lock"), "the shelf", "a reader", 0)
    with turn(*mine), turn(None, *mine[1:]):
        with pytest.raises(SanError) as refused, turn(*mine):
            pass
        assert "lock: another run holds the shelf of this host for 0 s. Look for a reader that hangs" in str(refused.value)
    with turn(*mine):
        pass


def test_only_its_owner_can_hold_a_lock(tmp_path):
    with turn(str(tmp_path / "lock"), "the shelf", "a reader"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_lock_in_another_place_is_refused(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SanError, match="lock: cannot be opened"), turn(str(tmp_path / "lock"), "the shelf", "a reader"):
        pass
    assert not (tmp_path / "elsewhere").exists()
