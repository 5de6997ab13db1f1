# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sections of a configuration have for a device."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import is_blacklisted, value_in_force

XPORT = ("NETAPP", "Universal Xport")
ENTRY = "{section} {{\n\tdevice {{\n\t\t{lines}\n\t}}\n}}\n"


def entry(*lines, section="blacklist"):
    return ENTRY.format(section=section, lines="\n\t\t".join(lines))


@pytest.mark.parametrize(
    ("text", "blacklisted"),
    [
        ("", False),
        (entry('vendor "(NETAPP|LSI)"', 'product "Universal Xport"'), True),
        (entry('vendor "DELL"', 'product "Universal Xport"'), False),
        (entry('product "Universal Xport"'), True),
        (entry('vendor "NETAPP"'), True),
        (entry('vendor "!NETAPP"'), False),
        (entry('vendor "!DELL"'), True),
        (entry('vendor "NETAPP"') + entry('product "Xport"', section="blacklist_exceptions"), False),
        (entry('vendor "NETAPP"') + entry('product "LUN"', section="blacklist_exceptions"), True),
        ('blacklist {\n\twwid "NETAPP"\n}\n', False),
    ],
)
def test_a_device_of_a_blacklist(text, blacklisted):
    assert is_blacklisted(parse_conf(text), *XPORT) is blacklisted


OLD_FIRMWARE = 'defaults {\n\tprio const\n}\ndevices {\n\tdevice {\n\t\tvendor "Qsan"\n\t\tproduct ".*"\n\t\trevision "^1"\n\t\tprio alua\n\t}\n}\n'


@pytest.mark.parametrize(("revision", "value"), [("1.20", "alua"), ("2.10", "const"), (None, "const")])
def test_a_section_for_a_revision(revision, value):
    assert value_in_force((parse_conf(OLD_FIRMWARE),), "prio", "Qsan", "P600Q", revision=revision) == value
