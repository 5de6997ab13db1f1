# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a user can act on.

Everything below a module raises SanError or a subclass; plugins/module_utils/_ansible.py turns it into fail_json.
Any other exception is a defect and is left to show its traceback.
"""

from __future__ import annotations


class SanError(Exception):
    """A failure told in the order: object, verb, the tool's own words, what to do next.

    facts: further keys of the failed result, for example failed_portals. Never a secret.
    """

    def __init__(self, message, **facts):
        super().__init__(message)
        self.facts = facts


class ParseError(SanError):
    """Text that is not of the format it should be. The message names the file or program, the line and the text."""
