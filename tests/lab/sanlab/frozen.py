"""Boots an image once and keeps the running guest: the snapshot all hosts of its kind start from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from . import cache, guest, qemu, ssh
from .accel import working_accel
from .array_script import render_script
from .array_spec import parse_array
from .fleet import frozen_host
from .images import Image, image
from .layout import SOURCES, Layout
from .machine import Machine, render_argv
from .ports import free_tcp_port, free_udp_port
from .recipe import digest_text

DEFAULT_SPEC = SOURCES / "array" / "default.yml"


@dataclass(frozen=True)
class Frozen:
    image: Image
    accel: str
    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "disk.qcow2"

    @property
    def ram(self) -> Path:
        return self.directory / "ram"


def frozen(kind: str, release: str, layout: Layout, say: guest.Say) -> Frozen:
    base = image(kind, release, layout, say)
    cache.claim(base.directory, layout.lab)
    accel = working_accel(layout.cache, base, say)
    shape = replace(template(kind, base, accel, Path("/"), Path("/")), ssh_port=0)
    ingredients = [base.fingerprint, accel, qemu.version(), " ".join(render_argv(replace(shape, kernel=Path("k"), initrd=Path("i"))))]
    if kind == "array":
        ingredients.append(render_script(parse_array(DEFAULT_SPEC.read_text())))
    name = f"frozen-{kind}-{base.release}-{digest_text(*ingredients)}"

    def make(draft: Path) -> None:
        say(f"{kind}: first boot with {accel}, to be frozen (about a minute without KVM)")
        freeze(base, accel, draft, layout)

    directory = cache.entry(layout.cache, name, make, say)
    cache.claim(directory, layout.lab)
    return Frozen(base, accel, directory)


def template(kind: str, base: Image, accel: str, directory: Path, sockets: Path) -> Machine:
    return Machine(
        host=frozen_host(kind),
        directory=directory,
        qmp=sockets / f"freeze-{kind}.qmp",
        kernel=base.directory / "vmlinuz",
        initrd=base.directory / "initrd",
        accel=accel,
        ssh_port=0,
        fabric_ports={"fabric-a": 0, "fabric-b": 0},
    )


def freeze(base: Image, accel: str, draft: Path, layout: Layout) -> None:
    """The disk is built on the image by a relative path: the cache may be moved."""
    work = layout.lab / "freeze" / base.kind
    layout.sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
    machine = replace(
        template(base.kind, base, accel, work, layout.sockets),
        ssh_port=free_tcp_port(),
        fabric_ports={"fabric-a": free_udp_port(), "fabric-b": free_udp_port()},
    )
    qemu.kill(machine.pid_file)
    keys = layout.cache / "keys"
    known_hosts = work / "known_hosts"
    guest.prepare_disks(machine, base.disk, "raw")
    known_hosts.write_text(f"[127.0.0.1]:{machine.ssh_port} {(keys / 'host_ed25519.pub').read_text()}")
    access = ssh.Access(keys / "id_ed25519", known_hosts, layout.sockets, machine.ssh_port)
    try:
        guest.boot(machine, access)
        if base.kind == "array":
            script = render_script(parse_array(DEFAULT_SPEC.read_text()))
            guest.run_script("array", access, install_script(script), "export the default specification")
        guest.run_script(base.kind, access, "sync; echo 1 > /proc/sys/vm/drop_caches; sync", "write its disk")
        qemu.freeze(machine, draft / "ram")
        shutil.move(str(machine.overlay), str(draft / "disk.qcow2"))
        qemu.rebase(draft / "disk.qcow2", f"../{base.directory.name}/disk.raw")
    finally:
        qemu.kill(machine.pid_file)
    shutil.rmtree(work)


def install_script(script: str) -> str:
    """Run it, and only when it worked keep it for the array's next boots."""
    return f"""set -e
cat > /etc/lab/array.sh.new <<'END-OF-ARRAY-SCRIPT'
{script}END-OF-ARRAY-SCRIPT
chmod 600 /etc/lab/array.sh.new
LAB_BLANK=yes sh /etc/lab/array.sh.new
mv /etc/lab/array.sh.new /etc/lab/array.sh
sync
"""
