# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module on a host in a directory, whose iscsiadm does what the real one does to records and sessions."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._block import open_tool
from ansible_collections.linuxsan.host.plugins.module_utils._command import Result
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import database_tool, iscsiadm_tool, login_tool, node_apply, node_guard, node_work
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_tool import node_path, read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.host_tool import Places
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.iscsiadm_tool import Iscsiadm
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.node_work import NodeWork
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.portal_text import parse_portal
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import render_changes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.socket_tool import addresses_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import STATUSES
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.trial_tool import Trial
from ansible_collections.linuxsan.host.plugins.modules import iscsi_node

FIXTURES = pathlib.Path(__file__).parents[1] / "module_utils" / "_iscsi" / "fixtures"
DEFAULT_RECORD = (FIXTURES / "iscsiadm-2.1.8-node-default.txt").read_text(encoding="utf-8")
CTR1, CTR2 = "iqn.2004-08.com.example:dev0.ctr1", "iqn.2004-08.com.example:dev0.ctr2"
# Names of which one is the beginning of another.
A, B = "10.10.10.100", "10.10.10.10"
V6, V6_LONG = "2001:db8::1", "2001:DB8:0:0::1"
INITIATOR = "iqn.2026-11.com.example:db1"
SECRET = "SECRET-VALUE"
CHAP = {"username": "host", "password": SECRET}


class Ended:
    """A process that has ended."""

    running = False

    def __init__(self, result):
        self.result = result
        self.killed = False

    def finish(self, timeout):
        return self.result

    def stderr_so_far(self):
        return self.result.stderr

    def kill(self):
        self.killed = True


class OpenIscsi:
    """Records in files, sessions in a sysfs. fabric: (target, address, port, portal group) as advertised. faults: portal -> status of its logins."""

    def __init__(self, root):
        self.root = root
        self.places = Places(*(str(root / part) for part in ("db", "sys", "udev", "proc", "lock", "turn")))
        for part in ("sys/block", "sys/class/iscsi_session", "udev", "proc/self", "proc/net", "db/nodes"):
            (root / part).mkdir(parents=True)
        put(root / "proc/self/mountinfo", "20 1 0:5 / /proc rw - proc proc rw\n")
        put(root / "proc/swaps", "Filename Type Size Used Priority\n")
        self.listening(True)
        self.fabric = [(target, address, 3260, 1) for target in (CTR1, CTR2) for address in (A, B)]
        self.silent, self.bare = set(), set()
        self.faults = {}
        # (target, portal) -> CHAP names that it refuses.
        self.refused = {}
        # True when a second session of an initiator is refused, whatever its values.
        self.full = False
        self.calls = []
        self.luns = 1
        self.sid = 0
        # Keys of records that it does not know.
        self.foreign = frozenset()
        # What it says when it makes a record, with status 0.
        self.says = ""

    def listening(self, there):
        put(self.root / "proc/net/unix", "0: 2 0 10000 1 1 1 @ISCSIADM_ABSTRACT_NAMESPACE\n" if there else "\n")

    def record(self, target, address, port=3260, tpgt=1, iface="default", **changes):
        path = pathlib.Path(node_path(self.places.root, target, address, port, tpgt, iface))
        values = {"node.name": target, "node.tpgt": str(-1 if tpgt is None else tpgt), "node.conn[0].address": address, "node.conn[0].port": str(port)}
        put(path, render_changes(DEFAULT_RECORD, {**values, "iface.iscsi_ifacename": iface, **changes}))
        return path

    def records(self):
        return read_nodes(self.places.root)

    def session(self, target, address, port=3260, tpgt=1, iface="default", state="LOGGED_IN", **attributes):
        self.sid += 1
        sid = self.sid
        device = self.root / f"sys/devices/platform/host{sid}/session{sid}"
        own = device / f"iscsi_session/session{sid}"
        for name, value in {
            "targetname": target,
            "tpgt": tpgt,
            "state": state,
            "recovery_tmo": 5,
            "ifacename": iface,
            "initiatorname": INITIATOR,
            **attributes,
        }.items():
            put(own / name, value)
        (own / "device").symlink_to(device)
        connection = device / f"connection{sid}:0/iscsi_connection/connection{sid}:0"
        for name, value in {"persistent_address": address, "persistent_port": port, "address": address, "port": port}.items():
            put(connection / name, value)
        (self.root / f"sys/class/iscsi_session/session{sid}").symlink_to(own)
        for lun in range(self.luns):
            self.disk(device / f"target{sid}:0:0/{sid}:0:0:{lun}", f"sd{chr(97 + sid)}{lun}", f"8:{16 * sid + lun}")
        return sid

    def disk(self, device, name, dev):
        for key, value in {"type": 0, "state": "running"}.items():
            put(device / key, value)
        node = device / "block" / name
        for key, value in {"dev": dev, "size": 2048, "ro": 0}.items():
            put(node / key, value)
        for part in ("holders", "slaves"):
            (node / part).mkdir()
        (node / "device").symlink_to(device)
        (self.root / "sys/block" / name).symlink_to(node)

    def map(self, *disks):
        """The multipath map dm-0 on disks, mounted."""
        node = self.root / "sys/devices/virtual/block/dm-0"
        for key, value in {"dev": "254:0", "size": 2048, "ro": 0, "dm/name": "qsan", "dm/uuid": "mpath-3200"}.items():
            put(node / key, value)
        for part in ("holders", "slaves"):
            (node / part).mkdir()
        (self.root / "sys/block/dm-0").symlink_to(node)
        for disk in disks:
            self.take(disk)
        self.mount("254:0", "/srv")

    def take(self, disk):
        """What multipathd does with a path of its map."""
        node, path = ((self.root / "sys/block" / name).resolve() for name in ("dm-0", disk))
        (node / "slaves" / disk).symlink_to(path)
        (path / "holders/dm-0").symlink_to(node)

    def sids(self):
        return {int(path.name[7:]) for path in (self.root / "sys/class/iscsi_session").iterdir()}

    def mount(self, dev, point):
        put(self.root / "proc/self/mountinfo", f"20 1 {dev} / {point} rw - ext4 /dev/x rw\n")

    def snapshot(self):
        return {str(path): path.readlink() if path.is_symlink() else path.read_bytes() for path in self.root.rglob("*") if path.is_symlink() or path.is_file()}

    def snapshot_without_locks(self):
        """What a run for real changes beside the empty files of its locks."""
        return {path: content for path, content in self.snapshot().items() if path != self.places.turn and not path.startswith(f"{self.places.lock}/")}

    # What iscsiadm does.

    def run(self, argv, timeout):
        self.calls.append(argv[1:])
        words = dict(zip(argv[1:], argv[2:]))
        if words["-m"] == "session":
            return self._session(argv, words["-r"], "-u" in argv)
        if words["-m"] in ("discovery", "discoverydb"):
            return self._discovery(argv, words)
        if words.get("-o") == "new":
            portal = words["-p"].rsplit(",", 1)
            host = parse_portal(portal[0])
            self.record(words["-T"], host.host, host.port, int(portal[1]) if len(portal) > 1 else None, words["-I"])
            return told(argv, stderr=self.says)
        chosen = [
            record for record in self.records() if words.get("-T", record.target) == record.target and words.get("-p", record.spelling) == record.spelling
        ]
        chosen = [record for record in chosen if words.get("-I", record.iface) == record.iface]
        if words.get("-o") == "update":
            pairs = {argv[at + 1]: argv[at + 3] for at, word in enumerate(argv) if word == "-n"}
            for record in chosen:
                path = pathlib.Path(record.path)
                put(path, render_changes(path.read_text(encoding="utf-8"), pairs))
            return told(argv)
        return self._login(argv, chosen)

    def start(self, argv):
        return Ended(self.run(argv, 0))

    def _discovery(self, argv, words):
        portal = str(parse_portal(words["-p"]))
        if words["-o"] == "new":
            name = parse_portal(words["-p"])
            put(self.root / f"db/send_targets/{name.host},{name.port}/st_config", (FIXTURES / "iscsiadm-2.1.8-st-config.txt").read_text(encoding="utf-8"))
            return told(argv, stderr=self.says)
        if portal in self.silent:
            return told(argv, "ISCSI_ERR_TRANS", stderr="iscsiadm: cannot make connection\n")
        if portal in self.bare:
            return told(argv, "ISCSI_ERR_NO_OBJS_FOUND", stderr="iscsiadm: No portals found\n")
        return told(
            argv, stdout="".join(f"{f'[{address}]' if ':' in address else address}:{port},{tpgt} {target}\n" for target, address, port, tpgt in self.fabric)
        )

    def _login(self, argv, chosen):
        said, first = "", "ISCSI_SUCCESS"
        for record in chosen:
            status = self.faults.get((record.target, str(record.portal)))
            up = [path for path in (self.root / "sys/class/iscsi_session").iterdir() if (path / "targetname").read_text() == record.target]
            up = [path for path in up if next((path / "device").glob("connection*/iscsi_connection/*/persistent_address")).read_text() == record.address]
            up = [path for path in up if (path / "ifacename").read_text() == record.iface]
            if len(up) >= int(record.values.get("node.session.nr_sessions", 1)):
                status = "ISCSI_ERR_SESS_EXISTS"
            login = {name: record.values.get(f"node.session.auth.{name}") for name in ("username", "password", "username_in", "password_in")}
            login = {name: value.reveal() if hasattr(value, "reveal") else value for name, value in login.items() if value}
            while not status and len(up) < int(record.values.get("node.session.nr_sessions", 1)):
                up.append(self.session(record.target, record.address, record.portal.port, record.tpgt or 1, record.iface, **login))
            if status:
                first = first if first != "ISCSI_SUCCESS" else status
                where = f"[iface: {record.iface}, target: {record.target}, portal: {record.address},{record.portal.port}]"
                said += f"iscsiadm: Could not login to {where}.\niscsiadm: initiator reported error ({STATUSES[status][0]} - words)\n"
        return told(argv, first, stderr=said)

    def _session(self, argv, sid, leaves):
        link = self.root / f"sys/class/iscsi_session/session{sid}"
        if leaves:
            device = (link / "device").resolve()
            for node in device.glob("target*/*/block/*"):
                (self.root / "sys/block" / node.name).unlink()
                for holder in (node / "holders").iterdir():
                    (holder / "slaves" / node.name).unlink()
            link.unlink()
            shutil.rmtree(device)
        return told(argv)


