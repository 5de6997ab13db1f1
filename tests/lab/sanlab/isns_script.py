"""Text: the iSNS server that the array runs when a specification names one, and what is registered there.

The targets are registered by hand: LIO has no iSNS client, and tgtd hangs for ever when the server tells it of an initiator.
"""

from __future__ import annotations

from .array_spec import Array

PLACE = "/run/lab-isns"
STOP = "systemctl --quiet stop lab-isnsd.service 2> /dev/null || :"


def render_isns(array: Array) -> str:
    """Whoever registers is seen by all (DefaultDiscoveryDomain), and nobody has to sign what it says (Security)."""
    if not array.isns:
        return ""
    address = array.isns.address
    server = {"Database": f"{PLACE}/db", "PIDFile": f"{PLACE}/pid", "ControlSocket": f"{PLACE}/control", "Security": 0, "DefaultDiscoveryDomain": 1}
    client = {"SourceName": "iqn.2004-08.com.example:lab-array", "ServerAddress": address, "Security": 0}
    portals = [f"portal={portal}" for portal in array.targets[0].portals]
    objects = ["entity=lab-array", *portals, *(f"target={target.name}" for target in array.targets)]
    lines = [
        f"rm -rf {PLACE}; mkdir -p {PLACE}/db",
        *(f"echo '{name} = {value}' >> {PLACE}/server" for name, value in server.items()),
        *(f"echo '{name} = {value}' >> {PLACE}/client" for name, value in client.items()),
        f"systemd-run --quiet --collect --unit=lab-isnsd isnsd -f -c {PLACE}/server",
        f"patiently sh -c 'ss -Hltn sport = {array.isns.port} | grep -q .'",
        f"isnsadm -c {PLACE}/client --register {' '.join(objects)}",
    ]
    return "\n".join(lines)
