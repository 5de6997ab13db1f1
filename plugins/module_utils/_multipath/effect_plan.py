# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files of multipath.conf say about one device, by the precedence of multipath.conf(5)."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.regex_text import SPECIAL, fitting


def value_in_force(confs, keyword, vendor, product, protocol=None, revision=None):
    """The text of a keyword for a device of that vendor, product and revision, or None when no file sets it.

    confs: Conf of every file, in the order of reading; the later wins. Precedence: overrides for the protocol, overrides, devices,
    defaults. Sections for a single WWID are not looked at.
    """
    overrides = [block for conf in confs for block in conf.blocks("overrides")]
    protocols = [block for section in overrides for block in section.blocks("protocol") if protocol and block.value("type") == protocol]
    defaults = [block for conf in confs for block in conf.blocks("defaults")]
    for blocks in (protocols, overrides, device_blocks(confs, vendor, product, revision), defaults):
        values = [value for value in (block.value(keyword) for block in blocks) if value is not None]
        if values:
            return values[-1]
    return None


def device_blocks(confs, vendor, product, revision=None):
    """The device sections that match, in the order of reading. One for a revision is not for a device whose revision is unknown."""
    blocks = [block for conf in confs for block in conf.blocks("devices", "device")]
    for keyword, text in (("vendor", vendor), ("product", product)):
        fits = _fitting(blocks, keyword, text or "")
        blocks = [block for block in blocks if block.value(keyword) in fits]
    # A section without a revision is for all of them (libmultipath/config.c hwe_regmatch).
    revisions = {None, *(_fitting(blocks, "revision", revision) if revision is not None else ())}
    return [block for block in blocks if block.value("revision") in revisions]


def exactly(text):
    """The expression that matches this vendor or product and no other."""
    return f"^{SPECIAL.sub(_escaped, text or '')}$"


def _escaped(match):
    return "\\" + match.group(1)


def _fitting(blocks, keyword, text):
    """The expressions of blocks that fit a text, as a set."""
    return fitting({block.value(keyword) for block in blocks} - {None}, text)