def told(argv, status="ISCSI_SUCCESS", stdout="", stderr=""):
    return Result(tuple(argv), STATUSES[status][0], stdout, stderr)


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(value), encoding="utf-8")


class NoMaps:
    """No map on the host; held: disks that somebody has claimed."""

    def __init__(self):
        self.held = ()

    def failed(self, nodes):
        return frozenset()

    def open_counts(self):
        return {}

    def claimed(self, names, nodes):
        return tuple(name for name in names if name in self.held)


@pytest.fixture
def host(tmp_path, records_under_lock, monkeypatch):
    monkeypatch.setattr(iscsiadm_tool, "find_program", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(login_tool, "INTERVAL", 0)
    monkeypatch.setattr(node_apply, "LATE_SECONDS", 0)
    made = OpenIscsi(tmp_path)
    monkeypatch.setattr(node_work, "foreign_keys", lambda: made.foreign)
    return made


@pytest.fixture
def node(host, run_main):
    """Runs the module; unreached: portals where nothing listens, and network devices that reach none."""
    real_work = iscsi_node.work
    paths = NoMaps()

    def run(check=False, unreached=(), **params):
        def probe(places, timeout):
            return {place: "Connection refused" if {str(place[0]), place[1]} & {*unreached} else None for place in places}

        def trial(initiator, target, portal, login, algorithms, timeout, device):
            refused = host.refused.get((target, str(portal)), ())
            if host.full:
                return Trial(None, "too many connections")
            return Trial(False, "authentication failure") if login.username in refused else Trial(True)

        def tools(asked, live):
            return NodeWork(asked, live, host.places, Iscsiadm(host.run, host.start), probe, paths, trial)

        host.calls.clear()
        result = run_main(iscsi_node, lambda module: real_work(module, tools), {"timeout": 1, **params}, check)
        assert isinstance(result["failed_portals"], list) and result["elapsed"] >= 0
        assert SECRET not in repr(host.calls) and SECRET not in repr(result)
        return result

    run.paths = paths
    return run


def verbs(result):
    return [action.split()[0] for action in result["actions"]]


def up(result):
    return sorted((session["target"][-4:], session["portal"]) for session in result["sessions"] if session["state"] == "LOGGED_IN")


EVERYTHING = sorted((target, f"{address}:3260") for target in ("ctr1", "ctr2") for address in (A, B))


def check_real_again(node, host, **params):
    """Predict, do, do again, predict again; returns what was done."""
    before = host.snapshot()
    predicted = node(check=True, **params)
    assert host.snapshot() == before
    done = node(**params)
    assert not done.get("failed"), done
    assert (predicted["changed"], predicted["actions"], predicted["diff"]) == (done["changed"], done["actions"], done["diff"])
    again = node(**params)
    assert (again["changed"], again["actions"]) == (False, [])
    assert not any("-l" in call or "update" in call or "new" in call for call in host.calls)
    assert node(check=True, **params)["changed"] is False
    return done


def test_connect(node, host):
    done = check_real_again(node, host, portals=[A], chap=CHAP, startup="automatic")
    assert up(done) == EVERYTHING and done["failed_portals"] == [] and done["targets"] == [CTR1, CTR2]
    assert {record.values["node.startup"] for record in host.records()} == {"automatic"}
    assert {record.values["node.session.auth.username"] for record in host.records()} == {"host"}


def test_present_and_then_connected(node, host):
    assert verbs(check_real_again(node, host, portals=[A], state="present")) == ["create"] * 4
    assert host.sids() == set()
    assert verbs(check_real_again(node, host, targets=[CTR1])) == ["login"] * 2
    assert verbs(check_real_again(node, host, targets=["*"], state="disconnected")) == ["logout"] * 2
    assert verbs(check_real_again(node, host, portals=[A], state="absent")) == ["delete"] * 4
    assert host.records() == ()


def test_only_the_portals_that_are_meant(node, host):
    done = check_real_again(node, host, portals=[A], target_portals=[B], targets=["*ctr1"])
    assert up(done) == [("ctr1", f"{B}:3260")]
    assert [record.portal.host for record in host.records()] == [B]


@pytest.mark.parametrize("spelled", [V6, V6_LONG, f"[{V6}]:3260", "2001:0db8:0000:0000:0000:0000:0000:0001"])
def test_one_address_in_many_spellings(node, host, spelled):
    host.fabric = [(CTR1, V6_LONG, 3260, 1)]
    host.record(CTR1, V6_LONG)
    host.session(CTR1, V6_LONG)
    done = node(portals=[spelled], target_portals=[spelled])
    assert (done["changed"], up(done)) == (False, [("ctr1", f"[{V6}]:3260")])
    assert node(targets=[CTR1], portals=[spelled], discovery="static")["changed"] is False
    assert host.calls == []


# What /etc/hosts has for every host.
NAME, ADDRESS = "localhost", addresses_of("localhost")[0]


@pytest.mark.parametrize("first, second", [(NAME, ADDRESS), (ADDRESS, NAME)])
def test_a_session_that_is_up_by_the_other_spelling_of_its_portal(node, host, first, second):
    host.fabric = [(CTR1, ADDRESS, 3260, 1)]
    connected = node(portals=[first], targets=[CTR1], discovery="static", chap=CHAP)
    assert not connected.get("failed")
    for params in ({"discovery": "static"}, {"discovery": "static", "exclusive": True}, {}, {"exclusive": True}, {"target_portals": [ADDRESS]}):
        done = check_real_again(node, host, portals=[second], targets=[CTR1], **params)
        assert (done["changed"], up(done)) == (False, [("ctr1", str(parse_portal(first)))])
    assert [record.portal.host for record in host.records()] == [first]
    assert verbs(check_real_again(node, host, portals=[second], targets=[CTR1], startup="onboot")) == ["update"]


def test_one_place_in_two_spellings_is_one_session(node, host):
    done = check_real_again(node, host, portals=[ADDRESS, NAME], targets=[CTR1], discovery="static")
    assert (verbs(done), up(done)) == (["create", "login"], [("ctr1", str(parse_portal(ADDRESS)))])


@pytest.mark.parametrize("state, done", [("absent", ["logout", "delete"]), ("disconnected", ["logout"])])
@pytest.mark.parametrize("portal", [NAME, ADDRESS, "10.9.9.9"])
@pytest.mark.parametrize("listening", [True, False])
def test_what_a_portal_that_tells_nothing_has_is_taken_away(node, host, portal, state, done, listening):
    host.record(CTR1, ADDRESS if portal == NAME else NAME, **{"node.discovery_address": "10.9.9.9", "node.discovery_port": "3260"})
    host.session(CTR1, ADDRESS if portal == NAME else NAME)
    host.record(CTR2, A)
    host.silent = {str(parse_portal(portal))}
    host.listening(listening)
    left = check_real_again(node, host, portals=[portal], state=state)
    assert verbs(left) == done and host.sids() == set() and CTR2 in {record.target for record in host.records()}
    status = "ISCSI_ERR_TRANS" if listening else "ISCSI_ERR_ISCSID_NOTCONN"
    assert [(each["portal"], each["target"], each["status"]) for each in left["failed_portals"]] == [(str(parse_portal(portal)), None, status)]
    assert not any("nothing is taken away" in text for text in left["warnings"])


@pytest.mark.parametrize("state, done", [("absent", ["delete"]), ("disconnected", [])])
def test_what_an_isns_server_tells_is_taken_away(node, host, state, done):
    """An iSNS server has no target of its own: what it tells counts, and its own record stays."""
    put(host.root / f"db/isns/{B},3205/isns_config", "discovery.isns.use_discoveryd = No\n")
    host.fabric = [(CTR1, A, 3260, 1)]
    for target in (CTR1, CTR2):
        host.record(target, A)
        host.session(target, A)
    left = check_real_again(node, host, portals=[B], discovery="isns", state=state)
    assert (verbs(left), host.sids()) == (["logout", *done], {2})
    assert (CTR1 in {record.target for record in host.records()}) == (state == "disconnected")
    assert host.calls[0][:7] == ["-m", "discoverydb", "-t", "isns", "-p", f"{B}:3205", "-D"]
    assert (host.root / f"db/isns/{B},3205/isns_config").exists()


@pytest.mark.parametrize("portal", ["nowhere.invalid", "10.9.9.9"])
@pytest.mark.parametrize("listening", [True, False])
def test_a_portal_of_which_nothing_is_known_is_named(node, host, portal, listening):
    host.record(CTR1, A)
    host.session(CTR1, A)
    host.silent = {f"{portal}:3260"}
    host.listening(listening)
    done = node(portals=[portal], state="absent")
    assert (done["changed"], [each["portal"] for each in done["failed_portals"]]) == (False, [f"{portal}:3260"])
    assert any(f"portal {portal}:3260: nothing is taken away for it" in text and CTR1 in text for text in done["warnings"])


OTHER = "iqn.2010-01.com.example:other"


@pytest.mark.parametrize("state, done", [("absent", ["logout", "delete"]), ("disconnected", ["logout"])])
@pytest.mark.parametrize("targets", [["*"], ["iqn.*", "iqn.2010-01.com.example:othe[r]"], ["*.ctr1", "iqn.????-*:other"]])
def test_a_pattern_takes_only_what_is_behind_the_portals(node, host, state, done, targets):
    """Records and sessions of another array that the pattern takes stay."""
    for target, address in ((CTR1, A), (OTHER, "10.9.9.9")):
        host.record(target, address)
        host.session(target, address)
    left = check_real_again(node, host, portals=[A], targets=targets, state=state)
    assert (verbs(left), left["targets"]) == (done, [CTR1])
    assert host.sids() == {2} and OTHER in {record.target for record in host.records()}


def test_a_whole_name_beside_a_pattern_needs_no_portal(node, host):
    for target in (CTR1, CTR2, OTHER):
        host.record(target, "10.9.9.9")
    host.fabric = [(CTR1, A, 3260, 1)]
    check_real_again(node, host, portals=[A], targets=["*.ctr?", OTHER], state="absent")
    assert {record.target for record in host.records()} == {CTR2}
    assert verbs(check_real_again(node, host, portals=[A], targets=[CTR2], state="absent")) == ["delete"]
    # Nothing is left that the pattern takes.
    assert (node(portals=[A], targets=["*"], state="absent")["changed"], host.calls) == (False, [])


@pytest.mark.parametrize("listening", [True, False])
def test_a_pattern_at_a_portal_that_tells_nothing(node, host, listening):
    """What the host knows to be behind it goes; when that is nothing that the pattern takes, nothing goes and it is told."""
    for target, address in ((CTR1, A), (CTR2, B), (OTHER, "10.9.9.9")):
        host.record(target, address)
        host.session(target, address)
    host.silent = {f"{A}:3260", f"{B}:3260"}
    host.listening(listening)
    left = node(portals=[B], targets=["*.ctr1"], state="absent")
    assert (left["changed"], len(host.records()), [each["portal"] for each in left["failed_portals"]]) == (False, 3, [f"{B}:3260"])
    (told_of,) = [text for text in left["warnings"] if f"portal {B}:3260: nothing is taken away for it" in text]
    assert CTR1 in told_of and CTR2 not in told_of and OTHER not in told_of
    left = check_real_again(node, host, portals=[A], targets=["*"], state="absent")
    assert (verbs(left), {record.target for record in host.records()}) == (["logout", "delete"], {CTR2, OTHER})


@pytest.mark.parametrize("targets", [None, ["*.ctr1"], ["*"]])
def test_a_portal_that_shows_nothing_any_more(node, host, targets):
    """As when the array has let the host go first. What its records say of the portal goes; when they say nothing, that is told."""
    host.record(CTR1, B, **{"node.discovery_address": A, "node.discovery_port": "3260"})
    host.session(CTR1, B)
    host.record(CTR2, B)
    host.bare = {f"{A}:3260"}
    named = {"targets": targets} if targets else {}
    left = check_real_again(node, host, portals=[A], state="absent", **named)
    assert (verbs(left), {record.target for record in host.records()}) == (["logout", "delete"], {CTR2})
    left = node(portals=[A], state="absent", targets=["*"])
    assert (left["changed"], left["failed_portals"]) == (False, [])
    assert any(f"portal {A}:3260: nothing is taken away for it, because it shows this host no target" in text for text in left["warnings"])


@pytest.mark.parametrize("state", ["connected", "present"])
def test_a_portal_that_shows_nothing_is_told_of(node, host, state):
    """Its sessions would be paths, and nothing else says that they are missing."""
    host.bare = {f"{B}:3260"}
    for check in (True, False, False):
        told = node(check=check, portals=[A, B], state=state)
        assert not told.get("failed") and f"portal {B}:3260: shows this host no target" in " ".join(told["warnings"])
    host.bare = set()
    assert "no target" not in " ".join(node(portals=[A, B], state=state)["warnings"])


@pytest.mark.parametrize("targets", [None, ["*"], ["*.ctr1"]])
def test_the_secret_of_a_silent_portal_goes_with_the_last_record(node, host, targets):
    host.fabric = [(CTR1, A, 3260, 1)]
    node(portals=[A, B], targets=[CTR1], discovery_chap=CHAP)
    host.silent = {f"{B}:3260"}
    named = {"targets": targets} if targets else {}
    left = check_real_again(node, host, portals=[A, B], state="absent", **named)
    assert verbs(left).count("forget") == 2 and host.records() == ()


def test_sessions_without_a_daemon_are_named(node, host):
    node(targets=[CTR1], portals=[A])

    def warned(**params):
        return [any("iscsid is not running: no session comes back" in text for text in node(check=check, **params)["warnings"]) for check in (True, False)]

    assert warned(targets=[CTR1]) == [False, False]
    host.listening(False)
    assert warned(targets=[CTR1]) == [True, True]
    assert warned(targets=[CTR1], state="present") == [False, False]
    # systemd listens for it.
    host.listening(True)
    put(host.root / "proc/net/netlink", "sk Eth Pid Groups Rmem\n0 0 1 0 0\n")
    assert warned(targets=[CTR1]) == [True, True]
    put(host.root / "proc/812/comm", "iscsid\n")
    put(host.root / "proc/812/stat", f"812 (iscsid) S 1 {' '.join(['0'] * 30)}\n")
    assert warned(targets=[CTR1]) == [False, False]


def test_a_portal_is_taken_away_by_either_spelling_without_asking(node, host):
    node(portals=[ADDRESS], targets=[CTR1], discovery="static")
    assert verbs(check_real_again(node, host, portals=[NAME], discovery="static", state="absent")) == ["logout", "delete"]


def test_static_asks_nobody(node, host):
    done = check_real_again(node, host, portals=[A], targets=[CTR1], discovery="static")
    assert up(done) == [("ctr1", f"{A}:3260")]
    node(portals=[A], targets=[CTR1], discovery="static")
    assert host.calls == []


def put_ifaces(host, *names):
    """Interfaces as iscsiadm has made them."""
    iface = (FIXTURES / "iscsiadm-2.1.8-iface.txt").read_text(encoding="utf-8")
    for name in names:
        put(host.root / f"db/ifaces/{name}", render_changes(iface, {"iface.iscsi_ifacename": name}))


def test_static_through_two_interfaces(node, host):
    put_ifaces(host, "eth1", "eth2")
    done = check_real_again(node, host, portals=[A], targets=[CTR1], discovery="static", ifaces=["eth1", "eth2"])
    assert sorted(session["iface"] for session in done["sessions"]) == ["eth1", "eth2"]
    assert len(host.records()) == 2
    host.fabric = []
    refused = node(portals=[B], targets=[CTR2], discovery="static", ifaces=["eth1", "eth2"])
    assert refused["failed"] and "portal group is unknown" in refused["msg"]


@pytest.mark.parametrize("params", [{"targets": [CTR1]}, {"targets": [CTR1], "target_portals": [A]}])
def test_static_takes_only_its_own_portals_away(node, host, params):
    node(portals=[A])
    assert verbs(check_real_again(node, host, portals=[A], discovery="static", state="disconnected", **params)) == ["logout"]
    assert [action.split()[-1] for action in node(portals=[A], discovery="static", state="absent")["actions"]] == [f"{A}:3260"] * 3
    assert {(record.target, record.portal.host) for record in host.records()} == {(CTR1, B), (CTR2, B)}


def test_interfaces_that_another_tool_has_left_records_for(node, host):
    host.fabric = [(CTR1, A, 3260, 1)]
    put_ifaces(host, "eth1", "eth2")
    for name in ("default", "eth1", "eth2"):
        host.record(CTR1, A, iface=name)
    done = check_real_again(node, host, portals=[A], startup="automatic")
    (warning,) = done["warnings"]
    assert "eth1, eth2: have records of these portals" in warning
    assert verbs(done) == ["update", "login"] and [session["iface"] for session in done["sessions"]] == ["default"]
    assert {record.iface: record.values["node.startup"] for record in host.records()} == {"default": "automatic", "eth1": "manual", "eth2": "manual"}
    assert node(portals=[A], ifaces=["default"])["warnings"] == []
    done = node(portals=[A], exclusive=True)
    assert verbs(done) == ["delete"] * 2 and done["warnings"] == []


def test_an_interface_that_is_not_there(node, host):
    refused = node(portals=[A], ifaces=["eth7"])
    assert refused["failed"] and "iscsi_iface" in refused["msg"] and host.calls == []


@pytest.mark.parametrize("text", [None, "", "nonsense\n"])
def test_an_interface_that_an_earlier_task_makes(node, host, text):
    if text is not None:
        put(host.root / "db/ifaces/eth1", text)
    asked = {"portals": [A], "ifaces": ["eth1", "eth2"], "targets": [CTR1]}
    put_ifaces(host, "eth2")
    before = host.snapshot()
    guessed = node(check=True, **asked)
    assert (verbs(guessed), guessed.get("failed"), host.calls) == (["connect"], None, [])
    assert any("iface eth1: open-iscsi has no such interface" in text for text in guessed["warnings"])
    # That the routing table does not lead there says nothing.
    assert verbs(node(check=True, discovery="static", **asked)) == ["create"] * 2 + ["login"] * 2
    predicted = node(check=True, discovery="static", unreached=(f"{A}:3260",), **{**asked, "ifaces": ["eth1"]})
    assert (verbs(predicted), predicted["failed_portals"]) == (["create", "login"], [])
    assert node(check=True, portals=[A], ifaces=["eth1"], state="absent")["changed"] is False
    assert host.snapshot() == before
    assert node(**asked)["failed"]
    node(**{**asked, "ifaces": ["eth2"]})
    guessed = node(check=True, **asked)
    assert sorted((action.split()[0], action.split()[-1]) for action in guessed["actions"]) == [("create", "eth1")] * 2 + [("login", "eth1")] * 2
    put_ifaces(host, "eth1")
    assert node(**asked)["actions"] == guessed["actions"]


@pytest.mark.parametrize("text", [None, "", "nonsense\n"], ids=["gone", "empty", "unreadable"])
def test_what_an_interface_has_left_is_taken_away_without_it(node, host, text):
    put_ifaces(host, "eth1", "eth2")
    asked = {"portals": [A], "targets": [CTR1], "target_portals": [A], "ifaces": ["eth2"]}
    node(**{**asked, "ifaces": ["eth1", "eth2"]})
    path = host.root / "db/ifaces/eth2"
    path.unlink()
    if text is not None:
        put(path, text)
    for state, actions in (("disconnected", ["logout"]), ("absent", ["delete"])):
        done = check_real_again(node, host, state=state, **asked)
        assert (verbs(done), done["warnings"]) == (actions, [])
    assert [record.iface for record in host.records()] == ["eth1"]


def test_each_portal_is_judged_on_its_own(node, host):
    host.faults = {(CTR1, f"{A}:3260"): "ISCSI_ERR_LOGIN_AUTH_FAILED", (CTR2, f"{B}:3260"): "ISCSI_ERR_TRANS_TIMEOUT"}
    done = node(portals=[A])
    assert up(done) == [("ctr1", f"{B}:3260"), ("ctr2", f"{A}:3260")]
    assert {(each["target"], each["portal"], each["status"]) for each in done["failed_portals"]} == {
        (CTR1, f"{A}:3260", "ISCSI_ERR_LOGIN_AUTH_FAILED"),
        (CTR2, f"{B}:3260", "ISCSI_ERR_TRANS_TIMEOUT"),
    }
    assert node(portals=[A], min_portals="0")["failed_portals"]
    short = node(portals=[A], min_portals="all")
    assert short["failed"] and "1 of 2 sessions" in short["msg"] and "CHAP" in short["msg"] and len(short["failed_portals"]) == 2


def test_a_login_that_fails_is_no_change(node, host):
    host.faults = {(CTR1, f"{A}:3260"): "ISCSI_ERR_TRANS_TIMEOUT"}
    assert verbs(node(check=True, portals=[A])) == ["create"] * 4 + ["login"] * 4
    assert verbs(node(portals=[A])) == ["create"] * 4 + ["login"] * 3
    again = node(portals=[A])
    assert (again["changed"], again["actions"], len(again["failed_portals"])) == (False, [], 1)


def test_a_target_that_does_not_show_its_own_values_is_told_from_one_that_refuses(node, host):
    # What iscsid reports when it does not take the answer of the target, in mutual CHAP.
    host.faults = {(CTR1, f"{A}:3260"): "ISCSI_ERR_FATAL_LOGIN", (CTR1, f"{B}:3260"): "ISCSI_ERR_FATAL_LOGIN"}
    refused = node(portals=[A], targets=[CTR1])
    assert refused["failed"] and "username_in, password_in" in refused["msg"] and "refused" not in refused["msg"]


def test_a_silent_discovery_portal_does_not_stop_the_others(node, host):
    host.silent = {f"{B}:3260"}
    done = node(portals=[A, B], exclusive=True)
    assert up(done) == EVERYTHING
    assert [(each["portal"], each["target"], each["status"]) for each in done["failed_portals"]] == [(f"{B}:3260", None, "ISCSI_ERR_TRANS")]
    assert any("exclusive: nothing is taken away" in text for text in done["warnings"])
    host.silent = {f"{A}:3260", f"{B}:3260"}
    assert "no portal answered" in node(portals=[A, B])["msg"]


def test_all_portals_are_meant_of_a_portal_that_is_silent_too(node, host):
    """As of an array whose controllers show themselves only."""
    host.fabric = [(CTR1, A, 3260, 1)]
    host.silent = {f"{B}:3260"}
    options = {"portals": [A, B], "min_portals": "all"}
    for check in (True, False, True, False):
        failed = node(check=check, **options)
        assert failed["failed"] and f"portal {B}:3260: no session: portal {B}:3260 at discovery: " in failed["msg"]
    # What is up is as much the host's own as what the task asks for.
    assert not node(portals=[A, B]).get("failed")
    assert not node(min_portals="all", portals=[A, B], state="present").get("failed")
    host.session(CTR2, B)
    assert not node(check=True, **options).get("failed")
    assert not node(**options).get("failed")


@pytest.mark.parametrize("state", ["connected", "present"])
def test_a_named_target_that_only_a_silent_portal_may_show(node, host, state):
    host.silent = {f"{B}:3260"}
    host.fabric = [each for each in host.fabric if each[0] == CTR1]
    failed = node(portals=[A, B], targets=[CTR1, CTR2], state=state)
    assert failed["failed"] and f"target {CTR2}: not found: portal {B}:3260 at discovery" in failed["msg"]
    assert {record.target for record in host.records()} == {CTR1}
    assert not node(portals=[A, B], targets=[CTR1, CTR2], state=state, min_portals="0").get("failed")


def test_exclusive_leaves_what_an_empty_portal_may_show_later(node, host):
    node(portals=[A, B], chap=CHAP)
    host.bare = {f"{B}:3260"}
    host.fabric = [each for each in host.fabric if each[0] == CTR1]
    done = node(portals=[A, B], exclusive=True)
    assert (done["changed"], len(host.records())) == (False, 4)
    assert f"exclusive: nothing is taken away, because {B}:3260 shows this host no target at all" in done["warnings"]


def test_a_portal_that_moves_to_another_group_keeps_its_values(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP, startup="automatic")
    host.fabric = [(target, address, port, 2) for target, address, port, tpgt in host.fabric]
    done = check_real_again(node, host, portals=[A], targets=[CTR1], settings={"node.session.cmds_max": 64})
    assert verbs(done) == ["create"] * 2 + ["retire"] * 2
    values = [record.values for record in host.records()]
    assert {(each["node.tpgt"], each["node.startup"], each["node.session.cmds_max"]) for each in values} == {("2", "automatic", "64")}
    assert {each["node.session.auth.password"].reveal() for each in values} == {SECRET}


def test_drift(node, host):
    node(portals=[A], startup="automatic")
    host.run(["iscsiadm", "-m", "session", "-r", str(min(host.sids())), "-u"], 0)
    host.record(CTR2, A, **{"node.startup": "automatic", "node.conn[0].startup": "automatic", "node.session.cmds_max": "64"})
    done = check_real_again(node, host, portals=[A], startup="automatic", settings={"node.session.cmds_max": 128})
    assert sorted(verbs(done)) == ["login", "update"]


def test_a_record_that_somebody_has_edited_is_mended(node, host):
    host.fabric = [(CTR1, A, 3260, 1)]
    node(portals=[A], startup="automatic")
    (record,) = host.records()
    path = pathlib.Path(record.path)
    path.write_text(path.read_text(encoding="utf-8").replace("node.startup = automatic", "node.startup=automatic"), encoding="utf-8")
    done = node(portals=[A], startup="automatic")
    assert verbs(done) == ["update"] and host.records()[0].values["node.startup"] == "automatic"
    assert path.read_text(encoding="utf-8").count("node.startup") == 1


def test_one_update_for_the_portals_of_a_target(node, host):
    node(portals=[A])
    node(portals=[A], settings={"node.session.cmds_max": 256, "node.session.queue_depth": 64})
    assert len([call for call in host.calls if "update" in call]) == 2


def test_as_many_sessions_as_asked(node, host):
    done = check_real_again(node, host, portals=[A], targets=[CTR1], settings={"node.session.nr_sessions": 2}, min_portals="all")
    assert up(done) == sorted([("ctr1", f"{A}:3260"), ("ctr1", f"{B}:3260")] * 2)
    assert verbs(node(portals=[A], settings={"node.session.nr_sessions": 3}, targets=[CTR1])) == ["update"] * 2 + ["login"] * 2


def test_no_login_of_several_sessions_is_sent_where_nothing_answers(node, host):
    params = {"portals": [A], "targets": [CTR1], "settings": {"node.session.nr_sessions": 2}}
    done = node(unreached=(f"{B}:3260",), **params)
    assert up(done) == [("ctr1", f"{A}:3260")] * 2 and verbs(done) == ["create"] * 2 + ["login"]
    assert [(each["portal"], each["status"]) for each in done["failed_portals"]] == [(f"{B}:3260", "ISCSI_ERR_TRANS")]
    assert all("-p" in call and f"{A}:3260" in call for call in host.calls if "-l" in call)
    assert up(node(**params)) == sorted([("ctr1", f"{A}:3260"), ("ctr1", f"{B}:3260")] * 2)


def test_sessions_that_are_too_many_are_told(node, host):
    params = {"portals": [A], "targets": [CTR1], "target_portals": [A]}
    assert node(**params)["warnings"] == []
    host.session(CTR1, A)
    for check in (True, False):
        done = node(check=check, **params)
        assert not done["changed"] and ["there are 2 (sid 1, 2)" in text and "session_id" in text for text in done["warnings"]] == [True]


def test_a_relogin_beside_a_second_session_that_is_up(node, host):
    params = {"portals": [A], "targets": [CTR1], "target_portals": [A], "settings": {"node.session.nr_sessions": 2}}
    node(chap=CHAP, **params)
    host.faults = {(CTR1, f"{A}:3260"): "ISCSI_ERR_TRANS_TIMEOUT"}
    failed = node(chap={**CHAP, "username": "new"}, **params)
    assert failed["failed"] and "logged out to use its new CHAP values" in failed["msg"]
    assert host.sids() == {2}


@pytest.mark.parametrize("surplus, settings", [(3, None), (0, {"node.session.nr_sessions": 1})])
def test_no_relogin_where_open_iscsi_would_make_no_new_session(node, host, surplus, settings):
    params = {"portals": [A], "targets": [CTR1], "target_portals": [A]}
    node(chap=CHAP, settings=None if surplus else {"node.session.nr_sessions": 2}, **params)
    while len(host.sids()) < 1 + surplus:
        host.session(CTR1, A, username="host", password=SECRET)
    sids = host.sids()
    for check in (True, False):
        refused = node(check=check, chap={**CHAP, "username": "new"}, settings=settings, **params)
        assert refused["failed"] and f"there are {len(sids)} (sid " in refused["msg"] and "nr_sessions is 1" in refused["msg"]
        assert host.sids() == sids and host.records()[0].values["node.session.auth.username"] == "host"
    for sid in sorted(sids)[1:]:
        node(state="disconnected", session_id=sid)
    assert verbs(node(chap={**CHAP, "username": "new"}, settings=settings, **params)) == ["update", "relogin"]


def test_a_session_that_another_tool_makes_before_the_relogin(node, host, monkeypatch):
    params = {"portals": [A], "targets": [CTR1], "target_portals": [A]}
    node(chap=CHAP, **params)
    real = NodeWork.apply

    def late(self, steps):
        host.session(CTR1, A, username="host", password=SECRET)
        return real(self, steps)

    monkeypatch.setattr(NodeWork, "apply", late)
    refused = node(chap={**CHAP, "username": "new"}, **params)
    assert refused["failed"] and "None of these was logged out" in refused["msg"] and host.sids() == {1, 2}


def test_another_secret_is_used_after_a_relogin(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    other = {**CHAP, "password": "OTHER " + SECRET + " ~$'\"#\u00e9"}
    done = check_real_again(node, host, portals=[A], targets=[CTR1], chap=other)
    assert verbs(done) == ["update"] * 2 + ["relogin"] * 2
    assert {record.values["node.session.auth.password"].reveal() for record in host.records()} == {other["password"]}
    cleared = check_real_again(node, host, portals=[A], targets=[CTR1], chap={})
    assert verbs(cleared) == ["update"] * 2 + ["relogin"] * 2
    assert not any("node.session.auth.username" in record.values or "node.session.auth.password" in record.values for record in host.records())


def test_no_session_is_logged_out_for_values_that_a_target_refuses(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    before = host.snapshot()
    host.refused = {(CTR1, f"{B}:3260"): ("new",)}
    for check in (True, False):
        refused = node(check=check, portals=[A], targets=[CTR1], chap={**CHAP, "username": "new"})
        assert refused["failed"]
        assert f"portal {B}:3260 of {CTR1}: authentication failure. No session was logged out and no node record changed." in refused["msg"]
        assert [(each["portal"], each["status"]) for each in refused["failed_portals"]] == [(f"{B}:3260", "ISCSI_ERR_LOGIN_AUTH_FAILED")]
    assert host.snapshot() == before
    host.refused = {}
    assert verbs(node(portals=[A], targets=[CTR1], chap={**CHAP, "username": "new"})) == ["update"] * 2 + ["relogin"] * 2


def test_new_values_at_a_target_of_one_session_per_initiator(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    host.full = True
    for check in (True, False):
        done = node(check=check, portals=[A], targets=[CTR1], chap={**CHAP, "username": "new"})
        assert verbs(done) == ["update"] * 2 + ["relogin"] * 2
        assert len([text for text in done["warnings"] if "could not be tried before the relogin: too many connections" in text]) == 2


def test_no_relogin_at_a_portal_that_does_not_answer(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    done = node(portals=[A], targets=[CTR1], chap={**CHAP, "username": "new"}, unreached=(f"{B}:3260",))
    assert up(done) == EVERYTHING[:2]
    assert [(each["portal"], each["status"]) for each in done["failed_portals"]] == [(f"{B}:3260", "ISCSI_ERR_TRANS")]
    assert {(path / "username").read_text() for path in (host.root / "sys/class/iscsi_session").iterdir()} == {"host", "new"}


def test_each_interface_is_judged_on_its_own(node, host):
    iface = (FIXTURES / "iscsiadm-2.1.8-iface.txt").read_text(encoding="utf-8")
    for name in ("eth1", "eth2"):
        put(host.root / f"db/ifaces/{name}", render_changes(iface, {"iface.iscsi_ifacename": name, "iface.net_ifacename": name}))
    params = {"portals": [A], "targets": [CTR1], "target_portals": [A], "ifaces": ["eth1", "eth2"]}
    node(chap=CHAP, **params)
    new = {**CHAP, "username": "new"}
    node(state="present", chap=new, **params)
    for check in (True, False):
        done = node(check=check, chap=new, unreached=("eth2",), **params)
        assert done["actions"] == [f"relogin session {CTR1} {A}:3260 through eth1"] and done["changed"]
        assert [(each["portal"], each["reason"]) for each in done["failed_portals"]] == [(f"{A}:3260", "Connection refused")]
    assert host.sids() == {2, 3}


def test_no_portal_of_an_adapter_is_judged_by_the_network_of_the_host(node, host):
    iface = (FIXTURES / "iscsiadm-2.1.8-iface.txt").read_text(encoding="utf-8")
    put(host.root / "db/ifaces/hba0", render_changes(iface, {"iface.iscsi_ifacename": "hba0", "iface.transport_name": "bnx2i"}))
    asked = {"portals": [A], "targets": [CTR1], "ifaces": ["hba0"], "unreached": (f"{A}:3260", f"{B}:3260")}
    node(chap=CHAP, **asked)
    for record in host.records():
        put(pathlib.Path(record.path), render_changes(pathlib.Path(record.path).read_text(encoding="utf-8"), {"iface.transport_name": "bnx2i"}))
    done = node(chap={**CHAP, "username": "new"}, **asked)
    assert (verbs(done), done["failed_portals"]) == (["update"] * 2 + ["relogin"] * 2, [])
    assert {(path / "username").read_text() for path in (host.root / "sys/class/iscsi_session").iterdir()} == {"new"}


def test_discovery_chap_has_a_record_of_its_own(node, host):
    params = {"portals": [A], "discovery_chap": {"username": "d", "password": SECRET}}
    predicted = node(check=True, **params)
    assert predicted["actions"][0].startswith("create discovery record") and host.calls == []
    assert verbs(node(**params))[0] == "create"
    text = (host.root / f"db/send_targets/{A},3260/st_config").read_text(encoding="utf-8")
    assert f"discovery.sendtargets.auth.password = {SECRET}" in text
    assert not any("node.session.auth.password" in record.values for record in host.records())
    assert node(**params)["changed"] is False
    assert host.calls == [["-m", "discoverydb", "-t", "st", "-p", f"{A}:3260", "-D", "-o", "nonpersistent", "-I", "default"]]


def test_a_discovery_record_of_another_spelling_is_asked_with_its_chap(node, host):
    host.fabric = [(CTR1, A, 3260, 1)]
    put(host.root / f"db/send_targets/{V6_LONG},3260/st_config", (FIXTURES / "iscsiadm-2.1.8-st-config.txt").read_text(encoding="utf-8"))
    node(portals=[V6])
    assert host.calls[0][:7] == ["-m", "discoverydb", "-t", "st", "-p", f"[{V6_LONG}]:3260", "-D"]


def test_a_broken_discovery_record_is_made_anew(node, host):
    path = host.root / f"db/send_targets/{A},3260/st_config"
    put(path, "nonsense")
    params = {"portals": [A], "discovery_chap": {"username": "d", "password": SECRET}}
    assert node(check=True, **params)["actions"][0] == node(**params)["actions"][0] == f"create discovery record {A}:3260"
    assert f"discovery.sendtargets.auth.password = {SECRET}" in path.read_text(encoding="utf-8")
    assert node(**params)["changed"] is False


def test_the_secret_of_a_discovery_goes_with_the_last_that_was_found_by_it(node, host):
    params = {"portals": [A], "discovery_chap": {"username": "d", "password": SECRET}}
    path = host.root / f"db/send_targets/{A},3260/st_config"
    node(**params)
    assert verbs(check_real_again(node, host, targets=[CTR1], state="absent", **params)) == ["logout"] * 2 + ["delete"] * 2
    assert SECRET in path.read_text(encoding="utf-8")
    assert verbs(check_real_again(node, host, state="disconnected", **params)) == ["logout"] * 2
    assert SECRET in path.read_text(encoding="utf-8")
    gone = check_real_again(node, host, state="absent", **params)
    assert gone["actions"][-1] == f"forget discovery record {A}:3260" and verbs(gone) == ["delete"] * 2 + ["forget"]
    assert not path.parent.exists() and host.records() == ()


def test_the_secret_of_a_discovery_whose_targets_are_not_known_stays(node, host):
    path = host.root / "db/send_targets/10.9.9.9,3260/st_config"
    put(path, render_changes((FIXTURES / "iscsiadm-2.1.8-st-config.txt").read_text(encoding="utf-8"), {"discovery.sendtargets.auth.password": SECRET}))
    host.record(CTR1, A)
    host.silent = {"10.9.9.9:3260"}
    assert node(portals=["10.9.9.9"], state="absent")["changed"] is False and path.exists()
    host.silent = set()
    assert verbs(node(portals=["10.9.9.9"], state="absent")) == ["delete", "forget"] and not path.exists()


def test_a_mounted_disk_stays(node, host):
    node(portals=[A], targets=[CTR1])
    host.mount("8:16", "/srv")
    refused = node(targets=[CTR1], state="absent")
    assert refused["failed"] and "/srv" in refused["msg"] and "force=true" in refused["msg"]
    assert node(check=True, targets=[CTR1], state="absent")["failed"]
    assert len(host.sids()) == 2 and len(host.records()) == 2
    assert verbs(node(targets=[CTR1], state="absent", force=True)) == ["logout"] * 2 + ["delete"] * 2


def test_no_relogin_of_a_session_whose_disk_is_mounted(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    host.mount("8:16", "/srv")
    for check in (True, False):
        refused = node(check=check, portals=[A], targets=[CTR1], chap={**CHAP, "username": "new"})
        assert refused["failed"] and "mounted on /srv" in refused["msg"]
        assert host.sids() == {1, 2} and {record.values["node.session.auth.username"] for record in host.records()} == {"host"}


@pytest.fixture
def mounted_map(node, host, monkeypatch):
    """Two sessions of CTR1, paths of a mounted map. Returns the keys of a task that changes the CHAP values of both; back: what becomes of a new path."""
    monkeypatch.setattr(node_guard, "SETTLE_SECONDS", 0)
    node(portals=[A], targets=[CTR1], chap=CHAP)
    host.map("sdb0", "sdc0")
    real = host.session

    def session(*place, **more):
        sid = real(*place, **more)
        host.back(sid, f"sd{chr(97 + sid)}0")
        return sid

    host.back = lambda sid, disk: host.take(disk)
    monkeypatch.setattr(host, "session", session)
    return {"portals": [A], "targets": [CTR1], "chap": {**CHAP, "username": "new"}}


def not_taken(host, sid, disk):
    """multipathd leaves the path alone."""


def offline(host, sid, disk):
    host.take(disk)
    put(host.root / "sys/block" / disk / "device/state", "offline")


@pytest.mark.parametrize("back", [not_taken, offline])
def test_no_relogin_that_would_take_the_last_path_of_a_map(mounted_map, node, host, back):
    """After the first one has changed the paths: each alone is safe as long as the other is there."""
    host.back = functools.partial(back, host)
    assert verbs(node(check=True, **mounted_map)) == ["update"] * 2 + ["relogin"] * 2
    refused = node(**mounted_map)
    assert refused["failed"] and "is the last path of dm-0 (qsan): mounted on /srv" in refused["msg"]
    (left,) = host.sids() & {1, 2}
    assert [call for call in host.calls if "-u" in call] == [["-m", "session", "-r", str(3 - left), "-u"]]


def test_no_relogin_when_the_other_path_has_failed_since_the_plan(mounted_map, node, host, monkeypatch):
    real = NodeWork.apply
    predicted = node(check=True, **mounted_map)
    (other,) = [session for session in predicted["sessions"] if predicted["actions"][-1].endswith(session["portal"])]

    def late(self, steps):
        put(host.root / f"sys/block/{other['devices'][0]['name']}/device/state", "offline")
        return real(self, steps)

    monkeypatch.setattr(NodeWork, "apply", late)
    refused = node(**mounted_map)
    assert refused["failed"] and "is the last path of dm-0 (qsan): mounted on /srv" in refused["msg"]
    assert host.sids() == {1, 2}


def test_the_sessions_of_a_map_log_in_again_one_after_the_other(mounted_map, node, host):
    assert verbs(check_real_again(node, host, **mounted_map)) == ["update"] * 2 + ["relogin"] * 2
    assert host.sids() == {3, 4}


def test_a_path_that_its_map_takes_back_late_is_waited_for(mounted_map, node, host, monkeypatch):
    new = []
    host.back = lambda sid, disk: new.append(disk)

    def wait(condition, timeout, interval):
        assert condition() is not bool(new)
        for disk in new:
            host.take(disk)
        new.clear()
        return condition()

    monkeypatch.setattr(node_guard, "wait_until", wait)
    assert verbs(node(**mounted_map)) == ["update"] * 2 + ["relogin"] * 2


def test_a_logout_and_a_relogin_that_together_cut_a_map_off(node, host):
    node(portals=[A], target_portals=[A], chap=CHAP)
    host.map("sdb0", "sdc0")
    other = {"portals": [A], "target_portals": [A], "chap": {**CHAP, "username": "new"}}
    assert "relogin" in verbs(node(check=True, targets=[CTR1], **other))
    assert "logout" in verbs(node(check=True, portals=[A], target_portals=[A], targets=[CTR1], exclusive=True))
    for check in (True, False):
        refused = node(check=check, targets=[CTR1], exclusive=True, **other)
        assert refused["failed"] and "is the last path of dm-0 (qsan): mounted on /srv" in refused["msg"]
        assert host.sids() == {1, 2} and not any("-u" in call for call in host.calls)


def test_a_claimed_disk_stays(node, host):
    node(portals=[A], targets=[CTR1])
    node.paths.held = ("sdb0",)
    assert "sdb0: somebody holds it" in node(state="disconnected", session_id=1)["msg"]
    assert verbs(node(state="disconnected", session_id=2)) == ["logout"]
    assert host.sids() == {1}


@pytest.mark.parametrize("state", ["LOGGED_IN", "FAILED"])
def test_a_disk_that_is_only_open_stays(node, host, monkeypatch, state):
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    node(portals=[A], targets=[CTR1])
    put(host.root / "sys/class/iscsi_session/session1/state", state)
    put(host.root / "proc/77/comm", "qemu-system-x86\n")
    (host.root / "proc/77/fd").mkdir()
    (host.root / "proc/77/fd/12").symlink_to("/dev/sdb0")
    for check in (True, False):
        assert "sdb0: open by qemu-system-x86 (process 77)" in node(check=check, targets=[CTR1], state="disconnected")["msg"]
    assert verbs(node(state="disconnected", session_id=2)) == ["logout"]
    assert host.sids() == {1}
    assert verbs(node(targets=[CTR1], state="disconnected", force=True)) == ["logout"]


@pytest.mark.parametrize("kind, character", [(1, "scsi_tape/nst0"), (8, "scsi_changer/sch0"), (8, "scsi_generic/sg3")])
def test_a_tape_that_is_open_stays(node, host, monkeypatch, kind, character):
    """The number of the device is that of the real /dev/null, which a process of the host in the directory has open."""
    monkeypatch.setattr(open_tool, "OPEN_SECONDS", 0)
    host.luns = 0
    node(portals=[A], targets=[CTR1])
    unit = host.root / "sys/class/iscsi_session/session1/device/target1:0:0/1:0:0:4"
    put(unit / "type", kind)
    put(unit / character / "dev", "1:3\n")
    put(host.root / "proc/77/comm", "bareos-sd\n")
    (host.root / "proc/77/fd").mkdir()
    (host.root / "proc/77/fd/12").symlink_to("/dev/null")
    for check in (True, False):
        refused = node(check=check, targets=[CTR1], state="absent")
        assert "SCSI unit 1:0:0:4: open by bareos-sd (process 77)" in refused["msg"] and "force=true" in refused["msg"]
    assert verbs(node(state="disconnected", session_id=2)) == ["logout"]
    assert host.sids() == {1}
    assert verbs(node(targets=[CTR1], state="disconnected", force=True)) == ["logout"]


def test_exclusive(node, host):
    node(portals=[A])
    host.record("iqn.2004-08.com.example:old", "10.9.9.9")
    done = check_real_again(node, host, portals=[A], targets=[CTR1], exclusive=True)
    assert verbs(done) == ["logout"] * 2 + ["delete"] * 3
    assert {record.target for record in host.records()} == {CTR1}


@pytest.mark.parametrize("state", ["absent", "disconnected"])
def test_exclusive_takes_no_state_that_takes_away(node, host, state):
    node(portals=[A])
    assert f"exclusive: goes with state=connected or present. With state={state}" in node(targets=[CTR1], state=state, exclusive=True)["msg"]
    assert len(host.sids()) == len(host.records()) == 4


def test_exclusive_keeps_a_session_of_the_named_targets(node, host):
    host.record(CTR1, A)
    for address in (A, B):
        host.session(CTR1, address)
    assert verbs(check_real_again(node, host, targets=[CTR1], exclusive=True)) == ["create"]
    assert host.sids() == {1, 2}


def test_a_copy_beside_a_record_is_no_interface(node, host):
    path = host.record(CTR1, A)
    put(path.with_name("default.bak"), path.read_text(encoding="utf-8"))
    done = check_real_again(node, host, portals=[A], targets=[CTR1])
    assert {record.iface for record in host.records() if not record.broken} == {session["iface"] for session in done["sessions"]} == {"default"}
    assert any("default.bak: not a node record" in said for said in done["warnings"])


def test_a_record_that_is_deleted_meanwhile(node, host, monkeypatch):
    path = host.record(CTR1, A)
    real = NodeWork.apply

    def late(self, steps):
        path.unlink()
        return real(self, steps)

    monkeypatch.setattr(NodeWork, "apply", late)
    failed = node(targets=[CTR1], state="present", chap=CHAP)
    assert failed["failed"] and "Run again" in failed["msg"] and not path.exists()


@pytest.mark.parametrize("text", ["", "# BEGIN RECORD 2.1.8\nnode.name = iqn"])
def test_a_broken_record_is_made_anew(node, host, text):
    put(host.record(CTR1, A), text)
    other = host.record("iqn.2004-08.com.example:other", A)
    put(other, text)
    (host.root / "db/nodes" / CTR1 / ",3260").mkdir()
    done = node(portals=[A], targets=[CTR1])
    assert verbs(done) == ["delete", "create", "create", "login", "login"]
    assert not any(record.broken for record in host.records() if record.target == CTR1)
    assert any(str(other) in text for text in done["warnings"]) and any(",3260" in text for text in done["warnings"])
    assert other.exists() and any("It is made anew: CHAP and settings that it had" in text for text in done["warnings"])


def test_a_record_without_its_last_line_is_kept_with_its_secret(node, host):
    node(portals=[A], targets=[CTR1], chap=CHAP)
    for record in host.records():
        path = pathlib.Path(record.path)
        path.write_text(path.read_text(encoding="utf-8").replace("# END RECORD\n", ""), encoding="utf-8")
    assert node(portals=[A], targets=[CTR1])["changed"] is False
    assert verbs(node(portals=[A], targets=[CTR1], startup="onboot")) == ["update"] * 2
    assert {(record.values["node.startup"], record.values["node.session.auth.password"].reveal()) for record in host.records()} == {("onboot", SECRET)}


@pytest.mark.parametrize("old, new", [("# END RECORD", "note to self\n# END RECORD"), ("node.conn[0].port = 3260", "node.conn[0].port=3260")])
def test_a_record_that_open_iscsi_reads_is_kept_with_its_secret(node, host, old, new):
    host.fabric = [(CTR1, A, 3260, 1)]
    node(portals=[A], chap=CHAP)
    (record,) = host.records()
    path = pathlib.Path(record.path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = node(portals=[A])
    assert (done["changed"], done["warnings"]) == (False, []) and host.records()[0].values["node.session.auth.password"].reveal() == SECRET


def test_a_record_that_says_another_place_is_mended_with_its_secret(node, host):
    host.fabric = [(CTR1, A, 3260, 1)]
    node(portals=[A], chap=CHAP, startup="onboot")
    (record,) = host.records()
    path = pathlib.Path(record.path)
    path.write_text(path.read_text(encoding="utf-8").replace(f"node.conn[0].address = {A}", f"node.conn[0].address = {B}"), encoding="utf-8")
    done = check_real_again(node, host, portals=[A], settings={"node.session.cmds_max": 64})
    assert verbs(done) == ["create"] and len(host.sids()) == 1
    assert any("It is made anew: it keeps its values" in text for text in done["warnings"])
    (mended,) = host.records()
    assert not mended.broken and (mended.values["node.startup"], mended.values["node.session.cmds_max"]) == ("onboot", "64")
    assert mended.values["node.session.auth.password"].reveal() == SECRET


def test_a_directory_among_the_records_is_named(node, host):
    odd = host.record(CTR1, A).with_name("x")
    odd.mkdir()
    done = node(portals=[A], targets=[CTR1])
    assert up(done) == EVERYTHING[:2]
    assert [text for text in done["warnings"] if f"{odd}: not a node record" in text]
    assert node(targets=[CTR1], state="absent")["changed"] and odd.is_dir()


def test_records_of_an_open_iscsi_that_was_built_otherwise_are_named(node, host, monkeypatch):
    monkeypatch.setattr(database_tool, "ROOTS", (host.places.root, str(host.root / "etc")))
    old = host.root / "etc/nodes" / CTR2
    old.mkdir(parents=True)
    done = node(portals=[A], targets=[CTR1])
    assert [text for text in done["warnings"] if text.startswith(f"{old.parent}: has node records")]
    assert old.exists() and {record.target for record in host.records()} == {CTR1}


def test_a_stale_lock_is_freed(node, host, monkeypatch):
    put(host.root / "lock/lock", "")
    os.link(host.root / "lock/lock", host.root / "lock/lock.write")
    monkeypatch.setattr("ansible_collections.linuxsan.host.plugins.module_utils._iscsi.database_write_tool.STALE_SECONDS", -1)
    assert node(portals=[A])["changed"]
    assert not (host.root / "lock/lock.write").exists()


def test_a_host_without_open_iscsi(node, host, run_main, monkeypatch):
    monkeypatch.setattr(iscsiadm_tool, "find_program", lambda name: None)
    monkeypatch.setattr(_command, "find_program", lambda name: None)
    real_work, package = iscsi_node.work, "open-iscsi (on RHEL and Fedora: iscsi-initiator-utils)"

    def run(check=False, **params):
        return run_main(iscsi_node, lambda module: real_work(module, lambda asked, live: NodeWork(asked, live, host.places)), {"timeout": 1, **params}, check)

    assert any(f"because {package} is not installed" in text for text in run(check=True, portals=[A])["warnings"])
    assert f"iscsiadm: not found on this host. Install {package} and run again" in run(portals=[A])["msg"]
    host.record(CTR1, B)
    assert any(f"because {package} is not installed" in failure["reason"] for failure in run(portals=[A], state="absent")["failed_portals"])


def test_check_mode_without_a_daemon(node, host):
    host.listening(False)
    guess = node(check=True, portals=[A])
    assert guess["actions"] == [f"connect targets at {A}:3260"] and "iscsid is not running" in guess["warnings"][0]
    host.listening(True)
    node(portals=[A])
    host.listening(False)
    known = node(check=True, portals=[A])
    assert (known["changed"], host.calls) == (False, []) and "taken for all there are" in known["warnings"][0]


NOT_RUNNING = """iscsiadm: iscsid is not running. Could not start it up automatically using the startup command in the iscsid.conf iscsid.startup setting.
iscsiadm: can not connect to iSCSI daemon (111)!
"""
DIED = "iscsiadm: got poll error (-1/104), daemon died?\n"


@pytest.mark.parametrize("says, status", [(NOT_RUNNING, "ISCSI_ERR_ISCSID_NOTCONN"), (DIED, "ISCSI_ERR_ISCSID_COMM_ERR")])
def test_no_record_is_left_that_has_not_the_settings_of_the_host(node, host, says, status):
    """Without iscsid iscsiadm makes it from built-in defaults, and answers 0 (usr/idbm.c, idbm_sync_config)."""
    host.record(CTR1, B)
    before = host.snapshot_without_locks()
    host.says = says
    refused = node(portals=[A], targets=[CTR1, CTR2], discovery="static", state="present")
    assert refused["failed"] and f"node record {CTR1} {A}:3260: creating it" in refused["msg"]
    assert f"({status})" in refused["msg"] and says.split()[-1] in refused["msg"]
    assert host.snapshot_without_locks() == before
    assert not os.path.lexists(host.root / "db/nodes" / CTR2)
    host.says = ""
    assert not node(portals=[A], targets=[CTR1, CTR2], discovery="static", state="present").get("failed")


@pytest.mark.parametrize("broken", [False, True])
def test_no_discovery_record_is_left_that_has_not_the_settings_of_the_host(node, host, broken):
    put(host.root / f"db/send_targets/{B},3260/st_config", (FIXTURES / "iscsiadm-2.1.8-st-config.txt").read_text(encoding="utf-8"))
    if broken:
        put(host.root / f"db/send_targets/{A},3260/st_config", "")
    host.says = NOT_RUNNING
    refused = node(portals=[A], discovery_chap=CHAP)
    assert refused["failed"] and f"discovery portal {A}:3260: creating its record" in refused["msg"] and "systemctl start iscsid" in refused["msg"]
    assert [path.name for path in (host.root / "db/send_targets").iterdir()] == [f"{B},3260"]


@pytest.mark.parametrize("status, words", [("ISCSI_ERR_ISCSID_NOTCONN", "iscsid is not running"), ("ISCSI_ERR_TRANS_NOT_FOUND", "modprobe iscsi_tcp")])
def test_what_is_wrong_with_the_host_stops_it(node, host, status, words):
    host.faults = {(CTR1, f"{A}:3260"): status}
    refused = node(portals=[A])
    assert refused["failed"] and words in refused["msg"]


def test_a_target_that_is_not_there(node, host):
    assert "not found" in node(portals=[A], targets=[CTR1[:-1]])["msg"]
    assert "target_portals" in node(portals=[A], target_portals=["10.0.0.0/30"])["msg"]
    host.fabric = []
    assert "shows no target" in node(portals=[A])["msg"]


@pytest.mark.parametrize("portals, where", [(None, "among the node records and sessions of this host"), ([A], f"at {A}:3260")])
def test_a_target_that_is_left_out(node, host, portals, where):
    """The option that leaves it out is named, and what there is."""
    node(portals=[A], targets=[CTR1])
    options = {"targets": [CTR1], **({"portals": portals} if portals else {})}
    refused = node(**options, target_portals=["10.9.9.9"])["msg"]
    assert refused.startswith(f"target {CTR1}: target_portals leaves out every portal of it {where} ({A}:3260, {B}:3260). Correct target_portals")
    missing = node(**{**options, "targets": [CTR1, "*.none"]})["msg"]
    assert missing.startswith(f"target *.none: not found {where} (there: {CTR1}")


def test_a_target_that_only_another_interface_has(node, host):
    node(targets=[CTR1], portals=[A])
    put(host.root / "db/ifaces/eth1", (FIXTURES / "iscsiadm-2.1.8-iface.txt").read_text(encoding="utf-8").replace("eth9", "eth1"))
    refused = node(targets=[CTR1], ifaces=["eth1"])["msg"]
    assert refused.startswith(f"target {CTR1}: ifaces leaves out every interface by which it is among the node records and sessions of this host (default).")


def test_a_target_that_no_portal_shows_that_answers(node, host):
    host.silent = {f"{B}:3260"}
    host.fabric = [each for each in host.fabric if each[0] == CTR1]
    for check in (True, False):
        refused = node(check=check, portals=[A, B], targets=[CTR2])["msg"]
        assert refused.startswith(f"target {CTR2}: not found at {A}:3260, {B}:3260 (there: {CTR1}; portal {B}:3260: connection failure).")


def test_a_target_that_has_its_luns_later(node, host, monkeypatch):
    monkeypatch.setattr(node_apply, "LATE_SECONDS", 5)
    monkeypatch.setattr(node_apply, "LATE_INTERVAL", 0)
    host.luns = 0
    done = node(portals=[A], targets=[CTR1], timeout=2)
    assert len([call for call in host.calls if "-R" in call]) > 1 and len(done["sessions"]) == 2
    node(targets=[CTR1], state="absent")
    done = node(portals=[A], targets=[CTR1], timeout=2, settings={"node.session.scan": "manual"})
    assert not any("-R" in call for call in host.calls) and len(done["sessions"]) == 2


def units(host, monkeypatch, **attributes):
    """Every session that comes up has one more unit, LUN 9, that is a disk without a block device."""
    real = host.session

    def session(*place, **more):
        sid = real(*place, **more)
        for name, value in {"type": 0, "state": "running", **attributes}.items():
            put(host.root / f"sys/devices/platform/host{sid}/session{sid}/target{sid}:0:0/{sid}:0:0:9" / name, value)
        return sid

    monkeypatch.setattr(host, "session", session)


def test_a_lun_that_is_not_connected_costs_no_time(node, host, monkeypatch):
    units(host, monkeypatch, inquiry="\x20\x00\x06\x12")
    for secret in ("first secret", "other secret"):
        done = node(portals=[A], targets=[CTR1], chap={**CHAP, "password": secret}, timeout=60)
        assert done["changed"] and done["elapsed"] < 30 and not done.get("warnings")
        assert [[device["lun"] for device in session["devices"]] for session in done["sessions"]] == [[0], [0]]
    done = node(targets=[CTR1], rescan=True, timeout=60)
    assert done["elapsed"] < 30 and not done.get("warnings")


def test_disks_that_do_not_come_in_time_are_named(node, host, monkeypatch):
    units(host, monkeypatch)
    done = node(portals=[A], targets=[CTR1], target_portals=[A], timeout=1)
    assert [text for text in done["warnings"] if f"{CTR1} {A}:3260: LUN 9 (1:0:0:9) has no block device" in text]
    done = node(targets=[CTR1], rescan=True, timeout=1)
    assert [text for text in done["warnings"] if f"{CTR1} {A}:3260: LUN 9 (1:0:0:9) has no block device" in text]
    done = node(targets=[CTR1], chap=CHAP, timeout=1)
    assert verbs(done) == ["update", "relogin"] and [text for text in done["warnings"] if "LUN 9 (2:0:0:9) has no block device" in text]
    assert not node(targets=[CTR1], rescan=True, wait_for_devices=False, timeout=1).get("warnings")


def test_a_session_that_is_down_is_left_to_come_back(node, host):
    node(portals=[A])
    put(host.root / "sys/class/iscsi_session/session1/state", "FAILED")
    done = node(portals=[A], unreached=(f"{A}:3260", f"{B}:3260"))
    assert (done["changed"], len(done["failed_portals"]), host.sids()) == (False, 1, {1, 2, 3, 4})


def test_check_mode_asks_whether_a_portal_is_there(node, host):
    options = {"portals": [A], "targets": [CTR1], "unreached": (f"{B}:3260",)}
    node(portals=[A], targets=[CTR1], state="present")
    predicted = node(check=True, **options)
    assert predicted["actions"] == [f"login session {CTR1} {A}:3260"] and host.sids() == set()
    assert [(each["portal"], each["target"], each["status"]) for each in predicted["failed_portals"]] == [(f"{B}:3260", CTR1, "ISCSI_ERR_TRANS")]
    node(portals=[A], targets=[CTR1], target_portals=[A])
    assert not node(check=True, **options)["changed"]


@pytest.mark.parametrize(
    "options", [{}, {"min_portals": "3"}, {"min_portals": "all"}, {"unreached": (f"{A}:3260", f"{B}:3260")}, {"targets": [CTR2, "*.none"]}]
)
@pytest.mark.parametrize("silent", [(), (f"{B}:3260",)])
def test_check_mode_fails_where_the_run_does(node, host, options, silent):
    """Too few portals for min_portals, none that is reached, a target that nobody shows."""
    host.silent = set(silent)
    host.faults = {(target, portal): "ISCSI_ERR_TRANS" for target in (CTR1, CTR2) for portal in options.get("unreached", ())}
    predicted, done = (node(check=check, portals=[A, B], **options) for check in (True, False))
    assert predicted.get("msg", "").replace("Connection refused", "connection failure") == done.get("msg", "")
    assert bool(done.get("failed")) == (options not in ({}, {"min_portals": "all"}))
    if options.get("min_portals") == "3":
        assert f"target {CTR1}: 2 of 3 sessions" in done["msg"] and ("Lower min_portals" in done["msg"]) == (not silent)


def test_check_mode_foretells_nothing_of_portals_that_it_cannot_ask(node, host):
    node(portals=[A])
    host.listening(False)
    assert not node(check=True, portals=[A], min_portals="3").get("failed")


def test_check_mode_foretells_nothing_of_portals_behind_an_interface_to_come(node, host):
    assert not node(check=True, portals=[A], ifaces=["eth1"], min_portals="3").get("failed")


def test_check_mode_expects_a_session_that_is_down_to_come_back(node, host):
    node(portals=[A])
    put(host.root / "sys/class/iscsi_session/session1/state", "FAILED")
    assert not node(check=True, portals=[A], min_portals="all", rescan=True).get("failed")


def rescans(host):
    return [int(call[3]) for call in host.calls if "-R" in call]


def test_a_session_that_is_down_keeps_no_other_from_its_rescan(node, host):
    node(portals=[A], targets=[CTR1])
    put(host.root / "sys/class/iscsi_session/session1/state", "FAILED")
    done = node(targets=[CTR1], rescan=True)
    assert rescans(host) == [2] and not done.get("failed")
    assert [each["portal"] for each in done["failed_portals"]] == [f"{B}:3260"]
    predicted = node(check=True, targets=[CTR1], rescan=True)
    assert predicted["actions"] == done["actions"] == [f"rescan session {CTR1} {A}:3260"]
    assert [each["portal"] for each in predicted["failed_portals"]] == [f"{B}:3260"]
    put(host.root / "sys/class/iscsi_session/session1/state", "LOGGED_IN")
    real = host.run

    def run(argv, timeout):
        result = real(argv, timeout)
        return told(argv, "ISCSI_ERR_SESSION_NOT_CONNECTED", stderr="iscsiadm: x\n") if argv[4:] == ["1", "-R"] else result

    host.run = run
    refused = node(targets=[CTR1], rescan=True)
    assert rescans(host) == [1, 2]
    assert refused["failed"] and f"session 1 ({CTR1} {B}:3260): rescan" in refused["msg"] and "session 2" not in refused["msg"]
    assert [(portal["portal"], portal["target"]) for portal in refused["failed_portals"]] == [(f"{B}:3260", CTR1)]


def test_a_rescan_of_sessions_that_are_all_down_is_no_change(node, host):
    node(portals=[A], targets=[CTR1])
    for sid in (1, 2):
        put(host.root / f"sys/class/iscsi_session/session{sid}/state", "FAILED")
    for check in (True, False):
        done = node(check=check, targets=[CTR1], rescan=True, min_portals="0")
        assert (done["changed"], done["actions"], rescans(host)) == (False, [], [])
        assert {each["portal"] for each in done["failed_portals"]} == {f"{A}:3260", f"{B}:3260"}


@pytest.mark.parametrize("state", ["present", "disconnected", "absent"])
def test_no_rescan_without_a_session_that_is_to_be_there(node, host, state):
    assert "rescan: goes with state=connected" in node(targets=[CTR1], state=state, rescan=True)["msg"]


def test_rescan_when_asked_only(node, host):
    node(portals=[A])
    assert verbs(node(targets=[CTR1], rescan=True)) == ["rescan"] * 2
    assert [call for call in host.calls if "-R" in call] == [["-m", "session", "-r", str(sid), "-R"] for sid in (1, 2)]


def test_a_disk_that_a_rescan_finds_is_waited_for(node, host, monkeypatch):
    node(portals=[A], targets=[CTR1], target_portals=[A])
    new = host.root / "sys/devices/platform/host1/session1/target1:0:0/1:0:0:7"
    real = host.run

    def run(argv, timeout):
        if "-R" in argv:
            put(new / "type", 0)
        return real(argv, timeout)

    def wait(condition, timeout):
        assert not condition()
        host.disk(new, "sdz7", "8:200")
        return condition()

    host.run = run
    monkeypatch.setattr(node_apply, "wait_until", wait)
    (session,) = node(targets=[CTR1], rescan=True)["sessions"]
    assert {(device["lun"], device["name"]) for device in session["devices"]} == {(0, "sdb0"), (7, "sdz7")}


def test_a_record_of_another_open_iscsi_keeps_what_this_one_knows(node, host):
    key = "node.session.sess_reopen_log_freq"
    host.foreign = frozenset({key})
    for address in (A, B):
        host.record(CTR1, address, **{key: "1", "node.session.cmds_max": "64", "node.session.auth.username": "host"})
    assert "Name its target, to have it mended" in node(check=True, targets=["*ctr2"], min_portals="0", portals=[A])["warnings"][0]
    done = check_real_again(node, host, targets=[CTR1])
    assert verbs(done) == ["create"] * 2 + ["login"] * 2
    assert f"{key} is no key of the open-iscsi of this host" in done["warnings"][0] and "it keeps its values" in done["warnings"][0]
    for record in host.records():
        assert key not in record.values and (record.values["node.session.cmds_max"], record.values["node.session.auth.username"]) == ("64", "host")


@pytest.mark.parametrize("options", [{"settings": {"node.session.reopen_max": 3}}, {"chap": {**CHAP, "algorithms": ["MD5"]}}])
def test_a_key_that_this_open_iscsi_does_not_know_is_refused(node, host, options):
    host.foreign = frozenset({"node.session.reopen_max", "node.session.auth.chap_algs"})
    before = host.snapshot_without_locks()
    for check in (True, False):
        assert "the open-iscsi of this host has no such key" in node(check=check, portals=[A], **options)["msg"]
    assert host.snapshot_without_locks() == before
