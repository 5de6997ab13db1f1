# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with iSCSI disks in a directory, and a multipathd that behaves on it as the real one does."""

from __future__ import annotations

import json
import os
import stat
from types import SimpleNamespace

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxsan.host.plugins.module_utils import _command, _turn
from ansible_collections.linuxsan.host.plugins.module_utils._block import device_tool, open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import SECTOR_BYTES
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._block.use_tool import read_users
from ansible_collections.linuxsan.host.plugins.module_utils._block.wwid_tool import read_properties
from ansible_collections.linuxsan.host.plugins.module_utils._command import Result
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import HELD_LOCK
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_write_tool import Database
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import claim_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import MultipathdError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.places import Places
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, text_diff
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until_none

SIZE = 1 << 30


class Killed(BaseException):
    """The module was killed here."""


class SanHost:
    """The places of a host: sysfs, udev, proc, /dev/mapper and the files of multipath. world: name of the disk -> its WWID."""

    def __init__(self, root):
        self.root = root
        places = (str(root / part) for part in ("multipath.conf", "etc", "fstab", "sys", "udev", "proc", "mapper"))
        units = (str(root / "etc/systemd"), str(root / "run/systemd"))
        # The lock is beside the rest, which a run that is refused leaves as it was.
        lock = f"{root}-run/linuxsan/multipath"
        self.places = Places(*places, units=units, iscsi=str(root / "iscsi"), crypttab=str(root / "crypttab"), lock=lock)
        for part in ("etc/conf.d", "sys/block", "udev", "proc/self", "mapper", "sys/class/iscsi_session"):
            (root / part).mkdir(parents=True)
        write(root / "proc/self/mountinfo", "20 1 0:5 / /proc rw - proc proc rw\n")
        write(root / "proc/swaps", "Filename Type Size Used Priority\n")
        self.conf = root / "multipath.conf"
        self.disks = {}
        self.queueing = set()

    def disk(self, name, wwid, target="iqn.2004-08.com.example:ctr1", lun=0, size=SIZE, serial="S1", vendor="Qsan", product="P600Q", recovery_tmo=5):
        """A disk over a session of its own; target None: a local one."""
        number = 2 + len(self.disks)
        hctl = f"{number}:0:0:{lun}"
        above = f"platform/host{number}/session{number}" if target else f"pci0/ata{number}/host{number}"
        device = self.root / "sys/devices" / above / f"target{number}:0:0" / hctl
        dev = f"8:{16 * number}"
        self.disks[name] = wwid
        for key, value in {"vendor": vendor, "model": product, "type": 0, "state": "running"}.items():
            write(device / key, value)
        write(device / "vpd_pg80", b"\0\x80" + len(serial).to_bytes(2, "big") + serial.encode())
        node = device / "block" / name
        for key, value in {"dev": dev, "size": size // SECTOR_BYTES, "ro": 0}.items():
            write(node / key, value)
        (node / "holders").mkdir()
        (node / "slaves").mkdir()
        (node / "device").symlink_to(device)
        (self.root / "sys/block" / name).symlink_to(node)
        write(self.root / "udev" / f"b{dev}", f"E:ID_SERIAL={wwid}\n")
        if target:
            self._session(number, target, self.root / "sys/devices" / above, recovery_tmo)

    def came_unclaimed(self, *names):
        """What udev says of disks whose WWID was not registered when they came."""
        for name in names:
            known = self._database(name)
            write(known, known.read_text() + "E:DM_MULTIPATH_DEVICE_PATH=0\n")
            os.utime(known, (0, 0))
            write(self.root / "sys/block" / name / "uevent", "")

    def udev_works(self, verdict=1):
        """What udev does with the events that were asked for: it looks at the disk and writes what it finds."""
        for asked in self.root.glob("sys/block/*/uevent"):
            if asked.read_text() == "change":
                known = self._database(asked.parent.name)
                write(known, known.read_text().replace("DEVICE_PATH=0", f"DEVICE_PATH={verdict}"))

    def _database(self, name):
        return self.root / "udev" / f"b{(self.root / 'sys/block' / name / 'dev').read_text().strip()}"

    def _session(self, number, target, directory, recovery_tmo):
        session = directory / "iscsi_session" / f"session{number}"
        for key, value in {"targetname": target, "tpgt": 1, "state": "LOGGED_IN", "recovery_tmo": recovery_tmo, "ifacename": "default"}.items():
            write(session / key, value)
        (session / "device").symlink_to(directory)
        connection = directory / f"connection{number}:0" / "iscsi_connection" / f"connection{number}:0"
        for key, value in {"persistent_address": f"10.0.0.{number}", "persistent_port": 3260, "address": f"10.0.0.{number}", "port": 3260}.items():
            write(connection / key, value)
        (self.root / "sys/class/iscsi_session" / f"session{number}").symlink_to(session)

    def make_dm(self, name, uuid, disks=(), size=SIZE):
        """A device-mapper device with its link in /dev/mapper. Returns its kernel name."""
        dm = f"dm-{len(list((self.root / 'sys/block').glob('dm-*')))}"
        node = self.root / "sys/devices/virtual/block" / dm
        for key, value in {"dev": f"254:{dm[3:]}", "size": size // SECTOR_BYTES, "dm/name": name, "dm/uuid": uuid, "dm/suspended": 0}.items():
            write(node / key, value)
        (node / "holders").mkdir()
        (node / "slaves").mkdir()
        (self.root / "sys/block" / dm).symlink_to(node)
        for disk in disks:
            self.hold(dm, disk)
        write(self.root / dm, "")
        (self.root / "mapper" / name).symlink_to(self.root / dm)
        return dm

    def hold(self, dm, disk):
        """A disk, or a map, below a device-mapper device."""
        node, below = ((self.root / "sys/block" / each).resolve() for each in (dm, disk))
        (below / "holders" / dm).symlink_to(node)
        (node / "slaves" / disk).symlink_to(below)

    def rename_dm(self, dm, name):
        """What the kernel and udev do on a rename."""
        known = self.root / "sys/block" / dm / "dm/name"
        (self.root / "mapper" / known.read_text()).unlink()
        write(known, name)
        (self.root / "mapper" / name).symlink_to(self.root / dm)

    def remove_dm(self, name):
        """What the kernel and udev do when a device-mapper device goes."""
        (dm,) = [node for node in (self.root / "sys/block").glob("dm-*") if (node / "dm/name").read_text() == name]
        for holder in (self.root / "sys/devices").rglob(f"holders/{dm.name}"):
            holder.unlink()
        (self.root / "mapper" / name).unlink()
        dm.unlink()

    def keep_open(self, device, command="dd"):
        """A process that has a device open."""
        (self.root / "proc/77/fd").mkdir(parents=True)
        (self.root / "proc/77/fd/3").symlink_to(f"/dev/{device}")
        write(self.root / "proc/77/comm", f"{command}\n")

    def set_size(self, name, size):
        """What the kernel knows of a disk or map after a rescan or resize."""
        write(self.root / "sys/block" / name / "size", size // SECTOR_BYTES)

    def names(self):
        """WWID -> name, of every map in the kernel."""
        found = {}
        for node in (self.root / "sys/block").glob("dm-*"):
            found[(node / "dm/uuid").read_text().replace("mpath-", "")] = (node / "dm/name").read_text()
        return found

    def dms(self):
        """WWID -> kernel name, of every map in the kernel."""
        return {(node / "dm/uuid").read_text().replace("mpath-", ""): node.name for node in (self.root / "sys/block").glob("dm-*")}

    def wwids(self):
        """The text of the wwids file."""
        file = self.root / "etc/wwids"
        return file.read_text() if file.exists() else ""

    def snapshot(self):
        """Every file and link of the host, to show that nothing has changed."""
        return {str(path): path.readlink() if path.is_symlink() else path.read_bytes() for path in self.root.rglob("*") if path.is_symlink() or path.is_file()}


class FakeMultipathd:
    """find_multipaths strict: only a registered WWID gets a map. lazy: a reload alone makes no map, as while udev is busy.

    renames_only: a reconfigure that renames a map leaves its table as it was, as that of 0.9.4 does.
    """

    def __init__(self, san, lazy=False, up=True):
        self.san, self.lazy, self.up = san, lazy, up
        self.policies = {}
        self.loaded = {}
        self.calls = []
        self.blacklist = ()
        self.stuck = False
        self.forgotten = set()
        self.path_states = {}
        self.answers = {}
        self.renames_only = False
        self.tables = {}

    def running(self):
        return self.up

    def reconfigure(self):
        self.calls.append("reconfigure")
        if self.stuck:
            return
        before, self.loaded = self.loaded, self.in_file()
        stanzas = self.loaded
        known, dms = self.san.names(), self.san.dms()
        for wwid in {*self.san.disks.values()}:
            name = stanzas.get(wwid, {}).get("alias", wwid)
            if wwid not in known and not self.lazy:
                self._make(wwid)
            elif wwid in known and known[wwid] != name and name not in known.values():
                self.san.rename_dm(dms[wwid], name)
                known[wwid] = name
                if self.renames_only:
                    self.tables[wwid] = before.get(wwid, {})

    def in_file(self):
        """WWID -> its settings as the file has them."""
        conf = parse_conf(self.show_config(), str(self.san.conf))
        return {block.value("wwid"): {attr.name: attr.value for attr in block.attrs()} for block in conf.blocks("multipaths", "multipath")}

    def add_path(self, name):
        self.calls.append(f"add path {name}")
        wwid = self.san.disks[name]
        if wwid in self.blacklist:
            raise MultipathdError(f"multipathd add path {name}: it answered 'blacklisted'.", "blacklisted")
        if wwid not in self.san.names():
            self._make(wwid)
        elif not (self.san.root / "sys/block" / name / "holders" / self.san.dms()[wwid]).exists():
            self.san.hold(self.san.dms()[wwid], name)

    def add_map(self, name):
        self.calls.append(f"add map {name}")
        self.forgotten.discard(name)

    def remove_map(self, name):
        self._do("del", name)
        self.san.remove_dm(name)

    def disable_queueing(self, name):
        self._do("disablequeueing", name)
        self.san.queueing.discard(name)

    def restore_queueing(self, name):
        """Restores what a no_path_retry says, and nothing where there is none."""
        self._do("restorequeueing", name)
        if any(settings.get("alias") == name and "no_path_retry" in settings for settings in self.loaded.values()):
            self.san.queueing.add(name)

    def reload_map(self, name):
        self._do("reload", name)
        self.tables.pop(next(wwid for wwid, other in self.san.names().items() if other == name), None)

    def resize_map(self, name):
        self._do("resize", name)
        wwid = next(wwid for wwid, other in self.san.names().items() if other == name)
        disk = next(disk for disk, other in self.san.disks.items() if other == wwid)
        self.san.set_size(self.san.dms()[wwid], int((self.san.root / "sys/block" / disk / "size").read_text()) * SECTOR_BYTES)

    def _do(self, verb, name):
        """answers: verb -> what it says in turn in place of ok."""
        self.calls.append(f"{verb} map {name}")
        waiting = self.answers.get(verb)
        if waiting:
            answer = waiting.pop(0)
            raise MultipathdError(f"multipathd {verb} map {name}: it answered {answer!r}.", answer)

    def show_paths(self):
        """Those in a map and those in none; of a blacklisted disk it knows nothing."""
        self.calls.append("show paths")
        names = self.san.names()
        known = {disk: wwid for disk, wwid in sorted(self.san.disks.items()) if wwid not in self.blacklist and wwid != "local"}
        return "".join(f"{disk}|{'active' if wwid in names else 'undef'}|ready|running|{names.get(wwid, '[orphan]')}\n" for disk, wwid in known.items())

    def show_config(self):
        return self.san.conf.read_text() if self.san.conf.exists() else ""

    def show_maps_json(self):
        self.calls.append("show maps json")
        known = sorted((wwid, name) for wwid, name in self.san.names().items() if name not in self.forgotten)
        dms = self.san.dms()
        maps = [self._told(wwid, name, dms[wwid]) for wwid, name in known if wwid in self.san.disks.values()]
        return json.dumps({"major_version": 0, "maps": maps}, indent=3)

    def _make(self, wwid):
        if f"/{wwid}/" in self.san.wwids() and wwid not in self.blacklist:
            name = self.loaded.get(wwid, {}).get("alias", wwid)
            self.san.make_dm(name, f"mpath-{wwid}", [disk for disk, other in self.san.disks.items() if other == wwid])

    def _states(self, disk):
        dm_state, checker_state = self.path_states.get(disk, ("active", "ready"))
        return {"dm_st": dm_state, "chk_st": checker_state}

    def _told(self, wwid, name, dm):
        settings = self.tables.get(wwid, self.loaded.get(wwid, {}))
        disks = sorted(disk for disk, other in self.san.disks.items() if other == wwid)
        groups = [disks] if settings.get("path_grouping_policy") == "multibus" else [[disk] for disk in disks]
        retry = settings.get("no_path_retry", "-")
        return {
            "name": name,
            "uuid": wwid,
            "sysfs": dm,
            "failback": settings.get("failback", "manual"),
            "queueing": {"-": "-", "fail": "off", "queue": "on"}.get(retry, f"{retry} chk"),
            "features": "0" if retry in ("-", "fail") else "1 queue_if_no_path",
            "dm_st": "active",
            "vend": "Qsan",
            "prod": "P600Q",
            "path_groups": [
                {
                    "selector": settings.get("path_selector", "service-time 0"),
                    "pri": 1,
                    "dm_st": "active",
                    "group": number,
                    "paths": [{"dev": disk, "dev_st": "running", "pri": 1, **self._states(disk)} for disk in group],
                }
                for number, group in enumerate(groups, 1)
            ],
        }


class FakeMultipath:
    """The program multipath."""

    def __init__(self, san):
        self.san = san
        self.calls = []
        self.release = (0, 9, 4)
        self.asked = 0

    def version(self):
        self.asked += 1
        return self.release

    def add_wwid(self, wwid):
        self.calls.append(wwid)
        if f"/{wwid}/" not in self.san.wwids():
            write(self.san.root / "etc/wwids", f"{self.san.wwids()}/{wwid}/\n")


class FakeApply:
    """conf_apply without the installed libmultipath. killed: the module dies before or after the file is written."""

    def __init__(self, multipathd):
        self.multipathd = multipathd
        self.writes = 0
        self.killed = None

    def read_host(self, module):
        return SimpleNamespace(release=None, keywords=keyword_tree(), running=self.multipathd.running(), multipathd=self.multipathd)

    def try_conf(self, module, host, path, old, edit, validate):
        changed = edit.text != (old or "")
        steps = (Step("write", path),) if changed else ()
        diffs = [text_diff(path, old, edit.text)] if changed else []
        stale = () if changed or self.multipathd.in_file() == self.multipathd.loaded else ("multipaths",)
        return SimpleNamespace(path=path, edit=edit, steps=steps, diffs=diffs, text=edit.text, stale=stale, warnings=(), before=None, verdict=None)

    def is_read(self, path):
        return True

    def apply_conf(self, module, host, trial, reload, backup):
        self._die("before")
        self.writes += 1
        write(self.multipathd.san.root / "multipath.conf", trial.text)
        self._die("after")
        if reload:
            self.multipathd.reconfigure()
        return {}

    def _die(self, when):
        if self.killed == when:
            raise Killed


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else str(value).encode())


@pytest.fixture
def san(tmp_path):
    return SanHost(tmp_path)


class Device:
    """The map qsan of a LUN with two paths. A plain file is in the place of its device node, so that the real dd, blkid and wipefs read and write it."""

    WWID = "32033001378901d00"
    SIZE = 16 << 20

    def __init__(self, san):
        self.san = san
        for name, target in (("sdb", "iqn.2004-08.com.example:ctr1"), ("sdc", "iqn.2004-08.com.example:ctr2")):
            san.disk(name, self.WWID, target, size=self.SIZE)
            write(san.root / "sys/block" / name / "stat", "0 " * 11)
        self.sysfs = san.root / "sys/block" / san.make_dm("qsan", f"mpath-{self.WWID}", ("sdb", "sdc"), self.SIZE)
        write(self.sysfs / "stat", "0 " * 11)
        self.path = str(san.root / "mapper/qsan")
        self.file = san.root / self.sysfs.name
        os.truncate(self.file, self.SIZE)
        # How often device-mapper has it open.
        self.opened = 0
        # Called with each process that is about to be started.
        self.before = lambda argv: None
        # Of those, the ones that are not waited for, and the files that each is to hold open.
        self.started = []
        self.kept = []

    def os(self):
        """What is asked of the operating system about the device node."""
        major, minor = map(int, (self.sysfs / "dev").read_text().split(":"))
        status = os.stat_result((stat.S_IFBLK, *[0] * 9), {"st_rdev": os.makedev(major, minor)})
        return SimpleNamespace(path=os.path, stat=lambda path: status, major=os.major, minor=os.minor)

    def run(self, argv, timeout):
        self.before(argv)
        if argv[0] == "dmsetup":
            return Result(tuple(argv), 0, f"0:{self.opened}\n", "")
        # A plain file on tmpfs knows no direct reads in older kernels.
        return _command.run([word.replace("direct,", "") for word in argv], timeout)

    def start(self, argv, keep=()):
        self.before(argv)
        self.started.append(argv)
        self.kept.append(tuple(os.readlink(f"/proc/self/fd/{handle}") for handle in keep))
        return _command.Process(argv, keep=keep)

    def write(self, data, offset):
        with open(self.file, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def mount(self):
        write(self.san.root / "proc/self/mountinfo", "21 1 254:0 / /mnt rw - ext4 /dev/mapper/qsan rw\n")

    def hold(self):
        self.san.make_dm("vg-data", "LVM-x", ["dm-0"])

    def open(self):
        write(self.san.root / "proc/77/comm", "qemu\n")
        (self.san.root / "proc/77/fd").mkdir()
        (self.san.root / "proc/77/fd/3").symlink_to("/dev/dm-0")

    def open_elsewhere(self):
        self.opened = 1

    def mount_path(self):
        """The same LUN over a path that the map has not taken."""
        self.san.disk("sdd", self.WWID)
        write(self.san.root / "proc/self/mountinfo", "21 1 8:64 / /mnt rw - ext4 /dev/sdd rw\n")

    def replace(self):
        """The map of another LUN takes its name and number."""
        write(self.sysfs / "dm/uuid", "mpath-32033001378901d01")


@pytest.fixture
def device(san, monkeypatch):
    """A Device, on the host that _block looks at."""
    made = Device(san)
    places = san.places
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    for name, value in {
        "os": made.os(),
        "read_nodes": lambda sysfs: read_nodes(places.sysfs),
        "read_users": lambda nodes, sysfs, proc: read_users(nodes, places.sysfs, places.proc),
        "read_properties": lambda node, udev: read_properties(node, places.udev),
        "held_open": lambda names, nodes, counts, proc: open_tool.held_open(names, nodes, counts, places.proc),
    }.items():
        monkeypatch.setattr(device_tool, name, value)
    return made


USES = {
    "mount": "mounted on /mnt",
    "hold": "held by dm-1 (vg-data)",
    "open": "open by qemu (process 77)",
    "open_elsewhere": "no process of this host shows it",
    "mount_path": "the same LUN sdd is mounted on /mnt",
}


@pytest.fixture(params=USES)
def use(request, device):
    """The device in use: (the use, a method of Device; what is said of it)."""
    getattr(device, request.param)()
    return request.param, USES[request.param]


class Left(Exception):
    """The module has left with this result."""


@pytest.fixture
def run_main(monkeypatch):
    """Runs a module's main() with its real argument parser and returns the result; work: what takes the place of its work()."""

    def leave(module, **result):
        raise Left(result)

    def fail(module, msg, **result):
        raise Left({"failed": True, "msg": msg, **result})

    def run(plugin, work, params, check=False):
        monkeypatch.setattr(AnsibleModule, "exit_json", leave)
        monkeypatch.setattr(AnsibleModule, "fail_json", fail)
        monkeypatch.setattr(AnsibleModule, "_load_params", lambda module: setattr(module, "params", {**params, "_ansible_check_mode": check}))
        warnings = []
        monkeypatch.setattr(AnsibleModule, "warn", lambda module, text: warnings.append(text))
        monkeypatch.setattr(plugin, "work", work)
        with pytest.raises(Left) as left:
            plugin.main()
        return {**left.value.args[0], "warnings": warnings}

    return run


@pytest.fixture
def records_under_lock(tmp_path, monkeypatch):
    """No record of open-iscsi is written or deleted without its lock, which is in the directory lock of the test's."""
    held = str(tmp_path / "lock" / HELD_LOCK)

    def under_lock(name, verb):
        def run(*words):
            # The lock itself is removed by whoever holds it.
            assert os.path.exists(held) or words == (held,), f"{name} without the lock"
            return verb(*words)

        return run

    for name in ("write", "remove", "remove_discovery"):
        monkeypatch.setattr(Database, name, under_lock(name, getattr(Database, name)))
    monkeypatch.setattr(Database, "remove_file", staticmethod(under_lock("remove_file", Database.remove_file)))


@pytest.fixture
def events_answered(san, monkeypatch):
    """udev does what it is asked for before the module looks."""

    def wait(remaining, timeout, interval):
        san.udev_works()
        return wait_until_none(remaining, timeout, interval)

    monkeypatch.setattr(claim_tool, "wait_until_none", wait)


@pytest.fixture
def events_refused(san, monkeypatch):
    """udev looks at what it is asked for, and finds a plain disk again."""

    def wait(remaining, timeout, interval):
        san.udev_works(verdict=0)
        return wait_until_none(remaining, 0, interval)

    monkeypatch.setattr(claim_tool, "wait_until_none", wait)


@pytest.fixture
def held(san, monkeypatch):
    """Another run has its turn, and is not waited for."""
    monkeypatch.setattr(_turn, "TURN_SECONDS", 0)
    with _turn.turn(san.places.lock, "the files of multipath", "a test"):
        yield


@pytest.fixture
def kill():
    return Killed


@pytest.fixture
def fakes(san):
    """multipath, multipathd and conf_apply for one host."""
    multipathd = FakeMultipathd(san)
    return SimpleNamespace(multipath=FakeMultipath(san), multipathd=multipathd, apply=FakeApply(multipathd))
