# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An error of ours is one message; any other exception is a defect and stays visible."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from unittest.mock import MagicMock

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._ansible import run_module, warn
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError


@pytest.fixture
def module():
    fake = MagicMock()
    fake.fail_json.side_effect = SystemExit(1)
    fake.exit_json.side_effect = SystemExit(0)
    return fake


def fails_with(error):
    def work(module):
        raise error

    return work


def test_result_is_passed_on(module):
    with pytest.raises(SystemExit, match="0"):
        run_module(module, lambda given: {"changed": given is not module})
    module.exit_json.assert_called_once_with(changed=False)


def test_error_becomes_the_message_with_its_facts(module):
    with pytest.raises(SystemExit, match="1"):
        run_module(module, fails_with(SanError("portal 10.10.10.100:3260: refused", failed_portals=["p"])))
    module.fail_json.assert_called_once_with(msg="portal 10.10.10.100:3260: refused", failed_portals=["p"])


def test_a_defect_shows_its_traceback(module):
    with pytest.raises(KeyError):
        run_module(module, fails_with(KeyError("sid")))
    module.fail_json.assert_not_called()


def test_bytes_of_another_encoding_lose_no_result(module):
    with pytest.raises(SystemExit, match="0"):
        run_module(module, lambda given: {"actions": ["rename \udce4"], "diff": [{"after": "\udce4"}], "changed": True, "wwid": None})
    module.exit_json.assert_called_once_with(actions=["rename \\xe4"], diff=[{"after": "\\xe4"}], changed=True, wwid=None)


def test_bytes_of_another_encoding_lose_no_error(module):
    with pytest.raises(SystemExit, match="1"):
        run_module(module, fails_with(SanError("3\udce4: has the alias qsan", failed_portals=("\udcff",))))
    module.fail_json.assert_called_once_with(msg="3\\xe4: has the alias qsan", failed_portals=("\\xff",))


def test_bytes_of_another_encoding_lose_no_warning(module):
    warn(module, ("prio_args \udce4", "b"))
    assert [call.args[0] for call in module.warn.call_args_list] == ["prio_args \\xe4", "b"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_module_that_is_ended_puts_back_what_it_holds(module, number):
    put_back = []

    def work(given):
        try:
            os.kill(os.getpid(), number)
        finally:
            put_back.append(number)

    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ended:
            run_module(module, work)
    finally:
        signal.signal(number, before)
    assert (put_back, ended.value.code) == ([number], 128 + number)


def test_a_signal_that_is_ignored_stays_ignored(module):
    """As for a run under nohup(1)."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit, match="0"):
            run_module(module, lambda given: os.kill(os.getpid(), signal.SIGHUP) or {})
    finally:
        signal.signal(signal.SIGHUP, before)


COMPILED = """
import sys, zipimport
compiled, compile_source = [], zipimport._compile_source
zipimport._compile_source = lambda path, source: compiled.append(path) or compile_source(path, source)
import {own}
sys.path.insert(0, sys.argv[1])
import sent
print(len(compiled))
"""


@pytest.mark.parametrize("own, times", [("zipimport", "2"), ("ansible_collections.linuxsan.host.plugins.module_utils._ansible", "1")])
def test_a_file_of_the_archive_is_compiled_once(tmp_path, own, times):
    """The first case holds what CPython does by itself."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("sent.py", "x = 1\n")
    told = subprocess.run(
        [sys.executable, "-c", COMPILED.format(own=own), str(tmp_path / "a.zip")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [times]
