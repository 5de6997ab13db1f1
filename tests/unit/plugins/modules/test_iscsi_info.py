# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iscsi_info reads files alone."""

from __future__ import annotations

import pathlib

from ansible_collections.linuxsan.host.plugins.modules import iscsi_info

FIXTURES = pathlib.Path(__file__).parents[1] / "module_utils" / "_iscsi" / "fixtures"


def test_a_host_without_open_iscsi(tmp_path):
    result = iscsi_info.work(None, str(tmp_path), str(tmp_path), str(tmp_path / "none"))
    assert result == {"changed": False, "initiator": {"name": None, "alias": None}, "ifaces": [], "nodes": [], "sessions": []}


def test_records_without_secrets(tmp_path):
    record = tmp_path / "nodes/iqn.2004-08.com.q:a/2001:db8:0:0::1,3260,1/default"
    record.parent.mkdir(parents=True)
    record.write_bytes((FIXTURES / "iscsiadm-2.1.8-node-chap.txt").read_bytes())
    broken = tmp_path / "nodes/iqn.2004-08.com.q:b/10.0.0.1,3260,1/default"
    broken.parent.mkdir(parents=True)
    broken.touch()
    name = tmp_path / "initiatorname.iscsi"
    name.write_text("# InitiatorName=iqn.no\nInitiatorName=iqn.1993-08.org.debian:01:x\nInitiatorAlias = web 1\n", encoding="utf-8")
    result = iscsi_info.work(None, str(tmp_path), str(tmp_path), str(name))
    first, second = result["nodes"]
    assert (first["portal"], first["authmethod"], first["broken"]) == ("[2001:db8::1]:3260", "CHAP", None)
    assert (second["broken"], second["settings"]) == ("empty", {})
    assert 'p w#"x$' not in repr(result)
    assert result["initiator"] == {"name": "iqn.1993-08.org.debian:01:x", "alias": "web 1"}
