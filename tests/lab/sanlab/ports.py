"""Tool: free ports of this machine for a lab; several labs run side by side."""

from __future__ import annotations

import random
import socket

from .errors import LabError

# Below those that the kernel gives to outgoing connections (ip_local_port_range): one of them would be taken while its guest is off for a moment.
RANGE = range(20000, 32768)
ATTEMPTS = 200


def free_tcp_port() -> int:
    return _free_port(is_free_tcp_port)


def free_udp_port() -> int:
    """A multicast port nobody has: QEMU shares it with anybody who asks, so two labs would hear each other."""
    return _free_port(is_free_udp_port)


def is_free_tcp_port(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(one, ("127.0.0.1", port))


def is_free_udp_port(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return _binds(one, ("", port))


def _free_port(is_free) -> int:
    found = next((port for port in random.sample(RANGE, ATTEMPTS) if is_free(port)), None)
    if found is None:
        raise LabError(f"no free port among {ATTEMPTS} of {RANGE.start} to {RANGE.stop - 1}: stop what listens there and run it again")
    return found


def _binds(one: socket.socket, address: tuple[str, int]) -> bool:
    try:
        one.bind(address)
    except OSError:
        return False
    return True
