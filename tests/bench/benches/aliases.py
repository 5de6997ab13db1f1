"""Names for 1, 50 and 200 LUNs whose maps are there, while one of them is read: until /dev/mapper has every name and the task has ended.

stall: the longest time that a read had to wait. Ours is one task of multipath_alias. Peer: the usual role, a template of the whole
multipath.conf and a restart of multipathd. Beside it, the same task with one name only, on the host with as many maps: what the names
themselves cost. After each run ours is asked again, and must start no process but the one that reads the topology.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, Iterator

from measure import Case, Failed, Subject
from san import LAB_COMMAND, PING, PORTALS, export, play, run, sh

SIZES = (1, 50, 200)
UNITS = {"elapsed": "s", "stall": "s"}
TARGET = "iqn.2004-08.com.example:aliases"
BASE = 'defaults {\n\tfind_multipaths no\n\tuser_friendly_names no\n}\n\nblacklist {\n\twwid "^35000c50"\n}\n'
SETUP_SECONDS = 1800
NAME_SECONDS = 300
# Reads a block past the cache every 20 ms until it is told to stop, and prints the longest read.
READER = """
import mmap, os, sys, time
file, memory, longest = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, 4096), 0
while not os.path.exists("/run/reader.stop"):
    started = time.monotonic()
    os.preadv(file, [memory], 0)
    longest = max(longest, time.monotonic() - started)
    open("/run/reader.longest", "w").write(str(longest))
    time.sleep(0.02)
"""


def cases() -> Iterator[Case]:
    connect()
    for size in SIZES:
        wwids = volumes(size)
        peers = [Subject("template + restart of multipathd", partial(measured, wwids, by_template, wwids))]
        if size > 1:
            peers.append(Subject("linuxsan.host, one of the names", partial(measured, wwids, by_ours, wwids[:1])))
        yield Case(size, Subject("linuxsan.host", partial(measured, wwids, by_ours, wwids)), peers, UNITS)


def connect() -> None:
    """Start the lab, and give the initiator its packages."""
    run([LAB_COMMAND, "up"])
    sh("iscsiadm -m session -u > /dev/null 2>&1; { apt-get -q update && apt-get -q -y install open-iscsi multipath-tools; } >&2", seconds=SETUP_SECONDS)


def volumes(size: int) -> list[str]:
    """Let the array have so many LUNs behind two portals, and the initiator a map of each -> their WWIDs."""
    portals = [{"address": address, "fabric": fabric} for address, fabric in PORTALS[:2]]
    luns = [
        {"name": f"a{number}", "lun": number, "size": "16M", "serial": f"a11a{number:04x}-0000-4000-8000-000000000000", "blank": True} for number in range(size)
    ]
    sh("iscsiadm -m session -u > /dev/null 2>&1; multipath -F; rm -rf /var/lib/iscsi/nodes/*; true", seconds=SETUP_SECONDS)
    unnamed()
    export([{"name": TARGET, "portals": portals}], luns)
    sh(f"iscsiadm -m discovery -t st -p {PORTALS[0][0]} > /dev/null; iscsiadm -m node -l > /dev/null; udevadm settle -t 600; true", seconds=SETUP_SECONDS)
    wait(size, "-e '^3'")
    return sorted(sh("ls /dev/mapper | grep '^3'")[1].split())


def measured(wwids: list[str], work: Callable[[list[str]], float], named: list[str]) -> dict:
    """The maps without a name, then `work` beside a reader, then every name in its place. named: those of the maps that get one."""
    unnamed()
    wait(len(wwids), "-e '^3'")
    sh(f"rm -f /run/reader.*; systemctl -q reset-failed reader 2> /dev/null; cat > /run/reader.py <<'END'\n{READER}END\n")
    sh(f"systemd-run --quiet --unit reader python3 /run/reader.py /dev/disk/by-id/dm-uuid-mpath-{wwids[0]}")
    sh("until test -s /run/reader.longest; do sleep 0.1; done")
    try:
        elapsed = work(named)
        elapsed += wait(len(named), "-e '^vol[0-9]'")
    finally:
        stall = sh("touch /run/reader.stop; while systemctl -q is-active reader; do sleep 0.1; done; cat /run/reader.longest")[1]
    unchanged(named)
    return {"elapsed": elapsed, "stall": float(stall)}


def by_ours(wwids: list[str]) -> float:
    return play([PING, task(wwids)])[0]


def by_template(wwids: list[str]) -> float:
    sections = "".join(f"\tmultipath {{\n\t\twwid {wwid}\n\t\talias vol{number}\n\t}}\n" for number, wwid in enumerate(wwids))
    file = {"ansible.builtin.copy": {"content": f"{BASE}\nmultipaths {{\n{sections}}}\n", "dest": "/etc/multipath.conf", "mode": "0644"}}
    restart = {"ansible.builtin.systemd_service": {"name": "multipathd", "state": "restarted"}}
    return play([PING, file])[0] + play([PING, restart])[0]


def task(wwids: list[str]) -> dict:
    aliases = [{"wwid": wwid, "alias": f"vol{number}"} for number, wwid in enumerate(wwids)]
    return {"linuxsan.host.multipath_alias": {"aliases": aliases, "timeout": NAME_SECONDS}}


def unchanged(wwids: list[str]) -> None:
    """Raises Failed unless ours finds nothing to do, with one process: that which reads the topology."""
    # Rules of udev start dmsetup too.
    sh("udevadm settle -t 300; true")
    for name in ("multipath", "multipathd", "dmsetup", "unshare", "udevadm"):
        sh(f"printf '#!/bin/sh\\necho {name} $* >> /run/started\\nexec /usr/sbin/{name} \"$@\"\\n' > /usr/local/sbin/{name}; chmod 755 /usr/local/sbin/{name}")
    sh("sed -i s,/usr/sbin/,/usr/bin/, /usr/local/sbin/unshare /usr/local/sbin/udevadm; : > /run/started")
    try:
        result = play([PING, task(wwids)])[1]
    finally:
        started = sh("cat /run/started; cd /usr/local/sbin && rm -f multipath multipathd dmsetup unshare udevadm")[1].splitlines()
    if result["changed"] or started != ["multipathd show maps json"]:
        raise Failed(f"a second run did {result['actions']} with {started}")


def unnamed() -> None:
    """Have multipathd know of no alias."""
    sh(f"cat > /etc/multipath.conf <<'END'\n{BASE}END\nsystemctl start multipathd; multipathd reconfigure; udevadm settle -t 300; true")


def wait(count: int, pattern: str) -> float:
    """Wait until so many names in /dev/mapper match -> the seconds that it took. Raises Failed."""
    looks = NAME_SECONDS * 10
    script = f"""
started=$(date +%s.%N) looks=0
until [ $(ls /dev/mapper | grep -c {pattern}) -ge {count} ]; do
    looks=$((looks + 1)); [ $looks -le {looks} ] || {{ ls /dev/mapper >&2; exit 1; }}
    sleep 0.1
done
[ $looks -gt 0 ] && echo "$(date +%s.%N) - $started" || echo 0 - 0
"""
    end, dash, start = sh(script)[1].split()
    return float(end) - float(start)
