# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in directories of their own."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.built_tool import COMMON_KEY, VARYING_KEYS, check_known, find_root, foreign_keys
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.settings_text import KINDS

SCRIPT = b'#!/bin/sh\necho "$@" >> /run/started; exec /usr/sbin/iscsiadm "$@"\n'
OF_2_1_8 = b"\0/second/nodes\0node.session.cmds_max\0node.session.auth.chap_algs\0node.session.scan\0node.session.reopen_max\0node.conn[%d].tcp.window_size\0"
CONN, SESS = "node.session.conn_reopen_log_freq", "node.session.sess_reopen_log_freq"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts programs of these contents into the PATH, in this order."""

    def put(*contents):
        directories = []
        for number, content in enumerate(contents):
            program = tmp_path / str(number) / "iscsiadm"
            program.parent.mkdir(exist_ok=True)
            program.write_bytes(content)
            program.chmod(0o755)
            directories.append(str(program.parent))
        monkeypatch.setenv("PATH", ":".join(directories))
        monkeypatch.setattr(_command, "SYSTEM_DIRECTORIES", "")

    return put


def test_the_program_knows_its_database(install, tmp_path):
    roots = [str(tmp_path / name) for name in ("first", "second")]
    install()
    assert find_root(roots) == roots[0]
    (tmp_path / "second/nodes").mkdir(parents=True)
    assert find_root(roots) == roots[1]
    install(f"{roots[0]}/nodes".encode())
    assert find_root(roots) == roots[0]


def test_a_script_in_its_place_is_passed_over(install):
    install(SCRIPT, OF_2_1_8)
    assert find_root(("/first", "/second")) == "/second"
    assert foreign_keys() == {CONN, SESS, "node.conn[0].tcp.congestion_control"}


def test_nothing_is_foreign_when_nobody_can_tell(install):
    install()
    assert foreign_keys() == frozenset()
    install(SCRIPT)
    assert foreign_keys() == frozenset()


def test_every_key_is_one_that_can_be_set():
    assert {COMMON_KEY, *VARYING_KEYS} <= KINDS.keys()


def test_a_key_of_another_release_is_refused_with_the_name_that_it_has_here():
    check_known({CONN: None, "node.session.scan": "auto"}, frozenset({CONN}))
    with pytest.raises(SanError, match="conn_reopen_log_freq: the open-iscsi of this host has no such key. It is called node.session.sess_reopen_log_freq"):
        check_known({CONN: "1"}, frozenset({CONN}))
    with pytest.raises(SanError, match="Leave it out, or install"):
        check_known({CONN: "1"}, frozenset({CONN, SESS}))
