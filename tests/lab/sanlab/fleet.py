"""Plan: which hosts a lab has, and each one's addresses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .errors import LabError

MGMT_ADDRESS = "10.0.2.15"  # QEMU's user network forwards to it
FROZEN = 0  # the number of the guest whose running state is the snapshot: a host without addresses
MOST_INITIATORS = 60


@dataclass(frozen=True)
class Fabric:
    name: str
    ipv4: str
    ipv6: str
    octet: int


FABRICS = (
    Fabric("fabric-a", "10.10.10.", "fd10:10:10::", 0x0A),
    Fabric("fabric-b", "192.168.195.", "fd19:2168:195::", 0x0B),
)


@dataclass(frozen=True)
class Host:
    name: str
    kind: str  # array or initiator
    number: int

    def mac(self, fabric: Fabric) -> str:
        return f"52:54:00:{fabric.octet:02x}:00:{self.number:02x}"

    def addresses(self, fabric: Fabric) -> tuple[str, ...]:
        """The host's own addresses; those of the array's portals are the array specification's."""
        if self.kind == "array" or self.number == FROZEN:
            return ()
        return (f"{fabric.ipv4}{10 + self.number}/24", f"{fabric.ipv6}{10 + self.number}/64")

    @property
    def machine_id(self) -> str:
        return hashlib.md5(f"linuxsan-lab {self.name}".encode(), usedforsecurity=False).hexdigest()


ARRAY = Host("array", "array", 100)


def initiator(number: int) -> Host:
    return Host(f"initiator{number}", "initiator", number)


def frozen_host(kind: str) -> Host:
    return ARRAY if kind == "array" else Host("initiator", "initiator", FROZEN)


def fleet(initiators: int) -> tuple[Host, ...]:
    if not 1 <= initiators <= MOST_INITIATORS:
        raise LabError(f"initiators: {initiators} asked for; a lab has 1 to {MOST_INITIATORS}")
    return (ARRAY, *(initiator(number) for number in range(1, initiators + 1)))


def render_network_batch(host: Host) -> str:
    """What "ip -force -batch" reads at every boot of the guest."""
    lines = ["link set dev mgmt up", f"address replace {MGMT_ADDRESS}/24 dev mgmt"]
    for fabric in FABRICS:
        lines.append(f"link set dev {fabric.name} up")
        for address in host.addresses(fabric):
            lines.append(f"address replace {address} dev {fabric.name}" + (" nodad" if ":" in address else ""))
    return "\n".join(lines) + "\n"


def render_hosts_file(host: Host, peers: tuple[Host, ...]) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost", f"127.0.1.1 {host.name}"]
    for peer in peers:
        if peer.name != host.name and peer.kind == "initiator":
            lines.append(f"{peer.addresses(FABRICS[0])[0].split('/')[0]} {peer.name}")
    return "\n".join(lines) + "\n"
