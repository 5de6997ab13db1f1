"""The lab: hosts come up from the snapshots, go back to them, and stop."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import cache, guest, qemu, qmp, ssh
from .array_script import render_script
from .array_spec import Array, parse_array
from .errors import LabError
from .fleet import ARRAY, FABRICS, Host, fleet, initiator
from .frozen import DEFAULT_SPEC, frozen, install_script
from .guest import Say
from .images import keys_of
from .inventory import render_inventory
from .layout import Layout
from .machine import Machine
from .ports import free_tcp_port, free_udp_port, is_free_tcp_port
from .state import State, parse_state, render_state
from .text_files import read_json, require_space, write_atomically

RUN_SPACE_MIB = 600


class Lab:
    def __init__(self, layout: Layout, say: Say) -> None:
        self.layout = layout
        self.say = say
        self.state = parse_state(read_json(layout.state))

    # what there is

    def required_state(self) -> State:
        if self.state is None:
            raise LabError(f"{self.layout.lab}: no lab is up here; run tests/lab/lab up")
        return self.state

    def hosts(self) -> tuple[Host, ...]:
        return tuple(host_named(name) for name in self.required_state().names)

    def host(self, name: str) -> Host:
        names = self.required_state().names
        if name not in names:
            raise LabError(f"{name}: no such host; this lab has {', '.join(names)}")
        return host_named(name)

    def access(self, host: Host) -> ssh.Access:
        return ssh.Access(self.layout.key, self.layout.known_hosts, self.layout.sockets, self.required_state().ssh_ports[host.name])

    def machine(self, host: Host, incoming: Path | None = None) -> Machine:
        state = self.required_state()
        return Machine(
            host=host,
            directory=self.layout.host(host.name),
            qmp=self.layout.sockets / f"{host.name}.qmp",
            kernel=Path(state.images[host.kind]) / "vmlinuz",
            initrd=Path(state.images[host.kind]) / "initrd",
            accel=state.accel,
            ssh_port=state.ssh_ports[host.name],
            fabric_ports=state.fabric_ports,
            incoming=incoming,
        )

    def is_running(self, host: Host) -> bool:
        return bool(qemu.pids(self.machine(host).pid_file))

    def array(self) -> Array:
        return parse_array(self.required_state().array)

    def save(self, state: State) -> None:
        self.state = state
        write_atomically(self.layout.state, render_state(state))

    # up

    def up(self, initiators: int | None, release: str | None) -> None:
        if self.state and release and release != self.state.release:
            raise LabError(f"{self.layout.lab}: a lab of {self.state.release} is up; run tests/lab/lab down before --release {release}")
        release = release or (self.state.release if self.state else "trixie")
        have = len([name for name in self.state.names if name != ARRAY.name]) if self.state else 0
        wanted = fleet(max(initiators or 1, have))
        self.prepare(release, wanted)
        missing = [host for host in wanted if not self.is_running(host)]
        if missing:
            require_space(self.layout.lab, RUN_SPACE_MIB * len(missing), f"running {len(missing)} guests")
            self.in_parallel(missing, self.start)
        self.write_access()
        self.write_inventory()

    def prepare(self, release: str, wanted: tuple[Host, ...]) -> None:
        """Snapshots, ports and keys of every wanted host."""
        kinds = ("array", "initiator")
        keys_of(self.layout, self.say)  # or one of the two below would wait for the other
        with ThreadPoolExecutor(2) as pool:
            snapshots = dict(zip(kinds, pool.map(lambda kind: frozen(kind, release, self.layout, self.say), kinds)))
        fresh = State(release, snapshots["array"].accel, {fabric.name: free_udp_port() for fabric in FABRICS}, array=DEFAULT_SPEC.read_text())
        old = self.state or fresh
        ports = {host.name: self.port_of(old, host) for host in wanted}
        if not any(self.layout.host(host.name).joinpath("disk.qcow2").exists() for host in wanted):
            old = replace(old, images={}, frozen={}, accel=fresh.accel)
        kept = {kind: (old.images.get(kind), old.frozen.get(kind)) for kind in kinds}
        self.save(
            replace(
                old,
                ssh_ports=ports,
                images={kind: kept[kind][0] or str(snapshots[kind].image.directory) for kind in kinds},
                frozen={kind: kept[kind][1] or str(snapshots[kind].directory) for kind in kinds},
            )
        )
        self.layout.sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.write_access()

    def port_of(self, old: State, host: Host) -> int:
        known = old.ssh_ports.get(host.name)
        if known and (qemu.pids(self.layout.host(host.name) / "qemu.pid") or is_free_tcp_port(known)):
            return known
        return free_tcp_port()

    def start(self, host: Host) -> None:
        """A host that has a disk boots from it; a new one comes out of the snapshot."""
        machine = self.machine(host)
        if machine.overlay.exists():
            self.say(f"{host.name}: was off; booting")
            self.boot(host)
            return
        self.restore(host)

    def boot(self, host: Host) -> None:
        machine = self.machine(host)
        qemu.kill(machine.pid_file)
        qemu.start(machine)
        self.pull_cables(host)
        guest.wait_for_ssh(machine, self.access(host))

    def restore(self, host: Host) -> None:
        """From the snapshot; a damaged one is found out here, and made again by the next up."""
        snapshot = Path(self.required_state().frozen[host.kind])
        machine = self.machine(host, incoming=snapshot / "ram")
        guest.prepare_disks(machine, snapshot / "disk.qcow2", "qcow2")
        machine.console.unlink(missing_ok=True)
        try:
            guest.restore(machine, self.access(host), self.hosts())
        except (LabError, KeyboardInterrupt) as error:
            qemu.kill(machine.pid_file)
            machine.overlay.unlink(missing_ok=True)
            if isinstance(error, LabError) and not cache.is_intact(snapshot):
                cache.remove(snapshot)
                raise LabError(f"{host.name}: the snapshot {snapshot} was damaged; removed it, run it again to make a new one") from error
            raise
        if host.kind == "array" and self.required_state().array != DEFAULT_SPEC.read_text():
            self.export(self.required_state().array)
        self.say(f"{host.name}: up")

    def in_parallel(self, hosts: list[Host], work) -> None:
        """All of them, and only then the first failure."""
        with ThreadPoolExecutor(max(2, min(4, len(hosts)))) as pool:
            futures = [pool.submit(work, host) for host in hosts]
        for future in futures:
            future.result()

    def write_access(self) -> None:
        keys = self.layout.cache / "keys"
        write_atomically(self.layout.key, (keys / "id_ed25519").read_text(), 0o600)
        public = (keys / "host_ed25519.pub").read_text()
        lines = [f"[127.0.0.1]:{port} {public}" for port in self.required_state().ssh_ports.values()]
        write_atomically(self.layout.known_hosts, "".join(lines))

    def write_inventory(self) -> None:
        accesses = {host.name: self.access(host) for host in self.hosts()}
        write_atomically(self.layout.inventory, render_inventory(self.hosts(), accesses, self.array()))

    # back and down

    def reset(self) -> None:
        self.required_state()
        for host in self.hosts():
            qemu.kill(self.machine(host).pid_file)
        self.save(replace(self.required_state(), array=DEFAULT_SPEC.read_text(), cables_out=()))
        self.in_parallel(list(self.hosts()), self.restore)
        self.write_inventory()

    def down(self) -> int:
        """By the pid files, whatever the state file says: it works on what is left of a lab too."""
        stopped = [qemu.kill(pid_file) for pattern in ("hosts/*", "freeze/*") for pid_file in self.pid_files(pattern)]
        for directory in (self.layout.lab / "hosts", self.layout.lab / "freeze", self.layout.sockets):
            shutil.rmtree(directory, ignore_errors=True)
        for path in (self.layout.state, self.layout.inventory, self.layout.known_hosts, self.layout.key):
            path.unlink(missing_ok=True)
        self.state = None
        return sum(stopped)

    def pid_files(self, pattern: str) -> list[Path]:
        return [directory / "qemu.pid" for directory in self.layout.lab.glob(pattern)]

    # faults

    def cable(self, host: Host, fabric: str, position: str) -> None:
        state = self.required_state()
        name = f"{host.name}/{fabric}"
        out = [cable for cable in state.cables_out if cable != name]
        self.save(replace(state, cables_out=tuple(out + ([name] if position == "out" else []))))
        if self.is_running(host):
            qmp.set_link(self.machine(host).qmp, f"nic-{fabric}", position == "in")

    def pull_cables(self, host: Host) -> None:
        for cable in self.required_state().cables_out:
            name, fabric = cable.split("/", 1)
            if name == host.name:
                qmp.set_link(self.machine(host).qmp, f"nic-{fabric}", False)

    def power(self, host: Host, action: str) -> None:
        machine = self.machine(host)
        if action in ("off", "cycle"):
            qemu.kill(machine.pid_file)
        if action in ("on", "cycle") and not self.is_running(host):
            if not machine.overlay.exists():
                raise LabError(f"{host.name}: has no disk; run tests/lab/lab up")
            self.boot(host)
        if action == "reset":
            if not self.is_running(host):
                raise LabError(f"{host.name}: is off; run tests/lab/lab power {host.name} on")
            qmp.hard_reset(machine.qmp)

    # the array's exports

    def apply(self, text: str) -> None:
        parse_array(text)
        if text != self.required_state().array:
            self.export(text)
            self.save(replace(self.required_state(), array=text))
        self.write_inventory()

    def export(self, text: str) -> None:
        if not self.is_running(ARRAY):
            raise LabError("array: is off; run tests/lab/lab power array on")
        guest.run_script("array", self.access(ARRAY), install_script(render_script(parse_array(text))), "export the specification", timeout=600)


def host_named(name: str) -> Host:
    return ARRAY if name == ARRAY.name else initiator(int(name.removeprefix("initiator")))
