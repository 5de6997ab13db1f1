"""The targets of tgt beside those of LIO, each served by one of them alone."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from sanlab.array_script import render_addresses, render_backstores, render_script, render_targets
from sanlab.array_spec import LIO, TGT, parse_array
from sanlab.errors import LabError
from sanlab.isns_script import render_isns
from sanlab.tgt_script import render_tgt

CHAP = {"username": "host", "password": "Secret-of-host", "username_in": "array", "password_in": "Secret-of-array"}
FOREIGN = {"name": "iqn.2004-08.com.example:tgt", "server": "tgt", "portals": [{"address": "10.10.10.150", "fabric": "fabric-a"}]}
OWN = {"name": "iqn.2004-08.com.example:lio", "portals": [{"address": "10.10.10.100", "fabric": "fabric-a"}]}
DISK = {"name": "t1", "lun": 1, "size": "4M", "serial": "5e010001", "targets": [FOREIGN["name"]]}
PLAIN = {"name": "l1", "lun": 0, "size": "4M", "serial": "5e020001", "targets": [OWN["name"]]}


def array(*targets, luns=(DISK, PLAIN), **more):
    return parse_array(yaml.safe_dump({"targets": list(targets or (OWN, FOREIGN)), "luns": list(luns), **more}))


def changed(entry, **values):
    return {**entry, **values}


def test_each_target_and_lun_is_served_once():
    both = array()
    assert FOREIGN["name"] not in render_targets(both.of(LIO)) and "t1" not in render_backstores(both.of(LIO))
    commands = render_tgt(both.of(TGT)).splitlines()
    assert f"tgtadm --lld iscsi --op new --mode target --tid 1 -T {FOREIGN['name']}" in commands
    assert [line for line in commands if "--op new --mode logicalunit" in line] == [
        "tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 --backing-store /srv/luns/t1.img"
    ]
    assert OWN["name"] not in "\n".join(commands)


def test_the_script_is_valid_shell_and_ends_what_was_served_before():
    everything = array(changed(FOREIGN, chap=CHAP), luns=[DISK], isns={"address": "10.10.10.151", "fabric": "fabric-a"})
    for text in (render_script(everything), render_script(array(OWN, luns=[PLAIN]))):
        checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")
        assert text.index("stop lab-tgtd.service") < text.index("ip address flush")
    assert "tgtadm" not in render_script(array(OWN, luns=[PLAIN]))


def test_every_portal_is_tgts_own():
    portals = [*FOREIGN["portals"], {"address": "fd10:10:10::150", "fabric": "fabric-a"}]
    commands = render_tgt(array(changed(FOREIGN, portals=portals), luns=[DISK]).of(TGT))
    assert "tgtd -f --iscsi portal=10.10.10.150:3260\n" in commands
    assert "--op new --mode portal --param portal=[fd10:10:10::150]:3260\n" in commands


def test_chap_of_both_directions_and_one_account_for_a_name():
    two = [changed(FOREIGN, chap=CHAP), changed(FOREIGN, name=FOREIGN["name"] + "2", chap=CHAP)]
    commands = render_tgt(array(*two, luns=[DISK]).of(TGT)).splitlines()
    assert [line.split("--user ")[1] for line in commands if "--mode account" in line] == [
        *("host --password Secret-of-host", "array --password Secret-of-array"),
        *("host", "array --outgoing") * 2,
    ]


def test_an_isns_server_has_an_address_and_knows_every_target():
    same = changed(FOREIGN, name=FOREIGN["name"] + "2")
    found = array(FOREIGN, same, luns=[DISK], isns={"address": "10.10.10.151", "fabric": "fabric-a"})
    assert "ip address replace 10.10.10.151/24 dev fabric-a" in render_addresses(found)
    assert render_isns(found).endswith(f" --register entity=lab-array portal=10.10.10.150:3260 target={FOREIGN['name']} target={same['name']}")
    assert render_isns(array()) == ""
    with pytest.raises(LabError, match="the same portals"):
        array(isns={"address": "10.10.10.151", "fabric": "fabric-a"})


def test_named_initiators_close_the_target_to_others():
    commands = render_tgt(array(changed(FOREIGN, initiators=["iqn.1993-08.org.debian:01:a"]), luns=[DISK]).of(TGT))
    assert "--initiator-name iqn.1993-08.org.debian:01:a" in commands and "ALL" not in commands


@pytest.mark.parametrize(
    ("targets", "luns", "words"),
    [
        ([changed(FOREIGN, server="scst")], [DISK], "'scst' does not match"),
        ([FOREIGN, changed(FOREIGN, name="iqn.2004-08.com.example:tgt2", portals=OWN["portals"])], [DISK], "has the same portals"),
        ([changed(FOREIGN, portals=[])], [DISK], "has the same portals"),
        ([OWN, changed(FOREIGN, portals=OWN["portals"])], [DISK], "is none of a target of LIO"),
        ([OWN, FOREIGN], [changed(DISK, targets=[OWN["name"], FOREIGN["name"]])], "do not share a LUN"),
        ([FOREIGN], [changed(DISK, lun=0)], "number 0 is tgt's own"),
    ],
)
def test_what_tgtd_cannot_do_is_refused(targets, luns, words):
    with pytest.raises(LabError) as error:
        array(*targets, luns=luns)
    assert words in str(error.value)
