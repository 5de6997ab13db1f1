# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole module through its argument parser, with a fake multipath and multipathd."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys
from dataclasses import replace

import pytest

from ansible_collections.linuxsan.host.plugins.module_utils import _file, _turn
from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing, Result
from ansible_collections.linuxsan.host.plugins.module_utils._multipath import conf_files_tool, multipath_tool, multipathd_tool
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import Multipathd
from ansible_collections.linuxsan.host.plugins.modules import multipath_conf

BEFORE = "defaults {\n\tverbosity 2\n}\n"
AFTER = BEFORE.replace("}", "\tpolling_interval 7\n}")
VERSION = "multipath-tools v0.9.4 (12/19, 2022)\n"
TASK = {"defaults": {"polling_interval": 7}}


class FakeHost:
    """The programs of a host. loaded: the text that multipathd has in force, None when it does not run."""

    def __init__(self, path):
        self.path = path
        self.installed = True
        self.namespaces = True
        self.loaded = None
        self.refuses = ""
        self.hangs = ""
        self.crashes = ""
        self.version = VERSION
        # What it reads without a file.
        self.default = ""
        self.listed = str
        self.busy = []
        self.commands = []
        self.questions = []

    def run(self, argv, timeout):
        """Start a process, as _command.run does."""
        if not self.installed:
            raise ProgramMissing(f"{argv[0]}: not found on this host.")
        if argv == ["multipath", "-h"]:
            # It reads the configuration first.
            judged = self.judge(argv, self.path.read_text(errors="surrogateescape") if self.path.is_file() else "")
            return judged if judged.rc else self.result(argv, stderr=self.version)
        if argv == ["multipath", "-t"]:
            return self.judge(argv, self.path.read_text(errors="surrogateescape") if self.path.exists() else self.default)
        if argv[0] == "dmsetup":
            return self.result(argv, 0, "0:0\n")
        if argv[0] == "unshare":
            if not self.namespaces:
                return self.result(argv, 1, stderr="unshare: unshare failed: Operation not permitted\n")
            with open(argv[6], encoding="utf-8", errors="surrogateescape") as file:
                judged = self.judge(argv, file.read())
                return self.result(argv, stderr=self.version) if "-h" in argv else judged
        return self.daemon(argv)

    def judge(self, argv, text):
        """multipath -t: refuses a text that holds a word, or hangs or crashes on it, else lists it."""
        if self.hangs and self.hangs in text:
            raise CommandTimeout(("multipath", "-t"), 20, "")
        if self.crashes and self.crashes in text:
            return self.result(argv, -signal.SIGSEGV)
        if self.refuses and self.refuses in text:
            return self.result(argv, 1, stderr=f"1.0 | {self.path} line 3, parsing failed\n")
        return self.result(argv, 0, self.listed(text))

    def daemon(self, argv):
        """multipathd COMMAND."""
        if argv[1:] == ["reconfigure"]:
            self.commands.append("reconfigure")
            self.loaded = self.path.read_text()
            return self.result(argv, 0, "ok\n")
        self.questions.append(" ".join(argv[1:]))
        if self.busy:
            return self.result(argv, 0, self.busy.pop())
        return self.result(argv, 0, "pid 1 idle\n" if argv[1:] == ["show", "daemon"] else self.listed(self.loaded))

    def result(self, argv, rc=0, stdout="", stderr=""):
        """A finished process."""
        return Result(tuple(argv), rc, stdout, stderr)


@pytest.fixture
def host(tmp_path, monkeypatch, san):
    """A FakeHost whose multipath.conf is in a directory of the test."""
    path = tmp_path / "multipath.conf"
    drop_ins = tmp_path / "conf.d"
    drop_ins.mkdir()
    for module in (conf_files_tool, multipath_tool):
        monkeypatch.setattr(module, "MAIN_FILE", str(path))
        monkeypatch.setattr(module, "DROP_IN_DIRECTORY", str(drop_ins))
    fake = FakeHost(path)
    monkeypatch.setattr(Multipathd, "running", lambda self: fake.loaded is not None)
    monkeypatch.setattr(multipath_conf, "work", functools.partial(multipath_conf.work, run=fake.run, places=san.places))
    path.write_text(BEFORE)
    return fake


