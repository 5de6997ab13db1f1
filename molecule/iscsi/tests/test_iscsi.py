"""What iscsi_node and iscsi_iface do with a real iscsid, a real kernel and a real target."""

from __future__ import annotations

import base64
import re

import pytest

ONE, TWO = "iqn.2004-08.com.example:disk1", "iqn.2004-08.com.example:disk10"
A1 = {"address": "10.10.10.100", "fabric": "fabric-a"}
A2 = {"address": "10.10.10.101", "fabric": "fabric-a"}
B1 = {"address": "192.168.195.22", "fabric": "fabric-b"}
B2 = {"address": "192.168.195.23", "fabric": "fabric-b"}
V6 = {"address": "fd10:10:10::100", "fabric": "fabric-a"}
CHAP = {"username": "initiator", "password": "Secret$~'#of-1", "username_in": "array", "password_in": "Secret-of-array"}


def portal(where):
    return f"[{where['address']}]:3260" if ":" in where["address"] else f"{where['address']}:3260"


def asked(*places):
    return [where["address"] for where in places]


def test_exact_targets_and_portals(array, initiator):
    array.export({"name": ONE, "portals": [A1, B1]}, {"name": TWO, "portals": [A1, B1]})
    initiator.check_real_again(portals=asked(A1), targets=[ONE], target_portals=asked(B1))
    assert initiator.sessions() == initiator.records() == [(ONE, portal(B1))]
    initiator.check_real_again(portals=asked(A1), min_portals="all")
    assert initiator.sessions() == sorted((target, portal(place)) for target in (ONE, TWO) for place in (A1, B1))
    initiator.check_real_again(targets=[ONE], state="absent")
    assert {target for target, place in initiator.sessions() + initiator.records()} == {TWO}


@pytest.mark.parametrize("spelled", ["fd10:10:10::100", "[FD10:10:10:0:0:0:0:100]:3260"])
def test_ipv6(array, initiator, spelled):
    array.export({"name": ONE, "portals": [V6, A1]})
    initiator.check_real_again(portals=[spelled], target_portals=[spelled])
    assert initiator.sessions() == [(ONE, portal(V6))]
    assert initiator.node(portals=[spelled], targets=[ONE], discovery="static")["changed"] is False
    initiator.check_real_again(targets=["*"], state="disconnected")
    assert initiator.sessions() == []


def test_mutual_chap_changed_and_cleared(array, initiator):
    chap = {name: CHAP[name] for name in ("username", "password", "username_in", "password_in")}
    # targetcli has blanks and quotes of its own: the array's own secret is a plain one.
    plain = {**chap, "password": "Secret-of-1"}
    array.export({"name": ONE, "portals": [A1, B1], "chap": plain})
    refused = initiator.node(portals=asked(A1), chap={**plain, "password": "Wrong-of-host"})
    assert refused["failed"] and {each["status"] for each in refused["failed_portals"]} == {"ISCSI_ERR_LOGIN_AUTH_FAILED"}
    assert initiator.sessions() == []
    initiator.check_real_again(portals=asked(A1), chap=plain)
    assert len(initiator.sessions()) == 2
    wrong = initiator.node(portals=asked(A1), chap={**plain, "password_in": "Wrong-of-array"})
    # Tried before the first session goes: all are still there, and the record is as it was.
    assert wrong["failed"] and "No session was logged out" in wrong["msg"] and len(initiator.sessions()) == 2
    assert initiator.values(ONE, portal(A1), "node.session.auth.password_in") == {plain["password_in"]}
    # Of a target that lives on: an export would end its sessions.
    group = f"/sys/kernel/config/target/iscsi/{ONE}/tpgt_1"
    array.run(f"printf Secret-of-2 > {group}/auth/password")
    done = initiator.check_real_again(portals=asked(A1), chap={**plain, "password": "Secret-of-2"})
    assert [action.split()[0] for action in done["actions"]] == ["update", "update", "relogin", "relogin"]
    array.run(f"echo 0 > {group}/attrib/authentication")
    initiator.check_real_again(portals=asked(A1), chap={})
    assert initiator.values(ONE, portal(A1), "node.session.auth.password") == {"<empty>"}
    assert len(initiator.sessions()) == 2


