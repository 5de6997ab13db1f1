# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program dmsetup: arguments, and its words in an error."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.dmsetup_tool import Dmsetup

TABLE = "qsan: 0 8 multipath 1 queue_if_no_path 0 1 1 service-time 0 1 1 8:0 1 \nx: 0 8 multipath 0 0 0 0\n"


def answering(stdout="", rc=0, stderr=""):
    asked = []

    def run(argv, timeout):
        assert timeout > 0
        asked.append(argv)
        return Result(tuple(argv), rc, stdout, stderr)

    return Dmsetup(run), asked


def test_queues():
    tool = answering(TABLE)[0]
    assert [tool.queues(name) for name in ("qsan", "x", "gone")] == [True, False, False]


@pytest.mark.parametrize(
    ("call", "argv"),
    [
        (lambda tool: tool.queue("qsan", False), ["dmsetup", "message", "qsan", "0", "fail_if_no_path"]),
        (lambda tool: tool.queue("qsan", True), ["dmsetup", "message", "qsan", "0", "queue_if_no_path"]),
        (lambda tool: tool.resume("qsan"), ["dmsetup", "resume", "qsan"]),
        (lambda tool: tool.remove("qsan"), ["dmsetup", "remove", "qsan"]),
    ],
)
def test_changes(call, argv):
    tool, asked = answering()
    call(tool)
    assert asked == [argv]
    tool = answering(rc=1, stderr="device-mapper: remove ioctl on qsan failed: Device or resource busy\n")[0]
    with pytest.raises(SanError, match="qsan: dmsetup .*Device or resource busy|qsan: dmsetup"):
        call(tool)


def test_questions():
    tool, asked = answering("0:1\n")
    assert tool.open_counts() == {"dm-0": 1}
    tool = answering(rc=1, stderr="/dev/mapper/control: open failed: Permission denied")[0]
    for question in (tool.tables, tool.statuses, tool.open_counts):
        with pytest.raises(SanError, match="Permission denied"):
            question()
