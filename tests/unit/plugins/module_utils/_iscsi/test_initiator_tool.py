# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as an initiator, on a sysfs and a proc in a directory."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.initiator_tool import Initiator
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.process_tool import START_FIELD


@pytest.fixture
def host(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    return Initiator(str(tmp_path / "sys"), str(tmp_path / "proc"))


def make_process(host, pid, command, age):
    ticks = int((time.clock_gettime(time.CLOCK_BOOTTIME) - age) * os.sysconf("SC_CLK_TCK"))
    directory = os.path.join(host.proc, str(pid))
    os.mkdir(directory)
    with open(os.path.join(directory, "comm"), "w", encoding="utf-8") as comm, open(os.path.join(directory, "stat"), "w", encoding="utf-8") as file:
        comm.write(f"{command}\n")
        file.write(f"{pid} ({command}) " + " ".join(["S"] + ["0"] * (START_FIELD - 1) + [str(ticks), "0"]))


def test_sessions(host, tmp_path):
    assert host.sessions() == {}
    for number, name in ((1, "iqn.a\n"), (2, None)):
        session = tmp_path / f"sys/class/iscsi_session/session{number}"
        session.mkdir(parents=True)
        if name:
            (session / "initiatorname").write_text(name)
    assert host.sessions() == {"session1": "iqn.a", "session2": None}


@pytest.mark.parametrize("command, age, older", [("iscsid", 100, True), ("iscsid", 10, False), ("is) csid", 100, False)])
def test_an_iscsid_that_has_not_read_the_file(host, tmp_path, command, age, older):
    path = tmp_path / "initiatorname.iscsi"
    path.write_text("")
    changed = time.time() - 50
    os.utime(path, (changed, changed))
    make_process(host, 7, command, age)
    assert host.daemon_is_older_than(str(path)) is older
    assert host.daemon_is_older_than(str(tmp_path / "none")) is False
    assert host.daemon_is_older_than() is False


def test_nothing_is_written_when_something_is_missing(host):
    module = MagicMock()
    with pytest.raises(SanError, match="/none: no such directory. Install open-iscsi .*iscsi-initiator-utils.* or correct initiator_file"):
        host.write(module, [SimpleNamespace(path="/none/x")], [host.missing_directory("/none/x")], backup=False)
    assert module.mock_calls == []
