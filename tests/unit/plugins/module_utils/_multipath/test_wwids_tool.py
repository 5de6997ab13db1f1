# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wwids file: many in one write, none twice, nothing lost."""

from __future__ import annotations

import fcntl
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import wwids_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.names_text import parse_wwids
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.wwids_tool import HEADER, Wwids

wwids = st.lists(st.from_regex(r"[0-9a-zA-Z_.-]{1,20}", fullmatch=True), max_size=5)


def test_a_new_file(tmp_path):
    Wwids(str(tmp_path / "multipath")).register(["3a", "3b", "3a"])
    file = tmp_path / "multipath/wwids"
    assert file.read_text() == f"{HEADER}/3a/\n/3b/\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays(tmp_path):
    file = tmp_path / "wwids"
    file.write_bytes(b"# own\n/3a/\n#3c/\n/3\xff/\n/3d")
    Wwids(str(tmp_path)).register(["3a", "3b"])
    assert file.read_bytes() == b"# own\n/3a/\n#3c/\n/3\xff/\n/3d\n/3b/\n"
    Wwids(str(tmp_path)).register(["3a", "3b"])
    assert file.read_bytes().count(b"/3b/") == 1


@given(wwids, wwids)
def test_registered_is_read(tmp_path_factory, first, second):
    directory = tmp_path_factory.mktemp("etc")
    for asked in (first, second, first):
        Wwids(str(directory)).register(asked)
    file = directory / "wwids"
    text = file.read_text() if file.exists() else ""
    assert parse_wwids(text) == {*first, *second}
    assert text.count("\n/") == len({*first, *second})


def test_nothing_to_do_touches_nothing(tmp_path):
    Wwids(str(tmp_path)).register([])
    assert not (tmp_path / "wwids").exists()


def test_waits_for_the_lock(tmp_path, monkeypatch):
    """A lock belongs to a process, so another one holds it."""
    file = tmp_path / "wwids"
    file.write_text("")
    holder = "import fcntl, sys; file = open(sys.argv[1], 'r+'); fcntl.lockf(file, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", holder, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        monkeypatch.setattr(wwids_tool, "LOCK_SECONDS", 0)
        with pytest.raises(SanError, match="locked by another process"):
            Wwids(str(tmp_path)).register(["3a"])
        process.stdin.close()
        monkeypatch.setattr(wwids_tool, "LOCK_SECONDS", 10)
        Wwids(str(tmp_path)).register(["3a"])
    assert parse_wwids(file.read_text()) == {"3a"}
    with open(file, "r+", encoding="utf-8") as again:
        fcntl.lockf(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_directory_in_its_place(tmp_path):
    (tmp_path / "wwids").mkdir()
    with pytest.raises(SanError, match="cannot be written"):
        Wwids(str(tmp_path)).register(["3a"])
