"""What the lab tells Ansible of its hosts, read back as Ansible's YAML."""

from __future__ import annotations

from pathlib import Path

import yaml
from sanlab.array_spec import parse_array
from sanlab.fleet import fleet
from sanlab.inventory import render_inventory
from sanlab.ssh import Access

SPEC = (Path(__file__).parents[2] / "lab/array/default.yml").read_text()
ARGUMENTS = Path(__file__).parents[3] / "roles/iscsi_multipath/meta/argument_specs.yml"


def groups(initiators=2):
    hosts = fleet(initiators)
    accesses = {host.name: Access(Path("/k"), Path("/known hosts"), Path("/s"), 2200 + number) for number, host in enumerate(hosts)}
    return yaml.safe_load(render_inventory(hosts, accesses, parse_array(SPEC)))["all"]["children"]


def test_every_host_is_in_its_group_with_its_own_port():
    assert set(groups()["arrays"]["hosts"]) == {"array"}
    initiators = groups()["initiators"]["hosts"]
    assert {name: facts["ansible_port"] for name, facts in initiators.items()} == {"initiator1": 2201, "initiator2": 2202}


def test_the_initiators_have_the_white_paper_as_variables_of_the_role():
    array, initiators = groups()["arrays"]["hosts"]["array"], groups()["initiators"]
    variables, options = initiators["vars"], yaml.safe_load(ARGUMENTS.read_text())["argument_specs"]["main"]["options"]
    assert variables["iscsi_multipath_portals"] == array["lab_portals"] == ["10.10.10.100:3260", "192.168.195.22:3260"]
    assert variables["iscsi_multipath_volumes"] == "{{ lab_volumes }}"
    assert set(variables) <= set(options)
    for facts in initiators["hosts"].values():
        assert [set(volume) - set(options["iscsi_multipath_volumes"]["options"]) for volume in facts["lab_volumes"]] == [set()]


def test_no_two_initiators_have_one_file_system():
    """The array has two LUNs, so the third initiator has none."""
    luns = [lun["wwid"] for lun in groups()["arrays"]["hosts"]["array"]["lab_luns"]]
    hosts = groups(initiators=3)["initiators"]["hosts"].values()
    assert [[volume["wwid"] for volume in facts["lab_volumes"]] for facts in hosts] == [[luns[0]], [luns[1]], []]
