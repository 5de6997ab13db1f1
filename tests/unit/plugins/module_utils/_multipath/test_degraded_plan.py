# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a map, each fault alone on a healthy one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.degraded_plan import find_faults
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.link_plan import Link
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.lun_plan import Lun, LunPath
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_fault_plan import MEANINGS
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_plan import KnownMap
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.map_tool import DmDevice
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.timeout_plan import DEFAULT_SECONDS, recovery_tmo
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.topology_text import Group, Map, Path

SIZE = 1 << 30


def healthy():
    """The arguments of find_faults: one LUN over two sessions."""
    paths = tuple(Path(name, dm_state="active", device_state="running", checker_state="ready") for name in ("sdb", "sdc"))
    told = Map("qsan", "3a", "dm-0", features="1 queue_if_no_path", queueing="12 chk", groups=(Group(1, paths=paths),))
    return {
        "maps": (KnownMap("3a", "qsan", DmDevice("dm-0", "qsan", "mpath-3a", SIZE, slaves=("sdb", "sdc")), told),),
        "luns": (Lun("3a", san=True, paths=(LunPath("sdb", target="ctr1", sid=1), LunPath("sdc", target="ctr2", sid=2))),),
        "links": tuple(link(session(sid, f"ctr{sid}")) for sid in (1, 2)),
        "disks": tuple(SimpleNamespace(name=name, wwid="3a", size=SIZE, read_only=False, native=False) for name in ("sdb", "sdc")),
        "recovery_tmos": {"3a": 5},
        "running": True,
    }


def session(sid, target, recovery_tmo=5, logged_in=True):
    state = "LOGGED_IN" if logged_in else "FAILED"
    return SimpleNamespace(sid=sid, target=target, portal=f"10.0.0.{sid}:3260", state=state, logged_in=logged_in, recovery_tmo=recovery_tmo)


def link(made, fabric=None):
    return Link(made.target, made.portal, fabric or f"eth{made.sid}", made)


def told(case, **changes):
    known = case["maps"][0]
    case["maps"] = (replace(known, told=replace(known.told, **changes)),)


def device(case, **changes):
    known = case["maps"][0]
    case["maps"] = (replace(known, device=replace(known.device, **changes)),)


def path(case, **changes):
    group = case["maps"][0].told.groups[0]
    told(case, groups=(replace(group, paths=(group.paths[0], replace(group.paths[1], **changes))),))


def only_first(case):
    group = case["maps"][0].told.groups[0]
    told(case, groups=(replace(group, paths=group.paths[:1]),))


def second_disk(case, **changes):
    facts = {**vars(case["disks"][1]), **changes}
    case["disks"] = (case["disks"][0], SimpleNamespace(**facts))


def second_path_of_lun(case, **changes):
    (lun,) = case["luns"]
    first = replace(lun.paths[0], serial="S1", kernel_wwid="naa.a")
    case["luns"] = (replace(lun, paths=(first, replace(lun.paths[1], **changes))),)


def one_taken_for_a_plain_disk(case):
    (lun,) = case["luns"]
    case["luns"] = (replace(lun, paths=(lun.paths[0], replace(lun.paths[1], claimed=False))),)


def one_more_taken_for_a_plain_disk(case):
    (lun,) = case["luns"]
    case["luns"] = (replace(lun, paths=(*lun.paths, LunPath("sdd", target="ctr1", sid=1, claimed=False))),)


def without(case, part):
    """Only the kernel, or only multipathd, has the map."""
    case["maps"] = (replace(case["maps"][0], **{part: None}),)


def local_disk(case):
    case["luns"] += (Lun("local", paths=(LunPath("sda"),)),)


def no_map(case):
    case["maps"] = ()


def no_map_and_stopped(case):
    no_map(case)
    case["running"] = False


def native(case):
    no_map(case)
    case["disks"] = tuple(SimpleNamespace(**{**vars(disk), "native": True}) for disk in case["disks"])


def native_and_stopped(case):
    native(case)
    case["running"] = False


def stopped(case):
    """Only the kernel tells, and no checker has looked."""
    case["running"] = False
    known = case["maps"][0]
    paths = tuple(replace(each, checker_state="undef") for each in known.told.paths)
    case["maps"] = (replace(known, monitored=False, told=replace(known.told, queueing=None, groups=(Group(1, paths=paths),))),)


def stopped_and_failed(case):
    stopped(case)
    path(case, dm_state="failed")


def stopped_and_offline(case):
    stopped(case)
    path(case, device_state="offline")


def stopped_with_nvme(case):
    stopped(case)
    path(case, checker_state="undef", device_state="live")


def both():
    return session(1, "ctr1"), session(2, "ctr2")


def sessions(case, *made):
    case["links"] = tuple(map(link, made))


def record(case):
    case["links"] = (*case["links"], Link("ctr1", "10.0.0.9:3260", "eth2"))