@pytest.fixture
def task(host, run_main):
    """Runs the module and returns its result."""
    return lambda check=False, **options: run_main(multipath_conf, multipath_conf.work, {"path": str(host.path), **options}, check)


def test_check_real_again(host, task):
    predicted = task(check=True, **TASK)
    assert host.path.read_text() == BEFORE
    done = task(**TASK)
    assert host.path.read_text() == AFTER
    for key in ("changed", "actions", "diff", "changed_keys"):
        assert done[key] == predicted[key]
    assert done["changed_keys"] == ["defaults.polling_interval"]
    again = task(**TASK)
    assert (again["changed"], again["actions"], again["diff"]) == (False, [], [])


def test_running_daemon_loads_it(host, task):
    host.loaded = BEFORE
    assert task(check=True, **TASK)["actions"] == [f"write {host.path}", "reload multipathd"]
    assert host.commands == []
    assert task(**TASK)["actions"] == [f"write {host.path}", "reload multipathd"]
    assert (host.commands, host.loaded) == (["reconfigure"], AFTER)
    assert task(**TASK)["changed"] is False


def test_what_is_in_force_is_asked_once(host, task):
    host.loaded = BEFORE
    task(**TASK)
    assert host.questions.count("show config") == 1


def test_what_is_in_force_is_asked_again_when_multipathd_is_busy(host, task, monkeypatch):
    """Taken for a configuration, its answer would have every named key loaded again."""
    monkeypatch.setattr(multipathd_tool, "BUSY_INTERVAL_SECONDS", 0.01)
    task(**TASK)
    host.loaded = host.path.read_text()
    host.busy = ["timeout\n"] * 2
    assert (task(**TASK)["changed"], host.commands, host.questions) == (False, [], ["show config"] * 3)


def test_run_that_was_killed_before_the_reload(host, task):
    host.loaded = BEFORE
    host.path.write_text(AFTER)
    assert task(**TASK)["actions"] == ["reload multipathd"]
    assert host.loaded == AFTER


def test_no_reload(host, task):
    host.loaded = BEFORE
    task(reload=False, **TASK)
    assert (host.path.read_text(), host.commands) == (AFTER, [])


@pytest.mark.parametrize("namespaces", [True, False])
@pytest.mark.parametrize("before", [BEFORE, None])
def test_refused_edit_leaves_the_old_file(host, task, namespaces, before):
    host.namespaces, host.refuses, host.loaded = namespaces, "polling_interval", ""
    if before is None:
        os.unlink(host.path)
    result = task(**TASK)
    assert result["failed"] and f"{host.path} line 3, parsing failed" in result["msg"]
    assert (host.path.read_text() if host.path.exists() else None) == before
    assert host.commands == []


def test_without_a_namespace(host, task):
    host.namespaces = False
    assert "Operation not permitted" in str(task(check=True, **TASK)["warnings"])
    assert task(**TASK)["changed"]
    assert host.path.read_text() == AFTER


def test_refused_configuration_is_never_loaded(host, task):
    host.refuses, host.loaded = "polling_interval", BEFORE
    result = task(validate=False, **TASK)
    assert result["failed"] and "written, not loaded" in result["msg"]
    assert host.commands == []


def test_fresh_host(host, task):
    host.installed = False
    os.unlink(host.path)
    predicted = task(check=True, **TASK)
    assert predicted["changed"] and "not installed" in str(predicted["warnings"])
    assert "not installed" in task(**TASK)["msg"]
    assert not host.path.exists()
    assert task(validate=False, **TASK)["changed"]
    assert host.path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("namespaces", [True, False])
