# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where an error of ours becomes a failed result."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError


def run_module(module, work):
    """Call work(module) and leave with its dict as the result, or with the SanError it raised as the failure."""
    try:
        result = work(module)
    except SanError as error:
        module.fail_json(msg=str(error), **error.facts)
    module.exit_json(**result)