def test_odd_secrets_are_kept(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    for secret in (CHAP["password"], ' #x"\u00e9'.strip(), "$HOME/*~ a"):
        initiator.check_real_again(portals=asked(A1), state="present", chap={"username": "initiator", "password": secret})
        assert initiator.values(ONE, portal(A1), "node.session.auth.password") == {secret}
    refused = initiator.node(portals=asked(A1), chap={"username": "initiator", "password": "Secret-of-1 "})
    assert refused["failed"] and "Secret" not in repr(refused) and initiator.sessions() == []


def test_odd_secrets_connect(array, initiator):
    array.export({"name": ONE, "portals": [A1], "chap": {"username": "initiator", "password": "Secret-of-1"}})
    for secret in (CHAP["password"], '# "of" $HOME/*~ \\a', "Gr\u00fc\u00dfe an 'alle' \u20ac"):
        # Past targetcli, which has blanks and quotes of its own, and past the shells on the way.
        coded = base64.b64encode(secret.encode()).decode()
        array.run(f"printf {coded} | base64 -d > /sys/kernel/config/target/iscsi/{ONE}/tpgt_1/auth/password")
        # The first one by a login; each other is tried beside the session of the one before, and then used by a relogin.
        initiator.check_real_again(portals=asked(A1), chap={"username": "initiator", "password": secret})
        assert initiator.sessions() == [(ONE, portal(A1))]
        assert initiator.values(ONE, portal(A1), "node.session.auth.password") == {secret}
    # The target does ask for it.
    refused = initiator.node(portals=asked(A1), chap={"username": "initiator", "password": f"{secret}x"})
    assert refused["failed"] and "No session was logged out" in refused["msg"] and len(initiator.sessions()) == 1


def test_discovery_chap(array, initiator):
    chap = {"username": "finder", "password": "Secret-of-find", "username_in": "array", "password_in": "Secret-of-array"}
    array.export({"name": ONE, "portals": [A1]}, discovery_chap=chap)
    refused = initiator.node(portals=asked(A1), discovery_chap={**chap, "password": "Wrong-of-find"})
    assert refused["failed"] and initiator.records() == []
    initiator.node(portals=asked(A1), discovery_chap=chap)
    assert initiator.sessions() == [(ONE, portal(A1))]
    assert initiator.node(portals=asked(A1), discovery_chap=chap)["changed"] is False
    assert initiator.node(portals=asked(A1))["changed"] is False
    assert initiator.values(ONE, portal(A1), "node.session.auth.password") == {"<empty>"}
    array.export({"name": ONE, "portals": [A1]})


def test_faulty_portals(array, initiator):
    places = [A1, B1, {**A2, "fault": "refuse"}, {**B2, "fault": "blackhole"}]
    array.export({"name": ONE, "portals": places}, {"name": TWO, "portals": [A1], "chap": {"username": "x", "password": "Secret-of-x-12"}})
    done = initiator.node(portals=asked(A1), targets=[ONE])
    assert done["elapsed"] < 15
    assert initiator.sessions() == sorted([(ONE, portal(A1)), (ONE, portal(B1))])
    assert {(each["portal"], each["status"]) for each in done["failed_portals"]} == {(portal(A2), "ISCSI_ERR_TRANS"), (portal(B2), "ISCSI_ERR_TRANS_TIMEOUT")}
    both = initiator.node(portals=[*asked(A1), "10.10.10.199"], min_portals="0")
    assert (TWO, portal(A1), "ISCSI_ERR_LOGIN_AUTH_FAILED") in {(each["target"], each["portal"], each["status"]) for each in both["failed_portals"]}
    assert len(initiator.sessions()) == 2


def test_a_portal_that_listens_and_says_nothing(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    listen = "import signal, socket; server = socket.create_server(('127.0.0.1', 3261)); signal.pause()"
    initiator.host.run_expect([0], f'systemd-run --quiet --collect --unit=silent python3 -c "{listen}"')
    try:
        done = initiator.node(portals=[*asked(A1), "127.0.0.1:3261"])
    finally:
        initiator.host.run_expect([0], "systemctl stop silent")
    assert initiator.sessions() == [(ONE, portal(A1))] and done["elapsed"] < 25
    assert [(each["portal"], each["target"]) for each in done["failed_portals"]] == [("127.0.0.1:3261", None)]


def test_drift(array, initiator):
    array.export({"name": ONE, "portals": [A1, B1]}, {"name": TWO, "portals": [A1, B1]})
    options = {"portals": asked(A1), "startup": "automatic", "settings": {"node.session.cmds_max": 64}}
    initiator.node(**options)
    initiator.host.run_expect([0], f"iscsiadm -m node -T {ONE} -p {portal(A1)} -u")
    initiator.host.run_expect([0], f"iscsiadm -m node -T {TWO} -p {portal(B1)} -o update -n node.session.cmds_max -v 128")
    done = initiator.check_real_again(**options)
    assert sorted(action.split()[0] for action in done["actions"]) == ["login", "update"]


def test_interfaces_in_one_network(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    initiator.host.run_expect([0], "ip address add 10.10.10.211/24 dev fabric-b")
    try:
        for name in ("fabric-a", "fabric-b"):
            done = initiator.check_real_again("iscsi_iface", name=name, net_ifacename=name)
            assert any("are in one network" in text for text in done.get("warnings", []))
        assert initiator.host.check_output("iscsiadm -m iface -I fabric-a").count("iface.net_ifacename = fabric-a") == 1
        done = initiator.node(portals=asked(A1), ifaces=["fabric-a", "fabric-b"])
        # The second device hangs on the other fabric, where no such portal is.
        assert initiator.sessions() == [(ONE, portal(A1))]
        assert len(initiator.records()) == 2 and done["elapsed"] < 25
        # At the discovery, and at the login.
        assert [(each["portal"], each["target"]) for each in done["failed_portals"]] == [(portal(A1), None), (portal(A1), ONE)]
        assert initiator.run("iscsi_iface", name="fabric-a", state="absent")["failed"]
        initiator.node(ifaces=["fabric-a", "fabric-b"], targets=["*"], state="absent")
        initiator.check_real_again("iscsi_iface", name="fabric-a", state="absent")
    finally:
        initiator.host.run_expect([0], "ip address del 10.10.10.211/24 dev fabric-b")


def test_two_cards_in_one_network(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    cards = {"fabric-a": "10.10.10.11", "fabric-a2": "10.10.10.212"}
    conf = "/proc/sys/net/ipv4/conf"
    advised = {"rp_filter": 2, "arp_ignore": 1, "arp_announce": 2}
    before = {key: initiator.host.check_output(f"cat {conf}/fabric-a/{key}") for key in advised}
    # With a hardware address that is told: udev changes one that the kernel has made up, a moment later.
    initiator.host.run_expect([0], "ip link add link fabric-a name fabric-a2 address 52:54:00:0a:01:d4 type macvlan mode bridge")
    try:
        initiator.host.run_expect([0], f"ip address add {cards['fabric-a2']}/24 dev fabric-a2 && ip link set dev fabric-a2 up")
        warned = initiator.run("iscsi_iface", name="fabric-a", net_ifacename="fabric-a").get("warnings", [])
        assert any("are in one network" in text and "arp_announce to 2" in text for text in warned)
        for card in cards:
            for key, value in advised.items():
                initiator.host.run_expect([0], f"echo {value} > {conf}/{card}/{key}")
        for card in cards:
            done = initiator.check_real_again("iscsi_iface", name=card, net_ifacename=card)
            assert not any("in one network" in text for text in done.get("warnings", []))
        done = initiator.check_real_again(portals=asked(A1), ifaces=list(cards), min_portals="all")
        assert not any("in one network" in text for text in done.get("warnings", [])) and done["failed_portals"] == []
        assert initiator.sessions() == initiator.records() == [(ONE, portal(A1))] * 2
        assert [[device["lun"] for device in session["devices"]] for session in done["sessions"]] == [[0], [0]]
        # Each goes out by its own card.
        said = re.findall(r"Iface (?:Name|IPaddress): (\S+)", initiator.host.check_output("iscsiadm -m session -P 1"))
        assert dict(zip(said[::2], said[1::2])) == cards
    finally:
        # While both cards are there: a session without its card is logged out of only when the time for that is over.
        initiator.clear()
        initiator.host.run_expect([0], "ip link del dev fabric-a2")
        for key, value in before.items():
            initiator.host.run_expect([0], f"echo {value} > {conf}/fabric-a/{key}")


def test_an_interface_per_fabric(array, initiator):
    array.export({"name": ONE, "portals": [A1, B1]})
    initiator.run("iscsi_iface", name="fabric-b", net_ifacename="fabric-b")
    initiator.check_real_again(portals=asked(B1), targets=[ONE], ifaces=["fabric-b"], target_portals=asked(B1))
    initiator.check_real_again(portals=asked(B1), targets=[ONE], ifaces=["fabric-b", "default"], target_portals=asked(B1))
    assert initiator.sessions() == [(ONE, portal(B1))] * 2
    initiator.check_real_again(portals=asked(B1), targets=[ONE], discovery="static", ifaces=["fabric-b", "default"])


def test_several_sessions(array, initiator):
    array.export({"name": ONE, "portals": [A1, B1]})
    initiator.check_real_again(portals=asked(A1), settings={"node.session.nr_sessions": 2}, min_portals="all")
    assert initiator.sessions() == sorted([(ONE, portal(A1)), (ONE, portal(B1))] * 2)
    sid = initiator.host.check_output("ls /sys/class/iscsi_session").split()[0][7:]
    initiator.node(session_id=int(sid), state="disconnected")
    assert len(initiator.sessions()) == 3


def test_a_disk_in_use(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    device = initiator.node(portals=asked(A1))["sessions"][0]["devices"][0]["name"]
    # By its generic device alone, as a virtual machine with SCSI passthrough.
    initiator.host.run_expect([0], f"systemd-run --unit=holder sh -c 'exec sleep infinity < /dev/bsg/$(basename $(readlink /sys/block/{device}/device))'")
    try:
        refused = initiator.node(targets=[ONE], state="absent")
        assert refused["failed"] and "open by sleep" in refused["msg"] and len(initiator.sessions()) == 1
    finally:
        initiator.host.run_expect([0], "systemctl stop holder")
    initiator.host.run_expect([0], f"mkfs.ext4 -q -F /dev/{device} && mkdir -p /mnt/test")
    # In a mount namespace that is nowhere to be read.
    initiator.host.run_expect([0], f"systemd-run --unit=holder --property=PrivateMounts=yes sh -c 'mount /dev/{device} /mnt/test && exec sleep infinity'")
    try:
        initiator.wait(lambda: initiator.host.run(f"python3 -c 'import os; os.open(\"/dev/{device}\", os.O_EXCL)'").rc != 0)
        refused = initiator.node(targets=[ONE], state="absent")
        assert refused["failed"] and "somebody holds it" in refused["msg"] and len(initiator.sessions()) == 1
    finally:
        initiator.host.run_expect([0], "systemctl stop holder")
    with initiator.mounted(device):
        assert "/mnt/test" in initiator.node(targets=[ONE], state="disconnected")["msg"]
    initiator.check_real_again(targets=[ONE], state="absent")


def test_exclusive(array, initiator):
    array.export({"name": ONE, "portals": [A1, B1]}, {"name": TWO, "portals": [A1, B1]})
    every = sorted((target, portal(place)) for target in (ONE, TWO) for place in (A1, B1))
    (device,) = {
        device["name"]
        for session in initiator.node(portals=asked(A1))["sessions"]
        if (session["target"], session["portal"]) == (TWO, portal(B1))
        for device in session["devices"]
    }
    options = {"portals": asked(A1), "targets": [ONE], "target_portals": asked(B1), "exclusive": True}
    with initiator.mounted(device):
        for check in (True, False):
            refused = initiator.node(check, **options)
            assert refused["failed"] and "/mnt/test" in refused["msg"] and initiator.sessions() == initiator.records() == every
    initiator.check_real_again(**options)
    assert initiator.sessions() == initiator.records() == [(ONE, portal(B1))]


def test_safe_logout(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    conf = "/etc/iscsi/iscsid.conf"
    initiator.host.run_expect([0], f"cp {conf} /root/iscsid.conf")
    try:
        assert initiator.run("iscsi_initiator", settings={"iscsid.safe_logout": "Yes"})["restart_required"]
        initiator.host.run_expect([0], "systemctl restart iscsid")
        device = initiator.node(portals=asked(A1))["sessions"][0]["devices"][0]["name"]
        with initiator.mounted(device):
            # Not even force goes past it, since it is iscsid that refuses.
            refused = initiator.node(targets=[ONE], state="disconnected", force=True)
            assert refused["failed"] and "iscsid.safe_logout = Yes" in refused["msg"] and initiator.sessions() == [(ONE, portal(A1))]
        initiator.check_real_again(targets=[ONE], state="disconnected")
    finally:
        initiator.host.run_expect([0], f"cp /root/iscsid.conf {conf}")


def test_a_broken_record_and_a_stale_lock(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    initiator.node(portals=asked(A1), state="present")
    lock = "/run/lock/iscsi/lock"
    initiator.host.run_expect([0], f"f=$(find {initiator.database}/nodes -type f); : > $f; touch {lock}; ln {lock} {lock}.write")
    initiator.wait(lambda: initiator.host.run(f"test $(($(date +%s) - $(stat -c %Z {lock}.write))) -gt 6").rc == 0)
    done = initiator.node(portals=asked(A1))
    assert [action.split()[0] for action in done["actions"]] == ["delete", "create", "login"] and done["elapsed"] < 25
    assert initiator.sessions() == initiator.records() == [(ONE, portal(A1))]


def test_no_daemon(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    initiator.host.run_expect([0], "systemctl stop iscsid.socket iscsid")
    assert initiator.node(check=True, portals=asked(A1))["actions"] == [f"connect targets at {portal(A1)}"]
    initiator.host.run_expect([0], "systemctl start iscsid.socket")
    initiator.check_real_again(portals=asked(A1))


FABRIC = [{"name": f"iqn.2004-08.com.example:many{number}", "portals": [A1, B1, A2, B2]} for number in range(4)]


def test_two_runs_at_once(array, initiator):
    array.export(*FABRIC)
    runs = [initiator.start("iscsi_node", portals=asked(A1), min_portals="all", settings={"node.session.nr_sessions": 2}, timeout=90) for number in range(2)]
    said = [run.communicate(timeout=300) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert len(initiator.sessions()) == 32 and len(set(initiator.sessions())) == len(initiator.records()) == 16


@pytest.mark.parametrize(("moment", "count"), [("started", 1), ("record", 1), ("session", 1), ("sessions", 1), ("sessions", 2)])
def test_killed_at_any_step(array, initiator, moment, count):
    """count: sessions per portal."""
    array.export(*FABRIC)
    several = {"settings": {"node.session.nr_sessions": count}} if count > 1 else {}
    # The module itself and not its shell: ansible starts it again when that is killed, as if the connection had been lost.
    module = "^[^ ]*python[0-9.]* [^ ]*AnsiballZ_iscsi_node"
    there = {
        "started": f'pgrep -f "{module}"',
        "record": f"ls {initiator.database}/nodes/*/*",
        "session": "ls -d /sys/class/iscsi_session/*",
        "sessions": "test $(ls /sys/class/iscsi_session | wc -l) -gt 8",
    }[moment]
    # Seen and killed on the host itself: a question over ssh is too slow.
    killer = f"systemd-run --quiet --collect --unit=killer sh -c 'until {there} >/dev/null 2>&1; do sleep 0.02; done; pkill -9 -f \"{module}\"'"
    initiator.host.run_expect([0], killer)
    run = initiator.start("iscsi_node", portals=asked(A1), chap=None, timeout=90, **several)
    run.communicate(timeout=300)
    assert run.returncode != 0
    done = initiator.node(portals=asked(A1), min_portals="all", timeout=90, **several)
    assert not done.get("failed"), done["msg"]
    wanted = sorted((target["name"], portal(place)) for target in FABRIC for place in target["portals"])
    assert initiator.records() == wanted and initiator.sessions() == sorted(wanted * count)
    assert initiator.node(portals=asked(A1))["changed"] is False
    assert initiator.host.run(f"ls -A {initiator.database} | grep linuxsan").rc == 1


def test_many_luns(array, initiator):
    array.export({"name": ONE, "portals": [A1]}, luns=64)
    done = initiator.node(portals=asked(A1), timeout=120)
    (session,) = done["sessions"]
    assert [device["lun"] for device in session["devices"]] == list(range(64)) and all(device["name"] for device in session["devices"])


def test_luns_that_come_later(array, initiator):
    array.export({"name": ONE, "portals": [A1]})
    lun = f"/sys/kernel/config/target/iscsi/{ONE}/tpgt_1/lun/lun_0"
    array.run(f"find {lun} -type l -delete && rmdir {lun}")
    assert initiator.node(portals=asked(A1))["sessions"][0]["devices"] == []
    assert initiator.node(portals=asked(A1))["changed"] is False
    array.run(f"mkdir {lun} && ln -s /sys/kernel/config/target/core/fileio_*/t0l0 {lun}/vd1")
    (device,) = initiator.node(portals=asked(A1), rescan=True)["sessions"][0]["devices"]
    assert device["lun"] == 0 and device["name"]
