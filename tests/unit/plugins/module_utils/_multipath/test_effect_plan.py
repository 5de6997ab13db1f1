# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sections of a configuration have for a device."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effect_plan import value_in_force

OLD_FIRMWARE = 'defaults {\n\tprio const\n}\ndevices {\n\tdevice {\n\t\tvendor "Qsan"\n\t\tproduct ".*"\n\t\trevision "^1"\n\t\tprio alua\n\t}\n}\n'


@pytest.mark.parametrize(("revision", "value"), [("1.20", "alua"), ("2.10", "const"), (None, "const")])
def test_a_section_for_a_revision(revision, value):
    assert value_in_force((parse_conf(OLD_FIRMWARE),), "prio", "Qsan", "P600Q", revision=revision) == value


@pytest.mark.parametrize(
    ("vendor", "product", "fits"),
    [
        ("Qsan", "P[[:digit:]]+Q$", True),
        ("Qsan", "^P[[:alpha:]]", False),
        ("^(Qsan|DELL)$", ".*", True),
        ("san", "600", True),
        ("Qsan", "(?i)p600q", False),
        # Nothing is inverted here, other than in a blacklist (libmultipath/config.c hwe_regmatch).
        ("!DELL", ".*", False),
        ("!Qsan", ".*", False),
        ("Qsan", "[", False),
    ],
)
def test_a_section_is_for_what_the_c_library_finds(vendor, product, fits):
    text = f'devices {{\n\tdevice {{\n\t\tvendor "{vendor}"\n\t\tproduct "{product}"\n\t\tprio alua\n\t}}\n}}\n'
    assert value_in_force((parse_conf(text),), "prio", "Qsan", "P600Q") == ("alua" if fits else None)


def test_a_section_is_for_the_vendor_that_has_its_exclamation_mark():
    text = 'devices {\n\tdevice {\n\t\tvendor "!Qsan"\n\t\tproduct ".*"\n\t\tprio alua\n\t}\n}\n'
    assert value_in_force((parse_conf(text),), "prio", "!Qsan", "P600Q") == "alua"
