# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One edit of the files of multipath at a time."""

from __future__ import annotations

import os

from ansible_collections.linuxsan.host.plugins.module_utils import _turn
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import is_read


def conf_turn(module, places):
    """Keep other runs of ours off the files meanwhile: what is between the read and the write of one would be lost with the write."""
    # One that is not root edits a file of its own somewhere, and has no place for a lock.
    waits = not module.check_mode and (is_read(module.params["path"]) or os.geteuid() == 0)
    return _turn.turn(places.lock if waits else None, "the files of multipath", "a multipath_conf or multipath_alias", _turn.TURN_SECONDS)
