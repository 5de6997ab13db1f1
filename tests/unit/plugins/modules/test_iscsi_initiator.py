# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module through the real argument parser, on files in a directory."""

from __future__ import annotations

import json
import os
import stat

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _file, _turn
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import edit_plan
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.initiator_tool import Initiator
from ansible_collections.linuxsan.host.plugins.modules import iscsi_initiator

OLD, NEW = "iqn.2026-01.org.example:old", "iqn.2026-01.org.example:new"
SECRET = "$~hunter2\"'#="
KEY = "node.session.timeo.replacement_timeout"
CONF = f"# head\n#node.session.auth.authmethod = CHAP\n#node.session.auth.password = password\n{KEY} = 120\n# tail\n"
CHAP = {"username": "u", "password": SECRET}


@pytest.fixture
def initiator(tmp_path, run_main, monkeypatch):
    """Runs the module on files below tmp_path; every run is predicted by check mode and shows no secret."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "etc/name").write_text(f"# c\nInitiatorName={OLD}\n")
    (tmp_path / "etc/conf").write_text(CONF)
    for part in ("name", "conf"):
        (tmp_path / "etc" / part).chmod(0o644)
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.atomic_move", lambda module, source, target: os.replace(source, target))
    host = Initiator(str(tmp_path / "sys"), str(tmp_path / "proc"), str(tmp_path / "run/lock"))
    monkeypatch.setattr(iscsi_initiator, "foreign_keys", lambda: frozenset({"node.session.reopen_max"}))
    real_work = iscsi_initiator.work

    def run(check=False, **params):
        seen = []

        def work(module, given):
            try:
                return real_work(module, host)
            finally:
                seen.append(module.params)

        files = {"initiator_file": str(tmp_path / "etc/name"), "config_file": str(tmp_path / "etc/conf")}
        result = run_main(iscsi_initiator, work, json.loads(json.dumps({**files, **params})), check)
        assert "hunter2" not in f"{result} {seen}"
        return result

    return run


def snapshot(tmp_path):
    return {path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "etc").iterdir()}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


STATES = [
    ({"name": NEW}, ["rename InitiatorName"]),
    ({"alias": "host-1"}, ["set InitiatorAlias"]),
    ({"replacement_timeout": 15}, [f"set {KEY}"]),
    (
        {"noop_out_interval": 1, "noop_out_timeout": 2, "login_timeout": 3, "startup": "onboot"},
        ["set node.startup", *(f"set node.conn[0].timeo.{field}" for field in ("noop_out_interval", "noop_out_timeout", "login_timeout"))],
    ),
    ({"settings": {"iscsid.safe_logout": True, KEY: None}}, ["set iscsid.safe_logout", f"remove {KEY}"]),
    ({"chap": CHAP}, [*(f"set node.session.auth.{field}" for field in ("authmethod", "username", "password")), "protect conf"]),
    ({"discovery_chap": CHAP}, [*(f"set discovery.sendtargets.auth.{field}" for field in ("authmethod", "username", "password")), "protect conf"]),
    ({"chap": {}, "discovery_chap": {}}, []),
    ({}, []),
]


@pytest.mark.parametrize("params, actions", STATES)
def test_check_real_again_check(initiator, tmp_path, params, actions):
    before = snapshot(tmp_path)
    predicted = initiator(check=True, **params)
    assert snapshot(tmp_path) == before
    done = initiator(**params)
    assert done == predicted
    assert [action.replace(f"{tmp_path}/etc/", "") for action in done["actions"]] == actions
    assert done["changed"] is bool(actions) is (snapshot(tmp_path) != before)
    after = snapshot(tmp_path)
    for check in (False, True):
        again = initiator(check=check, **params)
        assert (again["changed"], again["actions"], again["diff"], again["settings"]) == (False, [], [], done["settings"])
    assert snapshot(tmp_path) == after


def test_rename(initiator, tmp_path):
    assert initiator()["name"] == OLD
    done = initiator(name=NEW)
    assert (done["name"], done["restart_required"]) == (NEW, True)
    assert (tmp_path / "etc/name").read_text() == f"# c\nInitiatorName={NEW}\n"


def test_a_rename_with_sessions_is_refused_without_force(initiator, tmp_path):
    session = tmp_path / "sys/class/iscsi_session/session1"
    session.mkdir(parents=True)
    (session / "initiatorname").write_text(OLD)
    before = snapshot(tmp_path)
    for check in (True, False):
        refused = initiator(check=check, name=NEW, replacement_timeout=1)
        assert refused["failed"] and "session1" in refused["msg"]
    assert snapshot(tmp_path) == before
    assert initiator(name=NEW, force=True)["changed"]


def test_the_secret_is_written_exactly_and_only_its_change_is_marked(initiator, tmp_path):
    conf = tmp_path / "etc/conf"
    initiator(chap=CHAP)
    assert f"node.session.auth.password = {SECRET}\n" in conf.read_text()
    assert mode(conf) == stat.S_IRUSR | stat.S_IWUSR
    done = initiator(chap={**CHAP, "password": SECRET + "x"})
    (diff,) = done["diff"]
    assert diff["after"] == diff["before"].replace("\nnode.session.auth.password = ********", "\nnode.session.auth.password = ******** (changed)")
    initiator(chap={})
    assert conf.read_text() == CONF


def test_an_open_file_with_a_secret_is_mended(initiator, tmp_path):
    conf = tmp_path / "etc/conf"
    initiator(chap=CHAP)
    conf.chmod(0o644)
    done = initiator(chap=CHAP)
    assert (done["actions"], mode(conf)) == ([f"protect {conf}"], 0o600)


def test_backups_are_as_private_as_what_they_hold(initiator, tmp_path):
    conf = tmp_path / "etc/conf"
    conf.write_text(CONF + "node.session.auth.password = other\n")
    before = conf.read_text()
    done = initiator(name=NEW, chap=CHAP, backup=True)
    copies = {path: tmp_path / "etc" / os.path.basename(copy) for path, copy in done["backup_files"].items()}
    assert done["backup_file"] == str(copies[str(conf)])
    assert copies[str(conf)].read_text() == before
    assert mode(copies[str(conf)]) == 0o600 and mode(copies[str(tmp_path / "etc/name")]) == 0o644
    assert "backup_file" not in initiator(name=NEW, chap=CHAP, backup=True)


def test_without_open_iscsi_check_mode_predicts_and_a_real_run_fails(initiator, tmp_path):
    files = {"initiator_file": str(tmp_path / "none/name"), "config_file": str(tmp_path / "none/conf")}
    predicted = initiator(check=True, name=NEW, replacement_timeout=15, **files)
    assert predicted["changed"] and predicted["name"] == NEW
    assert all("Install open-iscsi" in warning and "or correct" in warning for warning in predicted["warnings"]) and predicted["warnings"]
    assert "Install open-iscsi" in initiator(name=NEW, replacement_timeout=15, **files)["msg"]
    assert not (tmp_path / "none").exists()


def test_a_new_name_file_is_made(initiator, tmp_path):
    (tmp_path / "etc/name").unlink()
    assert initiator(name=NEW)["actions"] == ["set InitiatorName"]
    assert mode(tmp_path / "etc/name") == 0o600


def test_debian_does_not_make_up_another_name(initiator, tmp_path):
    (tmp_path / "etc/name").write_text("GenerateName=yes\n")
    assert initiator(name=NEW)["actions"] == ["set InitiatorName", "remove GenerateName"]
    assert (tmp_path / "etc/name").read_text() == f"InitiatorName={NEW}\n"


def test_a_broken_file_is_named_with_its_line_and_nothing_is_changed(initiator, tmp_path):
    (tmp_path / "etc/conf").write_text(CONF + "hunter2\n")
    before = snapshot(tmp_path)
    failed = initiator(name=NEW, replacement_timeout=1)
    assert f"conf, line {len(CONF.splitlines()) + 1}: " in failed["msg"]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "params, words",
    [
        ({"name": "host1"}, "no valid initiator name"),
        ({"chap": {"username": "u"}}, "required together"),
        ({"chap": {"algorithms": ["MD5"]}}, "missing parameter"),
        ({"chap": {"username_in": "u", "password_in": "hunter2"}}, "missing parameter"),
        ({"settings": {"node.session.auth.password": "hunter2"}}, "Give it with the option chap"),
        ({"startup": "boot"}, "must be one of"),
    ],
)
def test_bad_input(initiator, tmp_path, params, words):
    before = snapshot(tmp_path)
    assert words in initiator(**params)["msg"]
    assert snapshot(tmp_path) == before


def test_warnings(initiator, tmp_path):
    (tmp_path / "etc/conf").write_text("node.startup=manual\n")
    secret, passed_over = initiator(chap={"username": "u", "password": "hunter2"})["warnings"]
    assert "12" in secret and "line 1" in passed_over


def test_a_killed_run_is_repaired(initiator, tmp_path, monkeypatch):
    params = {"name": NEW, "replacement_timeout": 15}
    moved = []

    def die(module, source, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(target)
        os.replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("ansible.module_utils.basic.AnsibleModule.atomic_move", die)
        with pytest.raises(KeyboardInterrupt):
            initiator(**params)
    assert initiator(**params)["actions"] == [f"set {KEY}"]
    assert initiator(**params)["changed"] is False


def test_no_edit_is_lost_to_another_one(initiator, tmp_path, monkeypatch):
    """A second run, and a prediction, come between the read and the write of the first one."""
    monkeypatch.setattr(_turn, "TURN_SECONDS", 0)
    # Only root has a place for the lock; that of this test is everybody's.
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    plan, others = edit_plan.plan_edit, []

    def plan_late(*args):
        if not others:
            others.append(None)
            others[:] = [initiator(check=check, settings={"node.session.scan": "manual"}) for check in (False, True)]
        return plan(*args)

    monkeypatch.setattr(edit_plan, "plan_edit", plan_late)
    assert initiator(replacement_timeout=15)["changed"]
    assert "another run holds the files of the initiator" in others[0]["msg"] and others[1]["changed"]
    assert initiator(settings={"node.session.scan": "manual"})["changed"]
    conf = (tmp_path / "etc/conf").read_text()
    assert f"{KEY} = 15\n" in conf and "node.session.scan = manual\n" in conf


def test_a_key_that_this_open_iscsi_does_not_know_is_refused_and_can_be_removed(initiator, tmp_path):
    key = "node.session.reopen_max"
    before = snapshot(tmp_path)
    assert f"{key}: the open-iscsi of this host has no such key" in initiator(settings={key: 3}, replacement_timeout=7)["msg"]
    assert snapshot(tmp_path) == before
    with (tmp_path / "etc/conf").open("a") as conf:
        conf.write(f"{key} = 3\n")
    assert initiator(settings={key: None})["actions"] == [f"remove {key}"]


@pytest.mark.parametrize("check", [True, False])
def test_a_file_that_is_a_mount_point_has_nothing_changed(initiator, tmp_path, monkeypatch, check):
    """Only one of the two is, and that one would be written last."""
    before = snapshot(tmp_path)
    monkeypatch.setattr(_file, "_mount_of", lambda path: path.rpartition("/")[2] == "conf")
    assert f"{tmp_path}/etc/conf: is a mount point" in initiator(check, name=NEW, startup="onboot", backup=True)["msg"]
    assert snapshot(tmp_path) == before
    assert initiator(check, name=NEW)["changed"]
