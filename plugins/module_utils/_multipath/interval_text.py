# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libmultipath makes of polling_interval and max_polling_interval together (libmultipath/config.c, load_config, since 0.10.0)."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import NEVER_CHECKED, UINT_MAX, taken

INTERVAL, LONGEST = "polling_interval", "max_polling_interval"
BUILT_IN = 5


def deadly_interval(conf):
    """The Attr of one file with which libmultipath of 0.10.0 or later hangs or ends, or None. It can be a right number."""
    found = {}
    for attr in (attr for block in conf.blocks("defaults") for attr in block.attrs() if attr.known and attr.name in (INTERVAL, LONGEST)):
        value = taken(attr.spec.kind, attr.value, conf.keywords.release, attr.quoted)
        if value is None and attr.name == INTERVAL and INTERVAL not in found:
            value = NEVER_CHECKED
        if value is not None:
            found[attr.name] = attr, int(value)
    interval, longest = (found.get(name, (None, None))[1] for name in (INTERVAL, LONGEST))
    return next(attr for attr, value in found.values()) if found and _is_deadly(interval, longest) else None


def _is_deadly(interval, longest):
    """interval, longest: None when not set. Numbers are unsigned and of 32 bits."""
    if interval is not None:
        # Its largest number is how libmultipath has "not set".
        interval = min(interval, int(NEVER_CHECKED))
    if not longest:
        interval = BUILT_IN if interval is None else interval
        longest = interval * 4 if interval < UINT_MAX // 4 else UINT_MAX
    elif interval is None:
        interval = max(1, longest // 4)
    else:
        interval = min(interval, longest)
    if interval == 0:
        return True
    if longest % interval == 0:
        return False
    # It is doubled until twice it is no less than the longest, and comes to 0 when it does not fit.
    while interval and 2 * interval % (UINT_MAX + 1) < longest:
        interval = 2 * interval % (UINT_MAX + 1)
    return interval == 0
