# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a host in a form that every reader of a result takes."""

from __future__ import annotations


def printable(value):
    """A value of a result with the bytes that are no UTF-8 written as \\xe4, as _command.py reads them. Keys of a dict stay as they are."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {key: printable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(printable, value))
    return value
