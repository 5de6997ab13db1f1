# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon multipathd, asked through `multipathd COMMAND`. Its exit status is 0 for many a failure: the answers count."""
from __future__ import annotations


class Multipathd:
    """A method per verb, each bounded in time. run: plugins/module_utils/_command.py's, or a test's.

    A method raises MultipathdError with the daemon's own words when it does not answer ok.
    """

    def __init__(self, run):
        self._run = run

    def running(self):
        """True when the daemon answers."""
        raise NotImplementedError

    def reconfigure(self):
        """Read the configuration again and wait until the daemon is idle. Never restarts it."""
        raise NotImplementedError

    def show_config(self):
        """The text of the configuration in force (show config local, or show config for old releases)."""
        raise NotImplementedError

    def show_maps_json(self):
        """The text of `show maps json`; topology_text parses it."""
        raise NotImplementedError

    def show_daemon(self):
        """The daemon's state: "idle", "running", "configure", ..."""
        raise NotImplementedError

    def add_path(self, name):
        """Add a path, sdc."""
        raise NotImplementedError

    def remove_path(self, name):
        """Forget a path, sdc."""
        raise NotImplementedError

    def add_map(self, name):
        """Add a map by WWID, alias or dm name."""
        raise NotImplementedError

    def remove_map(self, name):
        """Flush a map."""
        raise NotImplementedError

    def resize_map(self, name):
        """Let a map take the size of its paths."""
        raise NotImplementedError