def one_fabric(case):
    case["links"] = tuple(replace(each, fabric="eth0") for each in case["links"])


def one_failed(case):
    path(case, dm_state="failed", checker_state="faulty")


def one_failed_of_one_fabric(case):
    one_fabric(case)
    one_failed(case)


def both_failed(case):
    group = case["maps"][0].told.groups[0]
    told(case, groups=(replace(group, paths=tuple(replace(each, dm_state="failed", checker_state="faulty") for each in group.paths)),))


FAULTS = {
    "all well": (lambda case: None, set()),
    "no paths": (lambda case: told(case, groups=()), {"no_paths", "missing_paths", "path_not_in_map"}),
    "taken for a plain disk": (one_taken_for_a_plain_disk, {"path_not_claimed"}),
    "one more taken for a plain disk": (one_more_taken_for_a_plain_disk, {"path_not_in_map"}),
    "one path": (only_first, {"single_path", "missing_paths", "path_not_in_map", "fabric_missing"}),
    "a session more": (lambda case: sessions(case, *both(), session(3, "ctr1")), {"missing_paths", "fabric_missing"}),
    "a session to another target": (lambda case: sessions(case, *both(), session(3, "other")), set()),
    "session down": (lambda case: sessions(case, session(1, "ctr1"), session(2, "ctr2", logged_in=False)), {"session_not_logged_in"}),
    "recovery_tmo": (lambda case: sessions(case, session(1, "ctr1"), session(2, "ctr2", 120)), {"recovery_tmo"}),
    "recovery_tmo not known": (lambda case: sessions(case, session(1, "ctr1"), session(2, "ctr2", None)), set()),
    "recovery_tmo of another session": (lambda case: sessions(case, *both(), session(3, "ctr1", 120)), {"missing_paths", "fabric_missing"}),
    "record without a session": (record, {"session_missing"}),
    "failed path": (one_failed, {"path_not_ready", "fabric_missing"}),
    "failed path of one fabric": (one_failed_of_one_fabric, {"path_not_ready"}),
    "all paths failed": (both_failed, {"path_not_ready", "no_usable_path"}),
    "marginal": (lambda case: path(case, marginal=True), {"path_marginal"}),
    "read-only": (lambda case: device(case, read_only=True), {"read_only"}),
    "read-only path": (lambda case: second_disk(case, read_only=True), {"read_only"}),
    "unknown state": (lambda case: path(case, checker_state="a state of tomorrow"), {"path_not_ready", "fabric_missing"}),
    "offline": (lambda case: path(case, device_state="offline"), {"path_not_ready"}),
    "standby": (lambda case: path(case, checker_state="ghost"), set()),
    "queues for ever": (lambda case: told(case, queueing="on"), {"queueing_without_limit"}),
    "queues by a feature": (lambda case: told(case, queueing=None), {"queueing_without_limit"}),
    "queues not": (lambda case: told(case, features="0", queueing=None), set()),
    "unknown to multipathd": (lambda case: without(case, "told"), {"not_monitored"}),
    "unknown to the kernel": (lambda case: without(case, "device"), {"not_monitored"}),
    "suspended": (lambda case: device(case, suspended=True), {"suspended"}),
    "other LUN": (lambda case: second_disk(case, wwid="3b"), {"wrong_wwid"}),
    "other serial number": (lambda case: second_path_of_lun(case, serial="S2", kernel_wwid="naa.a"), {"wrong_wwid"}),
    "other WWID in the kernel": (lambda case: second_path_of_lun(case, serial="S1", kernel_wwid="naa.b"), {"wrong_wwid"}),
    "path whose WWID cannot be read": (lambda case: second_path_of_lun(case, serial="S1"), set()),
    "disk without a WWID": (lambda case: second_disk(case, wwid=None), set()),
    "other size": (lambda case: second_disk(case, size=2 * SIZE), {"size_differs"}),
    "size of the map": (lambda case: device(case, size=2 * SIZE), {"size_differs"}),
    "no map": (no_map, {"no_map"}),
    "local disk without a map": (local_disk, set()),
    "no map, daemon stopped": (no_map_and_stopped, {"no_map", "daemon_not_running"}),
    "joined by the NVMe driver": (native, set()),
    "joined by the NVMe driver, daemon stopped": (native_and_stopped, set()),
    "daemon stopped": (stopped, {"daemon_not_running", "not_monitored", "queueing_without_limit"}),
    "daemon stopped, path failed": (stopped_and_failed, {"daemon_not_running", "not_monitored", "queueing_without_limit", "path_not_ready"}),
    "daemon stopped, NVMe": (stopped_with_nvme, {"daemon_not_running", "not_monitored", "queueing_without_limit"}),
    "daemon stopped, path offline": (stopped_and_offline, {"daemon_not_running", "not_monitored", "queueing_without_limit", "path_not_ready"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name):
    case = healthy()
    change, reasons = FAULTS[name]
    change(case)
    faults = find_faults(**case)
    assert {fault.reason for fault in faults} == reasons
    assert all(fault.message for fault in faults)
    assert len(set(faults)) == len(faults)


def all_read_only(case):
    device(case, read_only=True)
    second_disk(case, read_only=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda case: without(case, "told"), ["multipathd does not know the map"]),
        (lambda case: without(case, "device"), ["the kernel does not have the map"]),
        (lambda case: sessions(case, session(1, "ctr1"), session(2, "ctr2", logged_in=False)), ["session 2 to ctr2 over 10.0.0.2:3260 is FAILED"]),
        (all_read_only, ["and so are its paths sdc: look at the LUN's mapping"]),
        (no_map, ["Register it, or take it out of a blacklist"]),
        (no_map_and_stopped, ["multipathd does not run", "Start multipathd"]),
    ],
)
def test_each_fault_is_told_once_and_explained(change, said):
    case = healthy()
    change(case)
    messages = [fault.message for fault in find_faults(**case)]
    assert len(messages) == len(said)
    assert all(words in message for words, message in zip(said, messages))


