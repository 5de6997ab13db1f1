"""iscsi_node with tgt, whose manners are not LIO's (a portal shows itself alone, LUN 0 is no disk), with an iSNS server, and with a target of 256 LUNs."""

from __future__ import annotations

ONE, TWO = "iqn.2004-08.com.example:tgt1", "iqn.2004-08.com.example:tgt10"
A = {"address": "10.10.10.150", "fabric": "fabric-a"}
B = {"address": "192.168.195.150", "fabric": "fabric-b"}
V6 = {"address": "fd10:10:10::150", "fabric": "fabric-a"}
A_PORTAL, B_PORTAL, V6_PORTAL = "10.10.10.150:3260", "192.168.195.150:3260", "[fd10:10:10::150]:3260"
BOTH = [A["address"], B["address"]]
ISNS = {"address": "10.10.10.151", "fabric": "fabric-a"}
ONE_WAY = {"username": "initiator", "password": "Secret-of-host"}
MUTUAL = {**ONE_WAY, "username_in": "array", "password_in": "Secret-of-array"}


def tgt(name=ONE, portals=(A, B), **more):
    return {"name": name, "server": "tgt", "portals": list(portals), **more}


def statuses(result):
    assert result["failed"], result
    return {each["status"] for each in result["failed_portals"]}


def test_tgt_from_discovery_to_absent(array, initiator):
    array.export(tgt(), tgt(TWO), luns=2)
    done = initiator.check_real_again(portals=BOTH, targets=[ONE], min_portals="all")
    assert initiator.sessions() == initiator.records() == [(ONE, A_PORTAL), (ONE, B_PORTAL)]
    assert [[device["lun"] for device in session["devices"]] for session in done["sessions"]] == [[1, 2]] * 2
    assert all(device["name"] and device["size"] == 4 << 20 for session in done["sessions"] for device in session["devices"])
    initiator.check_real_again(portals=BOTH)
    initiator.check_real_again(targets=[ONE], state="absent")
    assert initiator.sessions() == initiator.records() == [(TWO, A_PORTAL), (TWO, B_PORTAL)]


def test_what_a_pattern_takes_is_left_to_the_portals(array, initiator):
    other = "iqn.2004-08.com.example:lio"
    array.export(tgt(), {"name": other, "portals": [{"address": "10.10.10.100", "fabric": "fabric-a"}]})
    initiator.node(portals=[*BOTH, "10.10.10.100"])
    assert {target for target, place in initiator.sessions()} == {ONE, other}
    initiator.check_real_again(portals=BOTH, targets=["iqn.2004-08.com.example:*"], state="absent")
    assert initiator.sessions() == initiator.records() == [(other, "10.10.10.100:3260")]


def test_tgt_over_ipv6(array, initiator):
    array.export(tgt(portals=[V6, A]))
    initiator.check_real_again(portals=[V6["address"]], target_portals=[V6["address"]])
    assert initiator.sessions() == initiator.records() == [(ONE, V6_PORTAL)]
    initiator.check_real_again(portals=["[FD10:10:10:0:0:0:0:150]:3260", A["address"]], min_portals="all")
    assert initiator.sessions() == sorted([(ONE, V6_PORTAL), (ONE, A_PORTAL)])


def test_tgt_with_chap(array, initiator):
    array.export(tgt(chap=ONE_WAY))
    assert statuses(initiator.node(portals=BOTH, chap={**ONE_WAY, "password": "Wrong-of-host"})) == {"ISCSI_ERR_LOGIN_AUTH_FAILED"}
    initiator.check_real_again(portals=BOTH, chap=ONE_WAY, min_portals="all")
    assert len(initiator.sessions()) == 2


def test_tgt_with_mutual_chap(array, initiator):
    array.export(tgt(chap=MUTUAL))
    wrong = {**MUTUAL, "password_in": "Wrong-of-array"}
    # iscsid itself refuses the target's answer.
    assert statuses(initiator.node(portals=BOTH, chap=wrong)) == {"ISCSI_ERR_FATAL_LOGIN"} and initiator.sessions() == []
    initiator.check_real_again(portals=BOTH, chap=MUTUAL, min_portals="all")
    refused = initiator.node(portals=BOTH, chap=wrong)
    assert statuses(refused) == {"ISCSI_ERR_LOGIN_AUTH_FAILED"} and "No session was logged out" in refused["msg"]
    assert len(initiator.sessions()) == 2


def test_discovery_by_isns(array, initiator):
    array.export({"name": ONE, "portals": [A, B]}, {"name": TWO, "portals": [A, B]}, isns=ISNS)
    done = initiator.check_real_again(portals=[f"{ISNS['address']}:3205"], discovery="isns", targets=[ONE], min_portals="all")
    assert done["targets"] == [ONE]
    assert initiator.sessions() == initiator.records() == [(ONE, A_PORTAL), (ONE, B_PORTAL)]
    nobody = initiator.node(portals=["10.10.10.199:3205"], discovery="isns")
    assert nobody["failed"] and [each["portal"] for each in nobody["failed_portals"]] == ["10.10.10.199:3205"]


WIDE = "iqn.2004-08.com.example:wide"
# By hand: targetcli looks at all that is there for each one more, and would take ten minutes.
MAKE_LUNS = f"""
cd /sys/kernel/config/target
for number in $(seq 255); do
    store=core/fileio_$((1000 + number))/wide$number lun=iscsi/{WIDE}/tpgt_1/lun/lun_$number
    truncate -s 1M /srv/luns/wide$number.img
    mkdir -p $store
    echo fd_dev_name=/srv/luns/wide$number.img,fd_dev_size=1048576 > $store/control
    printf 5e%06x-0000-4000-8000-000000000000 $number > $store/wwn/vpd_unit_serial
    echo 1 > $store/enable
    mkdir $lun
    ln -s $PWD/$store $lun/wide
done
"""
REMOVE_LUNS = f"""
cd /sys/kernel/config/target
for number in $(seq 255); do
    rm -f iscsi/{WIDE}/tpgt_1/lun/lun_$number/wide /srv/luns/wide$number.img
    rmdir iscsi/{WIDE}/tpgt_1/lun/lun_$number core/fileio_$((1000 + number))/wide$number core/fileio_$((1000 + number)) || :
done
"""


def test_256_luns(array, initiator):
    array.export({"name": WIDE, "portals": [A]})
    try:
        array.run(MAKE_LUNS)
        done = initiator.node(portals=[A["address"]], timeout=600)
        (session,) = done["sessions"]
        assert [device["lun"] for device in session["devices"]] == list(range(256))
        disks = initiator.host.check_output("ls -d /sys/class/iscsi_session/*/device/target*/*/block/* | xargs -n 1 basename").split()
        assert sorted(device["name"] for device in session["devices"]) == sorted(disks) and len(disks) == 256
        assert len({device["wwid"] for device in session["devices"]}) == 256
        assert initiator.node(portals=[A["address"]])["changed"] is False
        print(f"256 LUNs connected in {done['elapsed']} s")
    finally:
        initiator.clear()
        array.run(REMOVE_LUNS)
