# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory."""

from __future__ import annotations

import pytest

from ansible_collections.linuxsan.host.plugins.modules import multipath_info

A = "32033001378901d00"
CTR1, CTR2 = "iqn.2004-08.com.example:ctr1", "iqn.2004-08.com.example:ctr2"


@pytest.fixture
def info(san, fakes, run_main):
    real_work = multipath_info.work

    def run(check=False):
        return run_main(multipath_info, lambda module, tool: real_work(module, fakes.multipathd, san.places), {}, check)

    return run


@pytest.fixture
def mapped(san, fakes):
    """A LUN over two paths, named and monitored, and a local disk."""
    san.disk("sda", "local", None, vendor="ATA", product="DISK")
    san.disk("sdb", A, CTR1)
    san.disk("sdc", A, CTR2)
    san.conf.write_text(f"multipaths {{\n\tmultipath {{\n\t\twwid {A}\n\t\talias qsan\n\t\tpath_grouping_policy multibus\n\t}}\n}}\n")
    fakes.multipath.add_wwid(A)
    fakes.multipathd.reconfigure()


@pytest.mark.parametrize("check", [True, False])
def test_a_healthy_map(info, mapped, san, check):
    before = san.snapshot()
    told = info(check)
    assert san.snapshot() == before
    (known,) = told["maps"]
    assert (known["name"], known["dm"], known["size"], known["policy"], known["paths"]) == ("qsan", "dm-0", 1 << 30, "multibus", ["sdb", "sdc"])
    assert [(path["name"], path["map"], path["target"], path["usable"]) for path in told["paths"]] == [
        ("sdb", "qsan", CTR1, True),
        ("sdc", "qsan", CTR2, True),
    ]
    assert [(disk["name"], disk["wwid"], disk["model"], disk["map"]) for disk in told["local_disks"]] == [("sda", "local", "DISK", None)]
    assert (told["degraded"], told["changed"], told["daemon"]["running"]) == ([], False, True)


def test_recovery_tmo_that_is_not_as_configured(info, mapped, san):
    san.conf.write_text(f"defaults {{\n\tfast_io_fail_tmo 20\n}}\n{san.conf.read_text()}")
    assert [fault["reason"] for fault in info()["degraded"]] == ["recovery_tmo"] * 2


def test_a_stopped_daemon(info, mapped, fakes):
    fakes.multipathd.up = False
    fakes.multipathd.calls.clear()
    told = info()
    assert [(known["name"], known["paths"], known["groups"]) for known in told["maps"]] == [("qsan", ["sdb", "sdc"], [])]
    assert {fault["reason"] for fault in told["degraded"]} == {"daemon_not_running", "not_monitored"}
    assert (told["daemon"]["running"], fakes.multipathd.calls) == (False, [])


def test_a_lun_without_a_map(info, san):
    san.disk("sdb", A, CTR1)
    told = info()
    assert [(fault["reason"], fault["wwid"]) for fault in told["degraded"]] == [("no_map", A)]
    assert [(path["name"], path["map"], path["wwid"]) for path in told["paths"]] == [("sdb", None, A)]


def test_nothing_installed(info, san, fakes):
    fakes.multipathd.up = False
    told = info()
    assert (told["maps"], told["paths"], told["local_disks"], told["degraded"]) == ([], [], [], [])
