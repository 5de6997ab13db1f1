# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names by the RFCs, and the file that holds one."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import name_text
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import render_conf

LONGEST = "iqn.2001-04.com.example:".ljust(name_text.MAX_NAME_BYTES, "x")


@pytest.mark.parametrize(
    "name",
    ["iqn.1993-08.org.debian:01:d933dd63060", "iqn.2001-04.com.example", "eui.02004567A425678D", "naa.52004567BA64678D", "naa." + "6" * 32, LONGEST],
)
def test_valid(name):
    name_text.check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "host1",
        "IQN.2001-04.com.example",
        "iqn.2001-04.com.Example",
        "iqn.2001-4.com.example",
        "iqn.2001-13.com.example",
        "iqn.2001-00.com.example",
        "iqn.2001-04",
        "iqn.2001-04.",
        "iqn.2001-04.com..example",
        "iqn.2001-04.com.example:",
        "iqn.2001-04.com.example:a b",
        "iqn.2001-04.com.example:a_b",
        "iqn.2001-04.com.example:a\n",
        "iqn.2001-04.com.-example",
        "iqn.2001-04.com.example:stra\u00dfe",
        "eui.02004567A425678",
        "eui.02004567A425678G",
        "eui.02004567A425678D\n",
        "naa." + "6" * 17,
        LONGEST + "x",
    ],
)
def test_invalid(name):
    with pytest.raises(SanError, match="no valid initiator name"):
        name_text.check_name(name)


@pytest.mark.parametrize("alias", ["", "host-1.rack7", "h\u00f4te", "x" * name_text.MAX_ALIAS_BYTES])
def test_aliases(alias):
    name_text.check_alias(alias)


@pytest.mark.parametrize("name", ["iqn.2026-01.org.example:host1\n", "eui.0123456789abcdef\r\n", "iqn.2026-01.org.example:a b", "\tx"])
def test_a_name_with_a_line_break(name):
    with pytest.raises(SanError, match=r"a blank or a line break in it. The filter trim") as caught:
        name_text.check_name(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("alias", [" a", "rack reboot", "a\nb", "a\tb", "$(reboot)", "Bob's", "a InitiatorName=b", "x" * (name_text.MAX_ALIAS_BYTES + 1)])
def test_refused_aliases(alias):
    with pytest.raises(SanError, match="alias: "):
        name_text.check_alias(alias)


@pytest.mark.parametrize(
    "text, name",
    [
        ("", None),
        ("InitiatorName=a\nInitiatorName=b\n", "a"),
        ("InitiatorName=\nInitiatorName=b\n", "b"),
        ("  InitiatorName = a \r\n", "a"),
        ("#InitiatorName=a\n", None),
        ("InitiatorName=a", "a"),
        ("GenerateName=yes\n", None),
    ],
)
def test_the_name_in_force(text, name):
    assert name_text.current_name(name_text.parse_names(text, "f")) == name


@pytest.mark.parametrize(
    "before, after",
    [
        ("", "InitiatorName=new\n"),
        ("# c\n  InitiatorName = old\nInitiatorAlias=x\n", "# c\nInitiatorName=new\nInitiatorAlias=x\n"),
        ("InitiatorName=a\n# c\nInitiatorName=b\n", "InitiatorName=new\n# c\n"),
        ("# InitiatorName=a\r\n# c\r\n", "# InitiatorName=a\r\nInitiatorName=new\r\n# c\r\n"),
        ("InitiatorAlias=x", "InitiatorAlias=x\nInitiatorName=new\n"),
    ],
)
def test_one_line_for_all_readers(before, after):
    lines = name_text.set_name_key(name_text.parse_names(before, "f"), name_text.NAME, "new")
    assert render_conf(lines) == after
    assert name_text.is_settled(lines, name_text.NAME, "new")


@pytest.mark.parametrize("line", ["MyInitiatorName=a", "InitiatorAlias=see InitiatorName=b"])
def test_a_line_that_iscsid_misreads(line):
    with pytest.raises(ParseError, match="f, line 2: iscsid takes this line for InitiatorName"):
        name_text.parse_names(f"# c\n{line}\n", "f")
