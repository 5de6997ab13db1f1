# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection promises, for its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """attributes: modules that change; attributes.info: modules that only read."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return the changed status that a real run would have, without changing the host.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change, when in diff mode.
    support: full
  platform:
    description: Target systems the module can be run against.
    support: full
    platforms: linux
"""

    INFO = r"""
attributes:
  check_mode:
    description: Can run in check mode. The module never changes the host.
    support: full
  diff_mode:
    description: Returns what has changed when in diff mode.
    support: N/A
    details: The module changes nothing.
  platform:
    description: Target systems the module can be run against.
    support: full
    platforms: linux
"""