def test_first_file_on_red_hat(host, task, namespaces):
    host.namespaces = namespaces
    host.default = 'blacklist {\n\tdevnode ".*"\n\tdevnode "^rbd"\n}\n'
    os.unlink(host.path)
    # What a file of conf.d says is lost with none.
    assert "blacklist[devnode,^rbd]: no longer read with the edit" in task(**TASK)["msg"]
    assert not host.path.exists()
    host.default = host.default.replace('\tdevnode "^rbd"\n', "")
    assert task(check=True, **TASK)["changed"]
    assert task(**TASK)["changed"]
    assert host.path.read_text() == "defaults {\n\tpolling_interval 7\n}\n"


def test_file_that_wins_is_named(host, task):
    winner = host.path.parent / "conf.d" / "9.conf"
    winner.write_text("defaults {\n\n\tpolling_interval 9\n}\n")
    for check in (True, False):
        assert f"{winner} line 3 sets it to '9'" in task(check=check, **TASK)["msg"]
    assert host.path.read_text() == BEFORE


def test_file_in_conf_d(host, task):
    path = host.path.parent / "conf.d" / "5.conf"
    path.write_text(BEFORE)
    result = task(**{**TASK, "path": str(path), "backup": True})
    assert path.read_text() == AFTER
    backup = os.path.basename(result["backup_file"])
    assert ".conf" not in backup
    with open(result["backup_file"], encoding="utf-8") as file:
        assert file.read() == BEFORE


def test_vendor_that_is_no_expression_with_product_blacklist(host, task):
    """libmultipath refuses the whole configuration for it and says nothing."""
    text = 'devices {\n\tdevice {\n\t\tvendor "*"\n\t\tproduct X\n\t}\n}\n'
    host.path.write_text(text)
    failed = task(validate=False, devices=[{"vendor": "*", "product": "X", "product_blacklist": "LUNZ"}])
    assert failed["failed"] and "line 3: devices device vendor: libmultipath refuses the whole configuration, since '*' is no" in failed["msg"]
    assert host.path.read_text() == text


def test_a_file_on_which_libmultipath_crashes_is_refused(host, task):
    host.crashes = "polling_interval"
    for check in (True, False):
        failed = task(check=check, **TASK)
        assert "libmultipath refuses the whole configuration: multipath -t was ended by signal 11. Mend that line; nothing was changed." in failed["msg"]
    assert host.path.read_text() == BEFORE


def test_bad_line_in_conf_d_is_no_hindrance(host, task):
    path = host.path.parent / "conf.d" / "5.conf"
    bad = 'blacklist {\n\tdevnode "^sd["\n}\n'
    path.write_text(bad)
    told = task(path=str(path), validate=False, **TASK)
    assert told["changed"] and "5.conf line 2: blacklist devnode: it is ignored, since '^sd[' is no regular expression" in str(told["warnings"])
    assert path.read_text().startswith(bad)
    host.path.write_text(bad)
    assert "line 2: blacklist devnode: libmultipath refuses the whole configuration" in task(**TASK)["msg"]


def test_first_file_of_conf_d_makes_the_directory(host, task):
    directory = host.path.parent / "conf.d"
    directory.rmdir()
    path = directory / "5.conf"
    assert task(check=True, path=str(path), **TASK)["changed"]
    assert not directory.exists()
    task(path=str(path), **TASK)
    assert path.read_text() == "defaults {\n\tpolling_interval 7\n}\n"


