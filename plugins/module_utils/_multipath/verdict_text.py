# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs multipath and multipathd say about a configuration."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# "3380.985899 | " since 0.8.8, "Nov 23 10:19:27 | " before.
_TIME = re.compile(r"\A(\d+\.\d+|[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d) \| ")
_LINE_NUMBER = re.compile(r"(\bline |\.conf \+)\d+")
_RELEASE = re.compile(r"multipath-tools v(\d+(?:\.\d+)+)")
# Of features that other keywords stand for: libmultipath/propsel.c reconcile_features_with_options.
_ADVICE = re.compile(r"\bis deprecated and will be|\bis a deprecated value|\boption 'features .* is deprecated|\bignoring feature '\w+' because ")
_TWICE = re.compile(r"\bduplicate multipath config section for ")
# Devices of a blacklist, of a vendor alone and of a product alone.
_OPEN_DEVICE = re.compile(r"^(\tdevice \{\n(?:\t\t.*\n)+)(?!\t\}|\t\t)", re.M)
_HEADLESS_DEVICE = re.compile(r"^(?!\t\t|\tdevice \{)(.*\n)(?=\t\tproduct )", re.M)
# A part that a device of a blacklist lacks, as releases before 0.8.7 list it.
_NULL_VENDOR = re.compile(r'^(\tdevice \{\n)\t\tvendor "\(null\)"\n(?=\t\tproduct .*\n\t\}\n)', re.M)
_NULL_PRODUCT = re.compile(r'^(\tdevice \{\n\t\tvendor .*\n)\t\tproduct "\(null\)"\n(?=\t\}\n)', re.M)
_BARE_LIST = re.compile(r'^(\tuid_attrs )([^"\n]+)$', re.M)
_DAEMON = re.compile(r"pid (\d+) (\w+)")


@dataclass(frozen=True)
class Verdict:
    """What `multipath -t` made of a configuration. complaints: its messages, without their time; effective: its listing."""

    accepted: bool
    complaints: Tuple[str, ...]
    effective: str

    def new_against(self, before, merges=True):
        """The complaints that another Verdict did not have, wherever their lines are; not those about what works as it should.

        merges: whether the release makes one of several stanzas of a WWID.
        """
        known = Counter(_placeless(complaint) for complaint in before.complaints)
        new = []
        for complaint in self.complaints:
            known[_placeless(complaint)] -= 1
            if known[_placeless(complaint)] < 0 and not _ADVICE.search(complaint) and not (merges and _TWICE.search(complaint)):
                new.append(complaint)
        return tuple(new)


def parse_verdict(rc, stdout, stderr):
    """The Verdict of a finished `multipath -t`: its exit status is 0 for many a broken file, and negative where it crashed on one.

    The messages are on stderr; before 0.7.5 on stdout, between the lines of the listing.
    """
    listed = stdout.splitlines(keepends=True)
    messages = [*(line for line in listed if _TIME.match(line)), *stderr.splitlines()]
    lines = [_TIME.sub("", line).strip() for line in messages]
    if rc < 0:
        lines.append(f"multipath -t was ended by signal {-rc}")
    return Verdict(rc == 0, tuple(line for line in lines if line), "".join(line for line in listed if not _TIME.match(line)))


def mended_listing(text):
    """A listing of multipath or multipathd with what it leaves out: the quotes of uid_attrs, and lines of a device of a blacklist.

    That of a vendor alone lacks its closing brace, that of a product alone its first line; one behind the other looks like one.
    Before 0.8.7 each has a "(null)" for what it lacks, which goes.
    """
    halves = _NULL_PRODUCT.sub(r"\1", _NULL_VENDOR.sub(r"\1", text))
    closed = _HEADLESS_DEVICE.sub(r"\1\tdevice {\n", _OPEN_DEVICE.sub(r"\1\t}\n", halves))
    return _BARE_LIST.sub(r'\1"\2"', closed)


def parse_release(text):
    """The release, (0, 9, 4), from the first lines of `multipath -h`. Raises ParseError."""
    found = _RELEASE.search(text)
    if found is None:
        raise ParseError(f"multipath -h: no release in {text.strip()[:200]!r}. Look at the installed multipath-tools.")
    return tuple(int(part) for part in found.group(1).split("."))


def parse_daemon_state(text):
    """The state in the answer to `show daemon` (idle, running, configure, ...), or None when it is another answer."""
    found = _DAEMON.search(text)
    return found.group(2) if found else None


def _placeless(complaint):
    return _LINE_NUMBER.sub(r"\1N", complaint)
