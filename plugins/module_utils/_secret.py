# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value that is compared and written to its file, and never shown."""

from __future__ import annotations

SHOWN = "********"


class Secret:
    """A password. str, repr and format give SHOWN, so it cannot slip into a message, a step or a diff."""

    def __init__(self, value):
        self._value = value

    def reveal(self):
        """The value itself, for the one place that writes it to a file of the host."""
        return self._value

    def __eq__(self, other):
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self):
        return hash(self._value)

    def __repr__(self):
        return SHOWN
