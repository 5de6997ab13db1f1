"""A specification is read whole, and a mistake is named by its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from sanlab.array_spec import parse_array, wwid
from sanlab.errors import LabError

DEFAULT = (Path(__file__).parents[2] / "lab" / "array" / "default.yml").read_text()


def changed(**changes):
    """The default specification with keys of its first target, portal or LUN replaced."""
    document = yaml.safe_load(DEFAULT)
    places = {"target": document["targets"][0], "portal": document["targets"][0]["portals"][0], "lun": document["luns"][0]}
    for place, values in changes.items():
        places[place].update(values)
    return yaml.safe_dump(document)


def test_the_default_array_is_the_white_papers():
    array = parse_array(DEFAULT)
    assert [(portal.address, portal.port) for target in array.targets for portal in target.portals] == [("10.10.10.100", 3260), ("192.168.195.22", 3260)]
    assert all(lun.targets == tuple(target.name for target in array.targets) for lun in array.luns)
    assert len({wwid(lun) for lun in array.luns}) == len(array.luns) >= 2


def test_a_wwid_is_naa_6_company_and_25_digits_of_the_serial():
    lun = parse_array(DEFAULT).luns[0]
    assert len(wwid(lun)) == 1 + 32
    assert wwid(lun).startswith("36" + lun.oui + lun.serial.split("-")[0])


def test_counted_entries_are_numbered():
    luns = parse_array(changed(lun={"count": 3, "name": "v{n}", "lun": "1{n}", "serial": "{n:08x}"})).luns
    assert [(lun.name, lun.lun, lun.serial) for lun in luns[:3]] == [("v0", 10, "00000000"), ("v1", 11, "00000001"), ("v2", 12, "00000002")]


def test_an_ipv6_portal_gets_its_prefix():
    portal = parse_array(changed(portal={"address": "fd10:10:10:0::64"})).targets[0].portals[0]
    assert (portal.address, portal.prefix) == ("fd10:10:10::64", 64)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"portal": {"address": "10.10.10.300"}}, "targets[0].portals[0].address"),
        ({"portal": {"fabric": "fabric-z"}}, "'fabric-z' is no fabric"),
        ({"portal": {"fault": "slow"}}, "'slow' is not known; known are refuse, blackhole"),
        ({"portal": {"port": 0}}, "is no number from 1 to 65535"),
        ({"target": {"name": "IQN.2004-08.com.example"}}, "is no iSCSI name"),
        ({"target": {"chap": {"username": "u", "password": "p", "username_in": "i"}}}, "username_in and password_in belong together"),
        ({"target": {"portal": []}}, "targets[0]: portal is not known"),
        ({"lun": {"size": "10X"}}, "luns[0].size"),
        ({"lun": {"lun": 1}}, "1 is there twice"),
        ({"lun": {"targets": ["iqn.2004-08.com.example:none"]}}, "is none of the targets"),
        ({"lun": {"oui": 1378}}, "quote a number that is meant as text"),
    ],
)
def test_a_mistake_is_named_by_its_place(changes, words):
    with pytest.raises(LabError) as error:
        parse_array(changed(**changes))
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "targets: {}", "targets: []\nluns: 1", "a: [", "targets: [{}]\nluns: []"])
def test_anything_else_is_an_error_in_words(text):
    with pytest.raises(LabError):
        parse_array(text)
