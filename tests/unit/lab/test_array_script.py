"""The script exports what the specification says, and nothing else."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sanlab.array_script import CORE, FUNCTIONS, render_addresses, render_faults, render_files, render_script, render_targets
from sanlab.array_spec import Chap, parse_array

ARRAY = parse_array((Path(__file__).parents[2] / "lab" / "array" / "default.yml").read_text())
FIRST = ARRAY.targets[0]


def with_first(**changes):
    return replace(ARRAY, targets=(replace(FIRST, **changes), *ARRAY.targets[1:]))


def with_portal(**changes):
    return with_first(portals=(replace(FIRST.portals[0], **changes),))


def test_the_script_is_valid_shell():
    checked = subprocess.run(["sh", "-n"], input=render_script(ARRAY), capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(("left", "status"), [([], 0), (["fileio_0/lun0"], 1), (["fileio_0/lun0", "fileio_1/going"], 1)])
def test_backstores_are_cleared_when_none_is_left(tmp_path, left, status):
    for name in left:
        (tmp_path / name).mkdir(parents=True)
    # What goes between the looks of the shell and of ls.
    ls = f'ls() {{ rm -rf "{tmp_path}"/*/going; command ls "$@"; }}\n'
    script = FUNCTIONS.replace(CORE, str(tmp_path)) + ls + "cleared 2> /dev/null"
    assert subprocess.run(["sh"], input=script, text=True, check=False).returncode == status


def test_every_target_has_its_own_portals_and_every_lun():
    commands = render_targets(ARRAY).splitlines()
    for target in ARRAY.targets:
        created = [line for line in commands if line.startswith(f"/iscsi/{target.name}/tpg1/portals create")]
        assert created == [f"/iscsi/{target.name}/tpg1/portals create {portal.address} {portal.port}" for portal in target.portals]
        for lun in ARRAY.luns:
            assert f"/iscsi/{target.name}/tpg1/luns create /backstores/fileio/{lun.name} lun={lun.lun}" in commands


def test_addresses_go_to_their_fabric():
    for target in ARRAY.targets:
        for portal in target.portals:
            assert f"ip address replace {portal.address}/{portal.prefix} dev {portal.fabric}" in render_addresses(ARRAY).splitlines()


@pytest.mark.parametrize(("fault", "verdict"), [("refuse", "reject with tcp reset"), ("blackhole", "drop")])
def test_a_fault_concerns_its_portal_alone(fault, verdict):
    rules = [line.strip() for line in render_faults(with_portal(fault=fault)).splitlines() if " dport " in line]
    assert rules == [f"ip daddr {FIRST.portals[0].address} tcp dport {FIRST.portals[0].port} {verdict}"]
    assert " dport " not in render_faults(ARRAY)


def test_chap_is_asked_for_only_where_it_is_wanted():
    commands = render_targets(with_first(chap=Chap("user", "secret-of-host", "array", "secret-of-array"))).splitlines()
    assert f"/iscsi/{FIRST.name}/tpg1 set attribute authentication=1" in commands
    assert f"/iscsi/{FIRST.name}/tpg1 set auth userid=user password=secret-of-host mutual_userid=array mutual_password=secret-of-array" in commands
    assert [line for line in commands if "authentication=1" in line] == [f"/iscsi/{FIRST.name}/tpg1 set attribute authentication=1"]


def test_named_initiators_close_the_target_to_others():
    commands = render_targets(with_first(initiators=("iqn.1993-08.org.debian:01:a",))).splitlines()
    assert any(line.startswith(f"/iscsi/{FIRST.name}/tpg1 set attribute generate_node_acls=0") for line in commands)
    assert f"/iscsi/{FIRST.name}/tpg1/acls create iqn.1993-08.org.debian:01:a" in commands


def test_data_is_removed_only_from_luns_that_are_to_be_blank():
    assert "rm " not in render_files(ARRAY)
    blank = replace(ARRAY, luns=(replace(ARRAY.luns[0], blank=True), *ARRAY.luns[1:]))
    removals = [line for line in render_files(blank).splitlines() if "rm -f" in line]
    assert len(removals) == 1
    assert f"/{ARRAY.luns[0].name}.img" in removals[0] and "LAB_BLANK" in removals[0]
