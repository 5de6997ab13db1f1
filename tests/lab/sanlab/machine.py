"""Text: the command line of one guest's QEMU."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from .fleet import FABRICS, Host

ROOT_UUID = "5a4c1ab0-0000-4000-8000-000000000001"
KERNEL_OPTIONS = f"root=UUID={ROOT_UUID} ro console=ttyS0 mitigations=off"
MEMORY_MIB = 768
PCI_SLOT = {"disk": "0x4", "rng": "0x5", "mgmt": "0xf", "fabric-a": "0x10", "fabric-b": "0x11"}
# a disk of an initiator has a WWID, as real ones do: multipath would take it if nobody excluded it
SYSTEM_DISK = "serial=LABSYS0001,wwn=0x5000c50000000001"
SPARE_DISK = "serial=LABSPARE01,wwn=0x5000c50000000002"


@dataclass(frozen=True)
class Machine:
    host: Host
    directory: Path  # overlay, spare disk, console, log, pid file
    qmp: Path
    kernel: Path
    initrd: Path
    accel: str
    ssh_port: int
    fabric_ports: dict[str, int]
    incoming: Path | None = None

    @property
    def overlay(self) -> Path:
        return self.directory / "disk.qcow2"

    @property
    def spare(self) -> Path:
        return self.directory / "spare.qcow2"

    @property
    def pid_file(self) -> Path:
        return self.directory / "qemu.pid"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def log(self) -> Path:
        return self.directory / "qemu.log"


def render_argv(machine: Machine) -> list[str]:
    argv = ["qemu-system-x86_64", "-name", f"linuxsan-lab-{machine.host.name}", *board(machine.accel)]
    argv += ["-kernel", str(machine.kernel), "-initrd", str(machine.initrd), "-append", kernel_options(machine.host)]
    argv += ["-chardev", f"file,id=console,path={comma(machine.console)},append=on", "-serial", "chardev:console"]
    argv += ["-qmp", f"unix:{comma(machine.qmp)},server=on,wait=off", "-pidfile", str(machine.pid_file)]
    if machine.host.kind != "probe":
        argv += disks(machine) + nics(machine)
    if machine.incoming:
        argv += ["-incoming", f"exec:cat {shlex.quote(str(machine.incoming))}"]
    return argv


def kernel_options(host: Host) -> str:
    # the console is slow; only the probe of KVM waits for the kernel's words
    return f"{KERNEL_OPTIONS} loglevel={7 if host.kind == 'probe' else 4}"


def board(accel: str) -> list[str]:
    # "max" costs a quarter more boot time than "qemu64" in software emulation
    cpu, how = ("host", "kvm") if accel == "kvm" else ("qemu64", "tcg,thread=multi")
    return [
        *("-machine", "q35", "-accel", how, "-cpu", cpu, "-smp", "1", "-m", str(MEMORY_MIB)),
        *("-nodefaults", "-no-user-config", "-display", "none"),
        *("-device", f"virtio-rng-pci,addr={PCI_SLOT['rng']}"),
        # initiators share one snapshot: without a new generation id their kernels would draw the same "random" names
        *("-device", "vmgenid,guid=auto"),
    ]


def disks(machine: Machine) -> list[str]:
    system = f"if=none,id=system,format=qcow2,discard=unmap,file={comma(machine.overlay)}"
    if machine.host.kind == "array":
        return ["-drive", system, "-device", f"virtio-blk-pci,drive=system,addr={PCI_SLOT['disk']}"]
    spare = f"if=none,id=spare,format=qcow2,file={comma(machine.spare)}"
    return [
        *("-device", f"virtio-scsi-pci,id=scsi,addr={PCI_SLOT['disk']}"),
        *("-drive", system, "-device", f"scsi-hd,bus=scsi.0,scsi-id=0,drive=system,{SYSTEM_DISK}"),
        *("-drive", spare, "-device", f"scsi-hd,bus=scsi.0,scsi-id=1,drive=spare,{SPARE_DISK}"),
    ]


def nics(machine: Machine) -> list[str]:
    # restrict=on: a guest whose fabric is down must not log in to somebody's host over the default route
    argv = ["-netdev", f"user,id=mgmt,restrict=on,hostfwd=tcp:127.0.0.1:{machine.ssh_port}-:22"]
    argv += ["-device", f"virtio-net-pci,id=nic-mgmt,netdev=mgmt,mac=52:54:00:0f:00:01,addr={PCI_SLOT['mgmt']},romfile="]
    for fabric in FABRICS:
        argv += ["-netdev", f"socket,id={fabric.name},mcast=230.0.0.1:{machine.fabric_ports[fabric.name]},localaddr=127.0.0.1"]
        nic = f"virtio-net-pci,id=nic-{fabric.name},netdev={fabric.name},mac={machine.host.mac(fabric)}"
        argv += ["-device", f"{nic},addr={PCI_SLOT[fabric.name]},romfile="]
    return argv


def comma(path: Path) -> str:
    """QEMU's option lists end a value at a comma; a doubled one stands for itself."""
    return str(path).replace(",", ",,")
