# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of a disk."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._command import ProgramMissing, Result
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.path_tool import Paths

NODES = {name: SimpleNamespace(name=name, dev=dev, device=f"/dev/{name}") for name, dev in (("sdb", "8:16"), ("sdc", "8:32"))}


def answering(rc=0, stdout="", stderr=""):
    return Paths(lambda argv, timeout: Result(tuple(argv), rc, stdout, stderr))


def test_failed_paths_by_name():
    assert answering(stdout="q: 0 8 multipath 2 0 1 0 1 1 A 0 2 2 8:16 A 0 0 1 8:32 F 2 0 1\n").failed(NODES) == {"sdc"}


def test_without_dmsetup_there_is_no_map():
    def run(argv, timeout):
        raise ProgramMissing("dmsetup: not found")

    assert Paths(run).failed(NODES) == frozenset()


def test_open_maps_by_name():
    assert answering(stdout="0:1\n").open_counts() == {"dm-0": 1}


def test_an_answer_that_is_none_is_no_permission():
    with pytest.raises(SanError, match="Failure to communicate"):
        answering(1, stderr="Failure to communicate with kernel device-mapper driver.").failed(NODES)
    with pytest.raises(SanError, match="Permission denied"):
        answering(1, stderr="Permission denied").open_counts()


def test_claims_by_name():
    assert answering(stdout="/dev/sdc\n").claimed(("sdb", "sdc"), NODES) == ("sdc",)
    assert answering().claimed((), NODES) == ()


@pytest.mark.parametrize(("rc", "words"), [(-9, "exit status -9"), (1, "MemoryError"), (127, "error while loading shared libraries")])
def test_a_failed_question_about_a_claim_is_no_permission(rc, words):
    with pytest.raises(SanError, match=f"sdb, sdc: cannot be asked for a claim: {words}. .*force=true"):
        answering(rc, stderr="" if rc < 0 else words).claimed(("sdb", "sdc"), NODES)


def test_a_device_that_cannot_be_opened_is_no_free_one():
    nodes = {name: SimpleNamespace(name=name, device=device) for name, device in (("gone", "/dev/no/such"), ("sdb", "/dev/null/sdb"))}
    assert Paths().claimed(("gone",), nodes) == ()
    with pytest.raises(SanError, match="/dev/null/sdb: Not a directory"):
        Paths().claimed(("gone", "sdb"), nodes)


def test_a_free_path_is_claimed_by_nobody():
    nodes = {"null": SimpleNamespace(name="null", dev="1:3", device="/dev/null")}
    assert Paths().claimed(("null",), nodes) == ()
