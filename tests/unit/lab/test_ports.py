"""Ports of a lab: nobody has them, and no outgoing connection takes one while its guest is off."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sanlab import ports
from sanlab.errors import LabError

KINDS = {"tcp": (socket.SOCK_STREAM, ports.free_tcp_port, ports.is_free_tcp_port), "udp": (socket.SOCK_DGRAM, ports.free_udp_port, ports.is_free_udp_port)}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def taken(kind):
    with socket.socket(socket.AF_INET, kind[0]) as one:
        one.bind(("127.0.0.1", 0))
        if kind[0] == socket.SOCK_STREAM:
            one.listen()
        yield one.getsockname()[1]


def test_a_port_is_free_and_of_no_outgoing_connection(kind):
    protocol, free_port, is_free = kind
    port = free_port()
    assert is_free(port)
    assert port < int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def test_a_port_that_another_has_is_not_free(kind, taken):
    assert not kind[2](taken)


def test_that_all_are_taken_is_told(kind, taken, monkeypatch):
    monkeypatch.setattr(ports, "RANGE", range(taken, taken + 1))
    monkeypatch.setattr(ports, "ATTEMPTS", 1)
    with pytest.raises(LabError, match=f"no free port among 1 of {taken} to {taken}: stop what listens"):
        kind[1]()
