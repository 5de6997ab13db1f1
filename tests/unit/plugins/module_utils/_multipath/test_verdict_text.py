# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and answers of multipath and multipathd."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import (
    mended_listing,
    parse_daemon_state,
    parse_release,
    parse_verdict,
)

OLD = "3380.985899 | /etc/multipath.conf line 2, invalid keyword in the defaults section: foo\n"


def test_verdict():
    verdict = parse_verdict(0, "defaults {\n}\n", OLD + "Nov 23 10:19:27 | missing '}' at end of /etc/multipath.conf\n")
    assert verdict.accepted
    assert verdict.complaints == (
        "/etc/multipath.conf line 2, invalid keyword in the defaults section: foo",
        "missing '}' at end of /etc/multipath.conf",
    )


def test_messages_between_the_lines_of_the_listing():
    verdict = parse_verdict(0, "Nov 23 10:19:27 | f line 2, invalid keyword: foo\ndefaults {\n}\n", "")
    assert (verdict.complaints, verdict.effective) == (("f line 2, invalid keyword: foo",), "defaults {\n}\n")


def test_moved_complaint_is_not_new():
    before, after = parse_verdict(0, "", OLD), parse_verdict(0, "", OLD.replace("line 2", "line 9"))
    assert after.new_against(before) == ()


def test_second_complaint_of_a_kind_is_new():
    before, after = parse_verdict(0, "", OLD), parse_verdict(0, "", OLD + OLD.replace("line 2", "line 3"))
    assert after.new_against(before) == after.complaints[1:]


def test_advice_is_no_complaint():
    said = '1.0 | f line 2, "bindings_file" is deprecated and will be disabled in a future release\n2.0 | f line 3: ignoring deprecated option "x"\n'
    assert parse_verdict(0, "", said).new_against(parse_verdict(0, "", "")) == ('f line 3: ignoring deprecated option "x"',)


@pytest.mark.parametrize(
    "said",
    [
        """NETAPP/LUN: option 'features "1 queue_if_no_path"' is deprecated, please use 'no_path_retry queue' instead""",
        """NETAPP/LUN: option 'features "1 retain_attached_hw_handler"' is deprecated""",
        "NETAPP/LUN: ignoring feature 'queue_if_no_path' because no_path_retry is set to '30'",
        "NETAPP/LUN: ignoring feature 'retain_attached_hw_handler' because retain_attached_hw_handler is set to 'off'",
    ],
)
def test_a_feature_that_another_keyword_stands_for_is_no_complaint(said):
    assert parse_verdict(0, "", f"1.0 | {said}\n").new_against(parse_verdict(0, "", "")) == ()


@pytest.mark.parametrize("merges", [True, False])
def test_a_second_stanza_of_a_wwid_is_a_complaint_where_they_are_not_merged(merges):
    verdict = parse_verdict(0, "", "1.0 | merge_mptable: duplicate multipath config section for 3600a\n")
    assert verdict.new_against(parse_verdict(0, "", ""), merges) == (() if merges else verdict.complaints)


def test_devices_of_half_a_name_are_listed_without_their_braces():
    listing = 'blacklist {\n\tdevice {\n\t\tvendor "v"\n\tdevice {\n\t\tvendor "a"\n\t\tproduct "b"\n\t}\n\t\tproduct "p"\n\t}\n\twwid "w"\n}\n'
    assert mended_listing(listing) == (
        'blacklist {\n\tdevice {\n\t\tvendor "v"\n\t}\n\tdevice {\n\t\tvendor "a"\n\t\tproduct "b"\n\t}\n\tdevice {\n\t\tproduct "p"\n\t}\n\twwid "w"\n}\n'
    )


def test_devices_of_half_a_name_are_listed_with_a_null():
    listing = 'blacklist {\n\tdevice {\n\t\tvendor "v"\n\t\tproduct "(null)"\n\t}\n\tdevice {\n\t\tvendor "(null)"\n\t\tproduct "p"\n\t}\n}\n'
    assert mended_listing(listing) == 'blacklist {\n\tdevice {\n\t\tvendor "v"\n\t}\n\tdevice {\n\t\tproduct "p"\n\t}\n}\n'


@pytest.mark.parametrize("attributes", ["sd:ID_SERIAL", "sd:ID_SERIAL dasd:ID_UID"])
def test_uid_attrs_are_listed_without_quotes(attributes):
    listing = f'defaults {{\n\tuid_attrs {attributes}\n\tprio "const"\n}}\n'
    mended = mended_listing(listing)
    assert mended == listing.replace(attributes, f'"{attributes}"')
    assert mended_listing(mended) == mended


def test_release():
    assert parse_release("multipath-tools v0.9.4 (12/19, 2022)\nUsage:\n") == (0, 9, 4)


def test_no_release():
    with pytest.raises(ParseError, match="need to be root"):
        parse_release("need to be root\n")


@pytest.mark.parametrize(("answer", "state"), [("pid 123 idle\n", "idle"), ("pid 4 configure", "configure"), ("timeout\n", None)])
def test_daemon_state(answer, state):
    assert parse_daemon_state(answer) == state


def test_a_crash_is_named():
    # 0.7.9, 0.8.3 and 0.8.5 crash on some files with a device section that lacks its vendor or product.
    verdict = parse_verdict(-11, "", "1.0 | f line 3, incomplete device\n")
    assert (verdict.accepted, verdict.complaints) == (False, ("f line 3, incomplete device", "multipath -t was ended by signal 11"))