def test_a_controller_that_is_missing_since_the_boot():
    """Both paths are over the first target; no LUN is seen behind the second one, whose records ask for sessions."""
    case = healthy()
    (lun,) = case["luns"]
    case["luns"] = (replace(lun, paths=tuple(replace(each, target="ctr1") for each in lun.paths)),)
    sessions(case, session(1, "ctr1"), session(2, "ctr1"))
    case["links"] += tuple(Link("ctr2", f"10.0.0.{number}:3260", f"eth{number}") for number in (3, 4))
    faults = find_faults(**case)
    assert [(fault.reason, fault.name, fault.wwid) for fault in faults] == [("session_missing", None, None)] * 2
    assert ["ctr2 over 10.0.0.3:3260" in faults[0].message, "ctr2 over 10.0.0.4:3260" in faults[1].message] == [True, True]


def test_a_lost_session_to_a_target_without_a_lun():
    case = healthy()
    case["links"] += (link(session(3, "other", logged_in=False)), link(session(4, "other")))
    assert [(fault.reason, fault.name) for fault in find_faults(**case)] == [("session_not_logged_in", None)]


@pytest.mark.parametrize("state", ["faulty", "shaky", "i/o pending", "i/o timeout", "delayed", "disconnected", "undef", "unchecked", "wild", "removed"])
def test_a_checker_state_is_explained(state):
    case = healthy()
    path(case, dm_state="failed", checker_state=state)
    (said,) = [fault.message for fault in find_faults(**case) if fault.reason == "path_not_ready"]
    assert said == f"path sdc is failed, {state}, running: {MEANINGS[state]}"


@pytest.mark.parametrize("state", ["offline", "transport-offline", "blocked"])
def test_a_device_state_is_explained_first(state):
    case = healthy()
    path(case, dm_state="failed", checker_state="faulty", device_state=state)
    (said,) = [fault.message for fault in find_faults(**case) if fault.reason == "path_not_ready"]
    assert said.endswith(MEANINGS[state])


def test_recovery_tmo_of_a_revision():
    conf = parse_conf('devices {\n device {\n vendor "^Qsan"\n product ".*"\n revision "^1"\n fast_io_fail_tmo 9\n }\n}\n')
    assert [recovery_tmo(conf, "Qsan", "P600Q", revision) for revision in ("1.0", "2.0", None)] == [9, DEFAULT_SECONDS, DEFAULT_SECONDS]


CONF = """
defaults {{
    {defaults}
}}
devices {{
    device {{
        vendor "^Qsan"
        product ".*"
        {device}
    }}
}}
overrides {{
    {overrides}
    protocol {{
        type "scsi:iscsi"
        {protocol}
    }}
}}
"""


@pytest.mark.parametrize(
    ("settings", "vendor", "seconds"),
    [
        ({}, "Qsan", DEFAULT_SECONDS),
        ({"defaults": 7}, "Qsan", 7),
        ({"defaults": 7, "device": 8}, "Qsan", 8),
        ({"defaults": 7, "device": 8}, "Other", 7),
        ({"defaults": 7, "device": 8}, None, 7),
        ({"device": 8, "overrides": 9}, "Qsan", 9),
        ({"device": 8, "overrides": 9, "protocol": 10}, "Qsan", 10),
        ({"defaults": 7, "overrides": "off"}, "Qsan", None),
        ({"defaults": 0}, "Qsan", None),
    ],
)
def test_recovery_tmo_in_force(settings, vendor, seconds):
    lines = {key: f"fast_io_fail_tmo {settings[key]}" if key in settings else "" for key in ("defaults", "device", "overrides", "protocol")}
    assert recovery_tmo(parse_conf(CONF.format(**lines)), vendor, "P600Q") == seconds
