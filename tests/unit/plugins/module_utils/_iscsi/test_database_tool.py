# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record database, on files that iscsiadm 2.1.8 has written."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import (
    find_left_behind,
    find_strays,
    node_path,
    read_discoveries,
    read_ifaces,
    read_nodes,
)
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import Portal

IQN = "iqn.2004-08.com.q"
PASSWORD = "node.session.auth.password"


def test_reads_every_kind_of_record(root):
    first, second, third = read_nodes(str(root))
    assert (first.portal, first.tpgt, first.spelling) == (Portal("2001:db8::1"), 1, "[2001:db8:0:0::1]:3260")
    assert (second.portal, second.tpgt, second.iface) == (Portal("10.0.0.2"), None, "default")
    assert (third.portal, third.tpgt) == (Portal("some.host", 3261), 2)
    assert not any(record.broken for record in (first, second, third))
    assert [record.name for record in read_ifaces(str(root))] == ["eth9"]
    assert [(record.name, record.kind) for record in read_discoveries(str(root))] == [("10.1.1.1:3260", "sendtargets")]
    (root / "send_targets/10.1.1.1,3260").rename(root / "send_targets/2001:0DB8:0:0::1,3260")
    assert [(record.name, record.spelling) for record in read_discoveries(str(root))] == [("[2001:db8::1]:3260", "[2001:0DB8:0:0::1]:3260")]


def test_the_example_of_open_iscsi_is_no_interface(root):
    (root / "ifaces" / "iface.example").write_text("# iface.transport_name = tcp\n", encoding="utf-8")
    assert [record.name for record in read_ifaces(str(root))] == ["eth9"]


def test_no_database_is_an_empty_one(tmp_path):
    assert read_nodes(str(tmp_path)) == read_ifaces(str(tmp_path)) == read_discoveries(str(tmp_path)) == ()


@pytest.mark.parametrize("text", ["", "# BEGIN RECORD 2.1.8\n", "# BEGIN RECORD 2.1.8\nnode.name = iqn.other\n# END RECORD\n"])
def test_a_broken_record_is_named_and_the_others_are_read(root, text):
    path = root / "nodes" / f"{IQN}:c" / "some.host,3261,2" / "default"
    path.write_text(text, encoding="utf-8")
    by_path = {record.path: record for record in read_nodes(str(root))}
    assert by_path.pop(str(path)).broken
    assert len(by_path) == 2 and not any(record.broken for record in by_path.values())


@pytest.mark.parametrize(
    "old, new",
    [
        ("node.conn[0].port = 3260\n", ""),
        ("node.conn[0].port = 3260", "node.conn[0].port=3260"),
        ("iface.iscsi_ifacename = default\n", ""),
        ("# END RECORD", "note to self\n# END RECORD"),
    ],
)
def test_what_open_iscsi_reads_is_not_broken(root, old, new):
    path = root / "nodes" / f"{IQN}:a" / "2001:db8:0:0::1,3260,1" / "default"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert old in text and not read_nodes(str(root))[0].broken


def test_a_record_that_says_another_place_has_its_values(root):
    path = root / "nodes" / f"{IQN}:a" / "2001:db8:0:0::1,3260,1" / "default"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"node.name = {IQN}:a", "node.name = iqn.b"), encoding="utf-8")
    record = read_nodes(str(root))[0]
    assert record.broken and record.values[PASSWORD]
    path.write_text(text.replace("iface.iscsi_ifacename = default", "iface.iscsi_ifacename = eth1"), encoding="utf-8")
    record = read_nodes(str(root))[0]
    assert record.broken and record.values == {}


def test_a_record_that_was_cut_off_is_broken_or_has_its_secret(root):
    path = root / "nodes" / f"{IQN}:a" / "2001:db8:0:0::1,3260,1" / "default"
    text = path.read_text(encoding="utf-8")
    whole, broken = read_nodes(str(root))[0].values, []
    for cut in range(len(text)):
        path.write_text(text[:cut], encoding="utf-8")
        record = read_nodes(str(root))[0]
        broken.append(bool(record.broken))
        assert record.broken or record.values[PASSWORD] == whole[PASSWORD]
    assert broken[0] and not broken[-1] and broken == sorted(broken, reverse=True)


def test_what_is_no_file_or_cannot_be_read(root):
    (root / "ifaces" / "odd").mkdir()
    assert [(record.name, record.broken) for record in read_ifaces(str(root))] == [("eth9", None), ("odd", "cannot be read: Is a directory")]
    portal = root / "nodes" / f"{IQN}:c" / "some.host,3261,2"
    (portal / "odd").mkdir()
    assert len(read_nodes(str(root))) == 3 and find_strays(str(root)) == (str(portal / "odd"),)
    (portal / "default").unlink()
    # What a link that leads nowhere but to itself has in common with a broken disk.
    (portal / "default").symlink_to("default")
    broken = [record.broken for record in read_nodes(str(root)) if record.broken]
    assert len(broken) == 1 and "cannot be read" in broken[0]


def test_a_file_in_the_place_of_a_target_is_a_stray(root):
    """At boot, iscsiadm logs in to nothing then."""
    (root / "nodes" / "notes.txt").touch()
    assert find_strays(str(root)) == (str(root / "nodes" / "notes.txt"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("iface.iscsi_ifacename = eth9\niface.transport_name = tcp\n", "iface.iscsi_ifacename is eth9 in it, not eth2"),
        ("iface.iscsi_ifacename = eth2\n", "iface.transport_name is missing in it"),
        ("iface.transport_name = tcp\n", None),
    ],
    ids=["copied", "cut off", "without its name"],
)
def test_an_interface_that_iscsiadm_has_not_by_that_name(root, text, said):
    """By that of what it was copied from, iscsiadm makes the node records of that anew."""
    (root / "ifaces" / "eth2").write_text(f"# BEGIN RECORD 2.1.8\n{text}# END RECORD\n", encoding="utf-8")
    assert [(record.name, record.broken) for record in read_ifaces(str(root))] == [("eth2", said), ("eth9", None)]


def test_records_at_the_place_of_another_build(root, tmp_path):
    own, other = str(root), tmp_path / "other"
    roots = (own, str(other))
    assert find_left_behind(own, roots) == ()
    (other / "nodes").mkdir(parents=True)
    assert find_left_behind(own, roots) == ()
    (other / "nodes" / IQN).mkdir()
    assert find_left_behind(own, roots) == (str(other / "nodes"),)
    assert find_left_behind(own, ("/somewhere", str(other))) == ()
    # Some keep one of the two as a link to the other.
    (tmp_path / "linked").symlink_to(root)
    assert find_left_behind(own, (own, str(tmp_path / "linked"))) == ()


def test_the_path_of_a_record_is_where_it_was_read(root):
    for record in read_nodes(str(root)):
        assert node_path(str(root), record.target, record.address, record.portal.port, record.tpgt, record.iface) == record.path


def test_a_key_of_another_open_iscsi_breaks_a_record_and_no_value(root):
    whole = read_nodes(str(root))
    foreign = read_nodes(str(root), frozenset({"node.session.scan"}))
    assert [record.foreign for record in whole] == [()] * 3
    for known, record in zip(whole, foreign):
        if "node.session.scan" in known.values:
            assert record.foreign == ("node.session.scan",) and "no key of the open-iscsi of this host" in record.broken and record.values == known.values
    assert any(record.foreign for record in foreign)