@pytest.mark.parametrize("check", [True, False])
def test_no_directory(host, task, check):
    path = host.path.parent / "none" / "multipath.conf"
    assert f"there is no directory {path.parent}" in task(check=check, path=str(path), **TASK)["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_directory_in_place_of_the_file(host, task, check):
    os.unlink(host.path)
    host.path.mkdir()
    assert "cannot be read: Is a directory" in task(check=check, **TASK)["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_file_that_is_a_mount_point(host, task, monkeypatch, check):
    monkeypatch.setattr(_file, "_mount_of", str)
    assert f"{host.path}: is a mount point" in task(check=check, backup=True, **TASK)["msg"]
    assert [path.name for path in host.path.parent.glob(f"{host.path.name}*")] == [host.path.name] and host.path.read_text() == BEFORE


def test_file_that_cannot_be_replaced(host, task, monkeypatch):
    def read_only(**options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", read_only)
    result = task(validate=False, **TASK)
    assert f"{host.path}: cannot be written: Read-only file system" in result["msg"]
    assert host.path.read_text() == BEFORE


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(b"", id="nothing in it"),
        pytest.param(b"defaults {\n\tverbosity 2\n}", id="no line end at its end"),
        pytest.param(b"\xef\xbb\xbfdefaults {\r\n\tverbosity 2 # \xe9\r\n}\r\n", id="CRLF, byte order mark, no UTF-8"),
    ],
)
def test_bytes_of_the_file(host, task, before):
    host.path.write_bytes(before)
    task(blacklist=[{"wwid": "z"}])
    assert host.path.read_bytes().startswith(before)
    assert (b"\n}" in before) is (b"\n\nblacklist" in host.path.read_bytes().replace(b"\r", b""))
    assert task(state="absent", blacklist=[{"wwid": "z"}])["changed"]
    assert host.path.read_bytes() == before


def test_nothing_to_remove_makes_no_file(host, task):
    os.unlink(host.path)
    assert task(state="absent", multipaths=[{"wwid": "x"}])["changed"] is False
    assert not host.path.exists()


def test_file_on_which_libmultipath_hangs_can_be_mended(host, task):
    host.path.write_text("defaults {\n\tpolling_interval 7s\n}\n")
    host.hangs = "7s"
    assert task(**TASK)["changed"]
    assert host.path.read_text() == "defaults {\n\tpolling_interval 7\n}\n"
    host.hangs = "polling_interval 8"
    assert "does not end on it" in task(defaults={"polling_interval": 8})["msg"]
    assert host.path.read_text() == "defaults {\n\tpolling_interval 7\n}\n"


def test_file_that_libmultipath_refuses_can_be_mended(host, task):
    host.path.write_text('blacklist {\n\tdevnode "*"\n}\n')
    host.refuses = '"*"'
    assert f"{host.path} line 2: blacklist devnode: libmultipath refuses the whole configuration" in task(**TASK)["msg"]
    assert task(state="absent", blacklist=[{"devnode": "*"}])["changed"]
    assert host.path.read_text() == ""


def test_overrides_of_another_file_are_told(host, task):
    winner = host.path.parent / "conf.d" / "9.conf"
    winner.write_text("overrides {\n\tno_path_retry 9\n}\n")
    assert f"defaults.no_path_retry: {winner} line 2 has no_path_retry 9 in overrides" in str(task(defaults={"no_path_retry": 5})["warnings"])


def test_a_protocol_of_another_file_is_told(host, task):
    winner = host.path.parent / "conf.d" / "9.conf"
    winner.write_text("overrides {\n\tprotocol {\n\t\ttype scsi:iscsi\n\t\tfast_io_fail_tmo 9\n\t}\n}\n")
    said = f"overrides.fast_io_fail_tmo: {winner} line 4 has fast_io_fail_tmo 9 in overrides, which wins for paths of the protocol scsi:iscsi."
    assert said in task(overrides={"fast_io_fail_tmo": 5})["warnings"]


@pytest.mark.parametrize("name", ["1.conf", "9.conf"])
def test_an_alias_of_another_file_is_refused(host, task, name):
    other = host.path.parent / "conf.d" / name
    other.write_text("multipaths {\n\tmultipath {\n\t\twwid b\n\t\talias data\n\t}\n}\n")
    before = host.path.read_text()
    failed = task(multipaths=[{"wwid": "a", "alias": "data"}])
    assert f"data would be the alias of a and of b ({other})" in failed["msg"]
    assert host.path.read_text() == before
    assert task(multipaths=[{"wwid": "a", "alias": "logs"}])["changed"]


def test_a_stanza_beside_that_of_another_file_is_merged_and_told(host, task, monkeypatch):
    stanza = "multipaths {\n\tmultipath {\n\t\twwid a\n\t\talias data\n\t}\n}\n"
    other = host.path.parent / "conf.d" / "1.conf"
    other.write_text(stanza)
    said = "merge_mptable: duplicate multipath config section for a"
    judge = host.judge
    monkeypatch.setattr(host, "judge", lambda argv, text: replace(judge(argv, text), stderr=f"1.0 | {said}\n" if "wwid a" in text else ""))
    wanted = {"multipaths": [{"wwid": "a", "no_path_retry": 30}]}
    done = task(**wanted)
    told = f"multipaths[a]: {other} line 2 has a stanza for it as well. libmultipath merges the two."
    assert (done["changed"], done["warnings"]) == (True, [told, said])
    again = task(**wanted)
    assert (again["changed"], again["warnings"]) == (False, [])
    host.version = host.version.replace("0.9.4", "0.7.8")
    host.path.write_text(BEFORE)
    assert f"libmultipath refuses the edit: {said}" in task(**wanted)["msg"]


def test_an_alias_counts_as_the_last_file_has_it(host, task):
    """The WWID that had it is called otherwise by the file that is read later."""
    later = host.path.parent / "conf.d" / "9.conf"
    later.write_text("multipaths {\n\tmultipath {\n\t\twwid a\n\t\talias logs\n\t}\n\tmultipath {\n\t\twwid b\n\t\talias data\n\t}\n}\n")
    host.path.write_text("multipaths {\n\tmultipath {\n\t\twwid a\n\t\talias data\n\t}\n}\n")
    host.loaded = host.path.read_text()
    assert "msg" not in task(check=True, path=str(later), reload=False, multipaths=[{"wwid": "b", "alias": "data"}])


def test_what_wins_over_overrides_is_the_last_word(host, task):
    host.path.write_text("overrides {\n\tfast_io_fail_tmo 5\n}\n")
    later = host.path.parent / "conf.d" / "9.conf"
    later.write_text("overrides {\n\tfast_io_fail_tmo 30\n}\n")
    done = task(check=True, path=str(later), reload=False, defaults={"fast_io_fail_tmo": 30})
    assert not [text for text in done["warnings"] if "wins" in text]


def test_what_another_file_still_has_is_told(host, task):
    path = host.path.parent / "conf.d" / "5.conf"
    path.write_text(BEFORE)
    assert f"removed here, and still in {host.path} line 2" in str(task(path=str(path), defaults={"verbosity": None})["warnings"])


def test_link_in_conf_d_is_read(host, task):
    target = host.path.parent / "real"
    target.write_text(BEFORE)
    link = host.path.parent / "conf.d" / "5.conf"
    link.symlink_to(target)
    host.loaded = BEFORE
    # The fake knows one file.
    assert task(check=True, path=str(link), **TASK)["actions"] == [f"write {link}", "reload multipathd"]
    assert task(path=str(link), reload=False, backup=True, **TASK)["changed"]
    assert link.is_symlink() and target.read_text() == AFTER
    assert [name for name in os.listdir(link.parent) if ".conf" in name] == ["5.conf"]


def test_file_that_a_link_in_conf_d_leads_to_is_read(host, task):
    directory = host.path.parent / "conf.d"
    target = host.path.parent / "real"
    target.write_text(BEFORE)
    (directory / "5.conf").symlink_to(target)
    (directory / "9.conf").write_text(AFTER.replace("polling_interval 7", "polling_interval 8"))
    assert "9.conf line" in task(path=str(target), **TASK)["msg"]
    (directory / "9.conf").rename(directory / "1.conf")
    host.loaded = BEFORE
    assert task(check=True, path=str(target), **TASK)["actions"] == [f"write {target}", "reload multipathd"]
    assert task(path=str(target), reload=False, **TASK)["changed"]
    assert (directory / "5.conf").is_symlink() and not target.is_symlink() and target.read_text() == AFTER


@pytest.mark.parametrize("name", ["qsan", "qsan.txt", "qsan.conf.bak", "qsan.CONF", "9.confused"])
def test_a_file_of_conf_d_that_is_never_read_is_refused(host, task, name):
    path = host.path.parent / "conf.d" / name
    for options in ({}, {"check": True}, {"validate": False}):
        failed = task(path=str(path), **options, **TASK)
        assert f"{path}: its name has to end in .conf, or libmultipath does not read it in {path.parent}." in failed["msg"]
    assert os.listdir(path.parent) == []
    link = host.path.parent / "link"
    link.symlink_to(path)
    assert "has to end in .conf" in task(path=str(link), **TASK)["msg"]


def test_a_file_of_conf_d_that_a_link_there_names_is_read(host, task):
    directory = host.path.parent / "conf.d"
    (directory / "5.conf").symlink_to(directory / "base")
    assert task(path=str(directory / "base"), **TASK)["changed"]


@pytest.mark.parametrize(("version", "refused"), [("0.8.9", True), ("0.9.0", False)])
def test_the_directory_that_config_dir_names(host, task, version, refused):
    other = host.path.parent / "other"
    other.mkdir()
    host.version = VERSION.replace("0.9.4", version)
    host.path.write_text(f"defaults {{\n\tconfig_dir {other}\n}}\n")
    said = task(path=str(other / "qsan"), **TASK)
    assert ("has to end in .conf" in said["msg"]) if refused else said["changed"]
    assert task(path=str(other / "qsan.conf"), **TASK)["changed"]


def killed_at(step, call):
    """Do a call in a process of its own that is killed at that step of file work; False when it ended before."""
    child = os.fork()
    if child == 0:
        steps = itertools.count()

        def hook(event, arguments):
            if event in ("open", "os.rename", "os.chmod", "os.chown", "os.remove", "shutil.copyfile") and next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            call()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_any_step(host, task):
    path = host.path.parent / "conf.d" / "5.conf"
    seen = set()
    for step in itertools.count():
        path.write_text(BEFORE)
        killed = killed_at(step, lambda: task(path=str(path), backup=True, **TASK))
        seen.add(path.read_text())
        assert [name for name in os.listdir(path.parent) if ".conf" in name] == ["5.conf"]
        if not killed:
            break
    assert step > 5
    assert seen == {BEFORE, AFTER}


def test_symlink_stays(host, task):
    target = host.path.parent / "real"
    os.rename(host.path, target)
    host.path.symlink_to(target)
    task(**TASK)
    assert host.path.is_symlink() and target.read_text() == AFTER


def test_mode_stays(host, task):
    host.path.chmod(0o600)
    task(**TASK)
    assert host.path.stat().st_mode & 0o777 == 0o600


def test_absent_with_exclusive(task):
    assert "cannot be combined" in task(state="absent", exclusive=True, **TASK)["msg"]


def test_nothing_named(task):
    assert "one of the following is required" in task()["msg"]


@pytest.fixture
def mounted(host, san):
    """Mounts a map on /srv by a name that fstab has; returns its WWID."""

    def mount(name):
        wwid = "32033001378901d00"
        san.disk("sdb", wwid)
        san.make_dm(name, f"mpath-{wwid}")
        (san.root / "fstab").write_text(f"/dev/mapper/{name} /srv ext4 _netdev 0 0\n")
        (dm,) = (san.root / "sys/block").glob("dm-*")
        (san.root / "proc/self/mountinfo").write_text(f"21 1 {(dm / 'dev').read_text().strip()} / /srv rw - ext4 /dev/mapper/{name} rw\n")
        host.loaded = BEFORE
        return wwid

    return mount


@pytest.mark.parametrize(
    ("name", "conf", "options"),
    [
        ("mpatha", "defaults {\n\tuser_friendly_names yes\n}\n", {"defaults": {"user_friendly_names": "no"}}),
        ("32033001378901d00", "", {"overrides": {"user_friendly_names": True}}),
        ("qsan", "multipaths {\n\tmultipath {\n\t\twwid 32033001378901d00\n\t\talias qsan\n\t}\n}\n", {"multipaths": [], "exclusive": True}),
        ("mpatha", "defaults {\n\tuser_friendly_names yes\n}\n", {"multipaths": [{"wwid": "32033001378901d00", "alias": "data"}]}),
    ],
)
def test_an_edit_that_renames_what_fstab_mounts_is_refused(host, task, san, mounted, name, conf, options):
    mounted(name)
    host.path.write_text(conf)
    host.loaded = conf
    for check in (True, False):
        failed = task(check=check, **options)
        assert failed["failed"] and f"{name} is not renamed: it is mounted on /srv" in failed["msg"]
    assert (host.path.read_text(), host.commands) == (conf, [])
    (san.root / "fstab").write_text("")
    assert task(**options)["changed"]


def test_a_file_that_waits_for_its_reload_renames_nothing_in_use(host, task, san, mounted):
    wwid = mounted("mpatha")
    friendly = "defaults {\n\tuser_friendly_names yes\n}\n"
    host.path.write_text(friendly)
    host.loaded = friendly
    options = {"defaults": {"user_friendly_names": "no"}}
    told = task(reload=False, **options)
    assert told["changed"] and "mpatha gets another name when multipathd loads the files: it is mounted on /srv" in str(told["warnings"])
    # The same again, and any other edit, which is loaded with it.
    for again in (options, TASK):
        failed = task(**again)
        assert failed["failed"] and "mpatha is not renamed: it is mounted on /srv" in failed["msg"]
    assert (host.loaded, host.commands) == (friendly, [])
    san.rename_dm("dm-0", wwid)
    assert task(**options)["actions"] == ["reload multipathd"]


@pytest.mark.parametrize("options", [{"namespaces": False}, {"validate": False}])
def test_an_edit_that_was_not_tried_renames_nothing_in_use(host, task, mounted, options):
    wwid = mounted("mpatha")
    host.namespaces = options.pop("namespaces", True)
    failed = task(multipaths=[{"wwid": wwid, "alias": "data"}], **options)
    assert failed["failed"] and "mpatha is not renamed: it is mounted on /srv" in failed["msg"]


def test_an_edit_that_leaves_the_names_is_none_of_a_mount(task, mounted):
    mounted("mpatha")
    assert task(**TASK)["changed"]


BLACKLISTS = [
    {"blacklist": [{"devnode": "^sd"}]},
    {"blacklist": [{"wwid": "3[[:digit:]]"}]},
    {"blacklist": [{"device": {"vendor": "Qsan"}}]},
    {"blacklist": [{"protocol": "scsi:iscsi"}]},
    {"blacklist": [{"property": "^ID_SERIAL$"}]},
    {"blacklist_exceptions": [{"property": "ID_WWN"}]},
]


@pytest.mark.parametrize("options", BLACKLISTS)
def test_no_blacklist_for_a_map_in_use(host, task, san, mounted, options):
    mounted("qsan")
    san.hold("dm-0", "sdb")
    for check in (True, False):
        failed = task(check=check, **options)
        assert failed["failed"] and "qsan (sdb) is mounted on /srv, and would be blacklisted by " in failed["msg"]
    assert (host.path.read_text(), host.commands) == (BEFORE, [])
    told = task(reload=False, **options)
    assert told["changed"] and "qsan (sdb) is mounted on /srv" in str(told["warnings"])
    # Nothing else is loaded while that waits.
    assert "would be blacklisted" in task(**TASK)["msg"]


HALVES = {"blacklist": [{"device": {"vendor": "Qsan"}}, {"device": {"product": "^F"}}]}


def test_no_blacklist_that_is_listed_as_another(host, task, san, mounted):
    """multipath lists a device of a vendor alone and one of a product alone as one device."""
    mounted("qsan")
    san.hold("dm-0", "sdb")
    host.listed = lambda text: text.replace("\t\tvendor Qsan\n\t}\n\tdevice {\n", "\t\tvendor Qsan\n")
    failed = task(**HALVES)
    assert failed["failed"] and "would be blacklisted by blacklist[device,Qsan]" in failed["msg"]
    assert (host.path.read_text(), host.commands) == (BEFORE, [])
    # What multipathd has in force is one device still, though the files, which wait for a reload, have two by now.
    one = "blacklist {\n\tdevice {\n\t\tvendor Qsan\n\t\tproduct ^F\n\t}\n}\n"
    host.path.write_text(one)
    host.loaded = one
    assert "would be blacklisted" in str(task(reload=False, **HALVES)["warnings"])
    assert "would be blacklisted" in task(**TASK)["msg"]
    # Once it is in force it is no news.
    host.loaded = host.path.read_text()
    assert task(**TASK)["changed"]


@pytest.mark.parametrize("options", BLACKLISTS)
def test_a_blacklist_for_an_idle_map_is_told(host, task, san, mounted, options):
    mounted("qsan")
    san.hold("dm-0", "sdb")
    (san.root / "proc/self/mountinfo").write_text("")
    done = task(**options)
    assert done["changed"] and "qsan (sdb) is blacklisted by" in str(done["warnings"])
    assert host.commands == ["reconfigure"]


@pytest.mark.parametrize(
    "options",
    [
        {"blacklist": [{"devnode": "^sda$"}], "blacklist_exceptions": [{"property": "ID_SERIAL"}]},
        {"blacklist": [{"wwid": "!^3"}, {"device": {"vendor": "Qsan", "product": "^F"}}, {"protocol": "scsi:fcp"}]},
        {"blacklist": [{"wwid": ".*"}], "blacklist_exceptions": [{"wwid": "^32033"}]},
    ],
)
def test_a_blacklist_for_others_is_none_of_a_map(host, task, san, mounted, options):
    mounted("qsan")
    san.hold("dm-0", "sdb")
    done = task(**options)
    assert done["changed"] and done["warnings"] == []


def test_a_blacklist_that_was_in_force_is_no_news(host, task, san, mounted):
    mounted("qsan")
    san.hold("dm-0", "sdb")
    text = 'blacklist {\n\tdevnode "^sd"\n}\n'
    host.path.write_text(text)
    host.loaded = text
    assert task(blacklist=[{"devnode": "^nvme"}])["changed"]


def test_no_edit_is_lost_to_another_one(host, task, monkeypatch):
    """A second run comes while the first one tries its edit; the first one's file is written after that."""
    monkeypatch.setattr(_turn, "TURN_SECONDS", 0)
    judge, second = host.judge, []

    def judge_late(argv, text):
        if "polling_interval" in text and not second:
            second.append(None)
            second[0] = task(blacklist=[{"wwid": "36001"}])
        return judge(argv, text)

    host.judge = judge_late
    assert task(**TASK)["changed"]
    assert "another run holds the files of multipath" in second[0]["msg"]
    assert task(blacklist=[{"wwid": "36001"}])["changed"]
    assert "polling_interval 7" in host.path.read_text() and "wwid 36001" in host.path.read_text()


@pytest.mark.usefixtures("held")
def test_a_prediction_waits_for_nobody(task):
    assert task(check=True, **TASK)["changed"]
