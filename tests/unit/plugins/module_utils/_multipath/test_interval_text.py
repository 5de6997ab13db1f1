# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals on which `multipath -t` of 0.11.1 was seen to hang or to end by a signal, and others that it listed."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.interval_text import deadly_interval
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree

INTERVAL, LONGEST = "polling_interval", "max_polling_interval"


def conf_of(*lines, release=(0, 11, 1)):
    return parse_conf("".join(("defaults {\n", *(f"\t{keyword} {value}\n" for keyword, value in lines), "}\n")), "/c", keyword_tree(release))


@pytest.mark.parametrize(
    "lines",
    [
        [(INTERVAL, "abc")],
        [(INTERVAL, 0)],
        [(INTERVAL, 7), (INTERVAL, 0)],
        [(INTERVAL, 2000000000)],
        [(INTERVAL, 1073741825)],
        [(INTERVAL, 4294967295)],
        [(LONGEST, 4294967295)],
        [(INTERVAL, 2), (LONGEST, 4294967295)],
        [(INTERVAL, 3), (LONGEST, 4294967294)],
    ],
)
def test_deadly(lines):
    last = [number for number, (keyword, value) in enumerate(lines, 1) if keyword == INTERVAL] or [1]
    assert [problem.line for problem in faults_of(conf_of(*lines)) if problem.code == "hang"] == last[-1:]
    assert not [problem for problem in faults_of(conf_of(*lines, release=(0, 9, 4))) if problem.code == "hang"]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(INTERVAL, "abc"), (INTERVAL, 7)],
        [(INTERVAL, 0), (INTERVAL, 7)],
        [(INTERVAL, 7), (INTERVAL, "abc")],
        [(INTERVAL, "abc"), (LONGEST, 20)],
        [(INTERVAL, 1431655765)],
        [(LONGEST, 0)],
        [(LONGEST, "abc"), (INTERVAL, 7)],
        [(INTERVAL, 3), (LONGEST, 2147483649)],
        [(INTERVAL, 4294967294), (LONGEST, 4294967294)],
    ],
)
def test_harmless(lines):
    assert deadly_interval(conf_of(*lines)) is None
