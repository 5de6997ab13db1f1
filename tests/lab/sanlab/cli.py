"""The commands of tests/lab/lab."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import ssh
from .errors import LabError
from .fleet import FABRICS
from .lab import Lab
from .layout import layout_from
from .recipe import RELEASES
from .status import lab_status, render_status
from .text_files import locked

DESCRIPTION = """\
The test lab of linuxsan.host: QEMU guests that are a storage array (host array, two iSCSI targets with one portal on each of
two fabrics) and its initiators (hosts initiator1, initiator2, ...), real kernels, with no network but their own.
"""
EPILOG = """\
a first round:
  tests/lab/lab up                           about 4 minutes the first time, then about 10 seconds
  tests/lab/lab ssh initiator1 lsblk
  ansible -i build/lab/inventory.yml all -m ansible.builtin.ping
  tests/lab/lab cable initiator1 fabric-a out
  tests/lab/lab reset                        everything as after the first up
  tests/lab/lab down

environment:
  LINUXSAN_LAB_DIR      state of the lab (default: build/lab of the checkout); another directory is another lab
  LINUXSAN_LAB_CACHE    images and snapshots (default: ~/.cache/linuxsan-lab)
  LINUXSAN_LAB_MIRROR   Debian mirror (default: the one apt uses here)
  LINUXSAN_LAB_ACCEL    kvm or tcg (default: kvm when it is there and really works)
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="tests/lab/lab", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_lifecycle(commands)
    shell = commands.add_parser("ssh", help="a shell on a host, or a command; its exit status is passed on")
    shell.add_argument("host", metavar="HOST")
    shell.add_argument("words", metavar="CMD", nargs=argparse.REMAINDER)
    cable = commands.add_parser("cable", help="plug or pull the cable of one NIC")
    cable.add_argument("host", metavar="HOST")
    cable.add_argument("fabric", choices=[fabric.name for fabric in FABRICS])
    cable.add_argument("position", choices=["in", "out"])
    power = commands.add_parser("power", help="hard power, no shutdown: the disk is what a power cut leaves of it")
    power.add_argument("host", metavar="HOST")
    power.add_argument("action", choices=["off", "on", "reset", "cycle"])
    array = commands.add_parser("array", help="what the array exports").add_subparsers(dest="array_command", metavar="apply", required=True)
    apply = array.add_parser("apply", help="export exactly what a specification says (tests/lab/array/default.yml is the default)")
    apply.add_argument("specification", metavar="SPEC.yml", type=Path)
    return top


def add_lifecycle(commands) -> None:
    up = commands.add_parser("up", help="start what is not running and write inventory.yml")
    up.add_argument("--initiators", type=int, metavar="N", help="how many initiators there are at least (default 1)")
    up.add_argument("--release", choices=RELEASES, help="Debian release of the initiators (default trixie)")
    commands.add_parser("reset", help="every host and every LUN back to the clean snapshot")
    commands.add_parser("down", help="stop every guest and forget their disks")
    status = commands.add_parser("status", help="list the hosts; exit status 0 when all of them run")
    status.add_argument("--json", action="store_true", help="for programs")


def run_up(lab: Lab, options: argparse.Namespace) -> int:
    lab.up(options.initiators, options.release)
    lab.say(f"{len(lab.hosts())} hosts up; inventory: {lab.layout.inventory}")
    return 0


def run_reset(lab: Lab, options: argparse.Namespace) -> int:
    lab.reset()
    return 0


def run_down(lab: Lab, options: argparse.Namespace) -> int:
    lab.say(f"stopped {lab.down()} guests")
    return 0


def run_status(lab: Lab, options: argparse.Namespace) -> int:
    rows = lab_status(lab)
    print(json.dumps(rows, indent=1) if options.json else render_status(rows))
    return 0 if rows["hosts"] and all(row["guest"] == "running" for row in rows["hosts"]) else 1


def run_ssh(lab: Lab, options: argparse.Namespace) -> int:
    access = lab.access(lab.host(options.host))
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    return ssh.shell(access, words)


def run_cable(lab: Lab, options: argparse.Namespace) -> int:
    lab.cable(lab.host(options.host), options.fabric, options.position)
    return 0


def run_power(lab: Lab, options: argparse.Namespace) -> int:
    lab.power(lab.host(options.host), options.action)
    return 0


def run_array(lab: Lab, options: argparse.Namespace) -> int:
    try:
        text = options.specification.read_text()
    except OSError as error:
        raise LabError(f"{options.specification}: could not be read: {error.strerror}") from error
    lab.apply(text)
    return 0


UNLOCKED: dict[str, Callable[[Lab, argparse.Namespace], int]] = {"status": run_status, "ssh": run_ssh}
LOCKED: dict[str, Callable[[Lab, argparse.Namespace], int]] = {
    "up": run_up,
    "reset": run_reset,
    "down": run_down,
    "cable": run_cable,
    "power": run_power,
    "array": run_array,
}


def reporter() -> Callable[[str], None]:
    begin = time.monotonic()

    def say(words: str) -> None:
        # In one piece: two threads may speak at a time.
        sys.stderr.write(f"[{time.monotonic() - begin:6.1f} s] {words}\n")

    return say


def main(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    layout = layout_from(os.environ)
    try:
        if options.command in UNLOCKED:
            return UNLOCKED[options.command](Lab(layout, reporter()), options)
        with locked(layout.lock, "lab"):
            return LOCKED[options.command](Lab(layout, reporter()), options)
    except LabError as error:
        print(f"tests/lab/lab: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"tests/lab/lab: {error.filename or options.command}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tests/lab/lab: interrupted", file=sys.stderr)
        return 130
