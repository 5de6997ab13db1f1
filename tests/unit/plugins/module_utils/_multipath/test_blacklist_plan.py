# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths new files blacklist, by the rules of libmultipath/blacklist.c filter_path."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.blacklist_plan import PathFacts, find_hits, left_alone, lists_of, tell_hit
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf, parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice

MAP = DmDevice("dm-0", "qsan", "mpath-3600a", slaves=("sdb", "sdc"))
PATHS = tuple(PathFacts(name, "3600a", "Qsan", "P600Q", "scsi:iscsi", ("ID_SERIAL", "SCSI_IDENT_SERIAL")) for name in ("sdb", "sdc"))


def hits(after, before="", paths=PATHS):
    """The Hits of two texts."""
    return find_hits(*(lists_of((parse_conf(text),), ()) for text in (before, after)), ((MAP, paths),))


def lists(blacklist, exceptions=""):
    """A text of both sections."""
    return f"blacklist {{\n{blacklist}\n}}\nblacklist_exceptions {{\n{exceptions}\n}}\n"


DEVICE = "device {{\nvendor {}\nproduct {}\n}}".format


@pytest.mark.parametrize(
    ("text", "entry", "paths"),
    [
        (lists('devnode "^sdb$"'), "blacklist[devnode,^sdb$]", ("sdb",)),
        (lists('devnode "!^sdb$"'), "blacklist[devnode,!^sdb$]", ("sdc",)),
        (lists("wwid 6"), "blacklist[wwid,6]", ("sdb", "sdc")),
        (lists(DEVICE("Qsan", "^P")), "blacklist[device,Qsan,^P]", ("sdb", "sdc")),
        (lists("protocol scsi"), "blacklist[protocol,scsi]", ("sdb", "sdc")),
        (lists("property SERIAL"), "blacklist[property,SERIAL]", ("sdb", "sdc")),
        (lists("", "property ID_WWN"), "its lack of a property of blacklist_exceptions", ("sdb", "sdc")),
        # An exception of another kind does not help, and the first kind that blacklists counts.
        (lists("wwid .*\ndevnode .*", "wwid 3600a"), "blacklist[devnode,.*]", ("sdb", "sdc")),
        # The properties are looked at in their order.
        (lists("property ID_", "property SCSI_IDENT_"), "blacklist[property,ID_]", ("sdb", "sdc")),
    ],
)
def test_hit(text, entry, paths):
    (hit,) = hits(text)
    assert (hit.device, hit.entry, hit.paths) == (MAP, entry, paths)
    assert hits(text, before=text) == ()
    assert hits(text, before=text + "defaults {\nprio alua\n}\n" + lists("wwid other")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        lists("devnode ^sda$\nwwid ^6\nprotocol fcp\nproperty ^SERIAL"),
        lists(DEVICE("Qsan", "^F")),
        lists("wwid .*", "wwid ^3600"),
        lists("property SERIAL", "property ID_SERIAL"),
        lists("devnode ["),
        "devices {\ndevice {\nvendor Qsan\nproduct P\n}\n}\n",
    ],
)
def test_no_hit(text):
    assert hits(text) == ()


def test_what_is_not_known_of_a_path_fits_nothing():
    bare = (PathFacts("sdb", "3600a"),)
    assert hits(lists("protocol .*\n" + DEVICE(".*", ".*"), "property ID_WWN"), paths=bare) == ()


def test_a_map_in_use_and_an_idle_one():
    (hit,) = hits(lists("wwid 6"))
    assert tell_hit(hit, ("mounted on /srv",)).startswith("qsan (sdb, sdc) is mounted on /srv, and would be blacklisted by blacklist[wwid,6]")
    assert "in no use: multipathd removes the map" in tell_hit(hit, ())


XPORT = Lun("3600b", "NETAPP", "Universal Xport")
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
    assert bool(left_alone(lists_of((parse_conf(text),), ()), [XPORT])) is blacklisted


# multipath -t lists the two devices as one.
TWO = entry('vendor "Qsan"') + entry('product "^F"')
ONE = entry('vendor "Qsan"', 'product "^F"')


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (TWO, [("Qsan", None), (None, "^F")]),
        (TWO + ONE, [("Qsan", None), (None, "^F")]),
        (ONE, [("Qsan", "^F")]),
        (entry('vendor "Qsan"'), [("Qsan", "^F")]),
        (entry('vendor "Qsan"') + entry('product "^F"', section="blacklist_exceptions"), [("Qsan", "^F")]),
    ],
)
def test_two_devices_that_are_listed_as_one(files, told):
    lists = lists_of((parse_conf(ONE),), (parse_conf(files),))
    assert lists == {("blacklist", "device"): tuple(told)}
    lost = find_hits({}, lists, ((MAP, PATHS),))
    assert [hit.entry for hit in lost] == (["blacklist[device,Qsan]"] if files.startswith(TWO) else [])


def test_a_device_that_is_listed_with_a_null():
    listing = 'blacklist {\n\tdevice {\n\t\tvendor "Qsan"\n\t\tproduct "(null)"\n\t}\n}\n'
    lists = lists_of((parse_listing(listing),), (parse_conf(entry('vendor "Qsan"')),))
    assert [hit.entry for hit in find_hits({}, lists, ((MAP, PATHS),))] == ["blacklist[device,Qsan]"]


def test_two_devices_or_one_in_a_listing_of_unknown_files():
    listing = parse_conf(ONE + entry('vendor "Qsan"', 'product "^P"', section="blacklist_exceptions"))
    assert lists_of((listing,), None) == {
        ("blacklist", "device"): (("Qsan", "^F"),),
        ("blacklist_exceptions", "device"): (("Qsan", None), (None, "^P")),
    }
