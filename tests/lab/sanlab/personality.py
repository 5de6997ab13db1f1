"""Text: the script that turns a restored snapshot into one host of the lab, in a single ssh call."""

from __future__ import annotations

from .fleet import FABRICS, Host, render_network_batch

HERE = "END-OF-FILE"


def render_file(path: str, text: str) -> str:
    return f"cat > {path} <<'{HERE}'\n{text}{HERE}\n"


def render_personality(host: Host, hosts_file: str, now: float) -> str:
    """The snapshot's clock, name, machine id and MACs are those of the guest that was frozen.

    The MACs change with the link down, so that its link-local address is made anew; after a reboot of the guest they
    come from QEMU. The final sync makes all of it survive a power cut right after.
    """
    lines = ["set -e", f"date -s @{now:.1f} > /dev/null", f"hostname {host.name}"]
    script = "\n".join(lines) + "\n"
    script += render_file("/etc/hostname", f"{host.name}\n")
    script += render_file("/etc/machine-id", f"{host.machine_id}\n")
    script += render_file("/etc/hosts", hosts_file)
    if host.kind == "initiator":
        script += render_file("/etc/lab/network.batch", render_network_batch(host))
        for fabric in FABRICS:
            script += f"ip link set dev {fabric.name} down\nip link set dev {fabric.name} address {host.mac(fabric)}\n"
        script += "ip -force -batch /etc/lab/network.batch\n"
    return script + "sync\n"
