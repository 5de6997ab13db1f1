# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of multipathd: its answers count, not its exit status."""

from __future__ import annotations

import time

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing, Result
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import multipathd_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd, MultipathdError


def answering(stdout, rc=0, stderr=""):
    """A run that always answers the same, and the argument lists it was given."""
    asked = []

    def run(argv, timeout):
        assert timeout > 0
        asked.append(argv)
        return Result(tuple(argv), rc, stdout, stderr)

    return run, asked


def process(proc, pid, *argv):
    """A process in a fake /proc."""
    directory = proc / str(pid)
    directory.mkdir()
    (directory / "comm").write_text(argv[0].rpartition("/")[2] + "\n")
    (directory / "cmdline").write_text("\0".join(argv) + "\0")


@pytest.mark.parametrize("answer", ["fail\n", "timeout\n", "", "blacklisted\n"])
def test_exit_status_0_is_no_success(answer):
    run = answering(answer)[0]
    with pytest.raises(MultipathdError, match="resize map mpatha") as caught:
        Multipathd(run).resize_map("mpatha")
    assert caught.value.answer == answer.strip()


def test_command():
    run, asked = answering("ok\n")
    Multipathd(run).add_path("sdc")
    assert asked == [["multipathd", "add", "path", "sdc"]]


def test_no_daemon():
    with pytest.raises(MultipathdError, match="systemctl status multipathd"):
        Multipathd(answering("", 1, "connection refused")[0]).show_config()


@pytest.mark.parametrize("error", [ProgramMissing("not found"), CommandTimeout(("a", "b"), 5, "")])
def test_command_that_fails(error):
    def run(argv, timeout):
        raise error

    with pytest.raises(MultipathdError):
        Multipathd(run).show_maps_json()


def test_a_client_that_does_not_get_past_the_configuration():
    said = '336.63 | /etc/multipath.conf line 2, invalid value for polling_interval: "often"\n'

    def run(argv, timeout):
        raise CommandTimeout(argv, timeout, said)

    with pytest.raises(MultipathdError) as error:
        Multipathd(run).show_maps_json()
    assert str(error.value) == (f"multipathd show maps json: killed after 60 s without an end; it had said: {said.strip()}. Mend that file and run again.")


def test_a_daemon_that_ends_while_it_reads_the_configuration(tmp_path):
    started = time.monotonic()
    with pytest.raises(MultipathdError, match="ended while it loaded the configuration.*start it again"):
        Multipathd(answering("ok\n")[0], str(tmp_path)).reconfigure()
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("/sbin/multipathd", "-d", "-s"), True),
        (("multipathd",), True),
        (("multipathd", "show", "daemon"), False),
        (("multipathd", "-kshow daemon"), False),
        (("sleep", "1"), False),
    ],
)
def test_running(tmp_path, argv, expected):
    process(tmp_path, 7, *argv)
    assert Multipathd(answering("")[0], str(tmp_path)).running() is expected


@pytest.fixture
def busy(tmp_path, monkeypatch):
    """A daemon that says these answers in turn, the last one again and again. Returns the tool and what it was asked."""
    monkeypatch.setattr(multipathd_tool, "BUSY_INTERVAL_SECONDS", 0.01)
    process(tmp_path, 7, "/sbin/multipathd", "-d", "-s")

    def make(*answers, patience=20):
        waiting, asked = list(answers), []

        def run(argv, timeout):
            asked.append(" ".join(argv[1:]))
            return Result(tuple(argv), 0, waiting.pop(0) if len(waiting) > 1 else waiting[0], "")

        return Multipathd(run, str(tmp_path), patience), asked

    return make


@pytest.mark.parametrize("answer", ["timeout\n", "timeout receiving packet\n", "busy\n", "fail\n"])
def test_a_busy_daemon_is_asked_again(busy, answer):
    multipathd, asked = busy(answer, answer, '{"maps": []}\n')
    assert (multipathd.show_maps_json(), asked) == ('{"maps": []}\n', ["show maps json"] * 3)


def test_a_daemon_that_stays_busy(busy):
    multipathd, asked = busy("timeout\n", patience=0.1)
    with pytest.raises(MultipathdError, match="show config: it answered 'timeout'. It is busy") as caught:
        multipathd.show_config()
    assert (caught.value.answer, len(asked) > 1) == ("timeout", True)


def test_a_reconfigure_that_is_refused_for_the_moment(busy):
    multipathd, asked = busy("fail\n", "timeout\n", "ok\n", "timeout\n", "pid 7 configure\n", "pid 7 idle\n")
    multipathd.reconfigure()
    assert asked == [*["reconfigure"] * 3, *["show daemon"] * 3]


def test_a_reconfigure_that_is_refused_for_good(busy):
    with pytest.raises(MultipathdError, match="reconfigure: it answered 'fail'"):
        busy("fail\n", patience=0)[0].reconfigure()


def test_a_daemon_that_ends_is_not_started_again(busy, tmp_path):
    multipathd, asked = busy("fail\n")
    (tmp_path / "7/comm").write_text("gone\n")
    with pytest.raises(MultipathdError, match="reconfigure: it answered 'fail'"):
        multipathd.reconfigure()
    assert asked == ["reconfigure"]


def test_a_state_that_is_none_is_told_at_once(busy):
    multipathd, asked = busy("ok\n", "timeout\n", "shut down\n")
    with pytest.raises(MultipathdError, match="show daemon: it answered 'shut down'"):
        multipathd.reconfigure()
    assert asked == ["reconfigure", "show daemon", "show daemon"]
