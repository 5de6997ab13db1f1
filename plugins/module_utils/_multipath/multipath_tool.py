# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program multipath."""
from __future__ import annotations


class Multipath:
    """A method per verb. run: plugins/module_utils/_command.py's, or a test's."""

    def __init__(self, run):
        self._run = run

    def version(self):
        """The release, (0, 9, 4), or None when multipath is not installed."""
        raise NotImplementedError

    def test_conf(self, path, text=None, timeout=30):
        """What libmultipath says about the configuration: a Verdict(accepted, complaints, effective).

        text: read in place of the file at path, which stays as it is. Raises NoNamespace when that cannot be done here.
        """
        raise NotImplementedError

    def add_wwid(self, wwid):
        """Register a WWID in the wwids file, so that find_multipaths lets its paths form a map."""
        raise NotImplementedError
