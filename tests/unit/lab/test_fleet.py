"""Hosts of one lab never share a name, an address, a MAC or a machine id."""

from __future__ import annotations

import itertools

import pytest
from sanlab.errors import LabError
from sanlab.fleet import FABRICS, MOST_INITIATORS, fleet, render_hosts_file, render_network_batch
from sanlab.personality import render_personality


def test_hosts_share_nothing():
    hosts = fleet(MOST_INITIATORS)
    macs = [host.mac(fabric) for host, fabric in itertools.product(hosts, FABRICS)]
    addresses = [address for host, fabric in itertools.product(hosts, FABRICS) for address in host.addresses(fabric)]
    for values in ([host.name for host in hosts], [host.machine_id for host in hosts], macs, addresses):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("initiators", [0, MOST_INITIATORS + 1, -1])
def test_a_fleet_that_cannot_be_is_refused(initiators):
    with pytest.raises(LabError, match=f"a lab has 1 to {MOST_INITIATORS}"):
        fleet(initiators)


def test_addresses_come_back_at_every_boot():
    first = fleet(1)[1]
    batch = render_network_batch(first).splitlines()
    for fabric in FABRICS:
        assert f"address replace {first.addresses(fabric)[0]} dev {fabric.name}" in batch


def test_a_host_knows_the_other_initiators():
    hosts = fleet(3)
    lines = render_hosts_file(hosts[1], hosts).splitlines()
    assert [line.split()[1] for line in lines if line.startswith(FABRICS[0].ipv4)] == ["initiator2", "initiator3"]


def test_a_restored_guest_gets_its_own_name_and_macs_and_the_time_of_now():
    first = fleet(1)[1]
    script = render_personality(first, "", 1234.5)
    assert "date -s @1234.5" in script and f"hostname {first.name}\n" in script
    assert all(f"ip link set dev {fabric.name} address {first.mac(fabric)}" in script for fabric in FABRICS)
    assert script.endswith("sync\n")
