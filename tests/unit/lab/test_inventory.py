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


def groups(spec=SPEC):
    hosts = fleet(2)
    accesses = {host.name: Access(Path("/k"), Path("/known hosts"), Path("/s"), 2200 + number) for number, host in enumerate(hosts)}
    return yaml.safe_load(render_inventory(hosts, accesses, parse_array(spec)))["all"]["children"]


def test_every_host_is_in_its_group_with_its_own_port():
    assert set(groups()["arrays"]["hosts"]) == {"array"}
    initiators = groups()["initiators"]["hosts"]
    assert {name: facts["ansible_port"] for name, facts in initiators.items()} == {"initiator1": 2201, "initiator2": 2202}


def test_the_initiators_have_the_white_paper_as_variables_of_the_role():
    variables = groups()["initiators"]["vars"]
    assert variables["iscsi_multipath_portals"] == groups()["arrays"]["hosts"]["array"]["lab_portals"] == ["10.10.10.100:3260", "192.168.195.22:3260"]
    (volume,) = variables["iscsi_multipath_volumes"]
    assert volume["wwid"] == groups()["arrays"]["hosts"]["array"]["lab_luns"][0]["wwid"]
    options = yaml.safe_load(ARGUMENTS.read_text())["argument_specs"]["main"]["options"]
    assert set(variables) <= set(options)
    assert set(volume) <= set(options["iscsi_multipath_volumes"]["options"])


def test_an_array_without_a_lun_has_no_volume():
    spec = SPEC.split("luns:")[0] + "luns: []\n"
    assert groups(spec)["initiators"]["vars"]["iscsi_multipath_volumes"] == []
