# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new multipath.conf put to use: tried by the installed libmultipath, written, loaded by multipathd, and verified.

For modules that edit the file:

    host = read_host(module)                                    # installed release, its keywords, whether multipathd runs
    old = read_text(path)
    edit = edit_conf(parse_conf(old or "", path, host.keywords, is_drop_in(path)), wanted)
    trial = try_conf(module, host, path, old, edit, validate)   # changes nothing; raises when refused
    if not module.check_mode:
        further_results = apply_conf(module, host, trial, reload, backup)
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils import _command
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import check_not_mounted, mode_of, read_text, write_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_files_tool import back_up, check_place, make_place, read_others, texts_read
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Edit
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import merged_settings, merges_multipaths
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keywords, keyword_tree, newer_than
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import Hangs, Multipath, NoNamespace, is_read
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipathd_tool import BUSY_SECONDS, Multipathd
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import Verdict
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verify_plan import (
    check_aliases,
    check_winners,
    doubled,
    outdated,
    overridden,
    still_set,
    unmet,
)
from ansible_collections.linuxsan.host.plugins.module_utils._plan import Step, text_diff
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until_none

# From this release on a keyword that is not known is told.
SAYS_UNKNOWN = (0, 7, 0)
VERIFY_SECONDS = 20


@dataclass(frozen=True)
class Software:
    """What is installed. release: None without multipath; running: multipathd is."""

    release: Optional[Tuple[int, ...]]
    keywords: Keywords
    running: bool
    multipath: Multipath
    multipathd: Multipathd


@dataclass(frozen=True)
class Trial:
    """An edit that was judged. before, verdict: of libmultipath on the old and the new text, None when it was not asked.

    steps: of the file, none when it stays as it is; stale: named keys that multipathd has not loaded.
    untested: why the new text could not be tried, and what a real run does then.
    """

    path: str
    old: Optional[str]
    edit: Edit
    validate: bool
    warnings: Tuple[str, ...] = ()
    before: Optional[Verdict] = None
    verdict: Optional[Verdict] = None
    stale: Tuple[str, ...] = ()
    untested: str = ""

    @property
    def steps(self):
        """What is done to the file."""
        return (Step("write", self.path),) if self.edit.text != (self.old or "") else ()

    @property
    def diff(self):
        """The diff of the file."""
        return text_diff(self.path, self.old, self.edit.text)

    @property
    def diffs(self):
        """The diff of the file when it changes."""
        return [self.diff] if self.steps else []


def read_host(module, run=_command.run):
    """The Software of this host. Keywords newer than its release are asked of the build when the file or the task has them."""
    multipath = Multipath(run)
    release = multipath.version()
    mentioned = "".join((read_text(module.params["path"]) or "", repr(module.params), *texts_read(keyword_tree(release))))
    asked = [path for path in newer_than(release) if path[-1] in mentioned] if release and release >= SAYS_UNKNOWN else []
    backported = multipath.backported(_with_blocks(asked)) if asked else frozenset()
    multipathd = Multipathd(run, patience=module.params.get("timeout", BUSY_SECONDS))
    return Software(release, keyword_tree(release, backported), release is not None and multipathd.running(), multipath, multipathd)


def try_conf(module, host, path, old, edit, validate):
    """The Trial of an Edit of the file at path, old its text or None. Raises SanError when it is refused; changes nothing."""
    check_place(path, host.keywords)
    others = read_others(path, edit.text, host.keywords)
    check_winners(edit.wanted, others.later)
    table = merged_settings((*others.earlier, edit.conf, *others.later))
    check_aliases(edit.wanted, table)
    beside = merged_settings((*others.earlier, *others.later))
    told = (*edit.warnings, *overridden(edit.wanted, table), *still_set(edit.wanted, beside), *doubled(edit, beside, host.release))
    trial = Trial(path, old, edit, validate, tuple(dict.fromkeys(told)))
    if trial.steps:
        check_not_mounted(path)
    untried = replace(trial, warnings=(*trial.warnings, *edit.complaints))
    if not validate:
        return untried
    if host.release is None:
        words = f"{path}: not tried, because multipath is not installed here."
        return replace(untried, untested=words, warnings=(*untried.warnings, words)) if trial.steps else untried
    try:
        if not trial.steps:
            verdict = host.multipath.test_conf(path, None if is_read(path) else old or "")
            _check_accepted(path, verdict)
            return replace(trial, verdict=verdict, before=verdict, stale=_stale(host, edit, verdict, path))
        before = _verdict_before(host, path, old)
        verdict = host.multipath.test_conf(path, edit.text)
    except NoNamespace as error:
        # Then it is tried in its place, and the old file put back when it is refused.
        return replace(untried, untested=str(error), warnings=(*untried.warnings, str(error)))
    warnings = _judge(trial, before, verdict, host)
    return replace(trial, before=before, verdict=verdict, warnings=tuple(dict.fromkeys((*trial.warnings, *warnings))))


def apply_conf(module, host, trial, reload, backup):
    """Write what was tried and let multipathd load it. Returns further keys of the result: backup_file, and new warnings."""
    if trial.steps and trial.validate and host.release is None:
        raise SanError(f"{trial.untested} Install multipath-tools (device-mapper-multipath on Red Hat), or set validate to false.")
    result = {}
    if trial.steps:
        if backup and trial.old is not None:
            result["backup_file"] = back_up(module, trial.path)
        in_place = trial.validate and trial.verdict is None and is_read(trial.path)
        before = _verdict_before(host, trial.path, trial.old) if in_place else None
        make_place(trial.path)
        write_text(module, trial.path, trial.edit.text, mode_of(trial.path, 0o644))
        if in_place:
            _test_in_place(module, host, trial, before)
    if reload and host.running and is_read(trial.path) and (trial.steps or trial.stale):
        _reload(host, trial)
    return result


def reload_steps(host, trial, reload):
    """The step of the daemon that apply_conf does."""
    needed = reload and host.running and is_read(trial.path) and (trial.steps or trial.stale)
    return (Step("reload", "multipathd"),) if needed else ()


def _with_blocks(paths):
    """Paths and the blocks they stand in, where those are newer themselves."""
    return tuple(dict.fromkeys(path[:length] for path in paths for length in range(2, len(path) + 1)))


def _judge(trial, before, verdict, host):
    """The complaints that stay, as warnings. before: the Verdict without the edit, or None. Raises SanError when the edit is refused."""
    path, wanted = trial.path, trial.edit.wanted
    _check_accepted(path, verdict, *([before] if before else []))
    fresh = verdict.new_against(before, merges_multipaths(host.release)) if before else ()
    if fresh:
        raise SanError(f"{path}: libmultipath refuses the edit: {'; '.join(fresh)}. Mend the value or keyword; nothing was changed.")
    errors, warnings = unmet(wanted, verdict.effective, before.effective if before else "", host.keywords, trial.old is None)
    if errors:
        raise SanError(f"{path}: the edit would not be in force: {' '.join(errors)} Look at what else sets it; nothing was changed.")
    return (*warnings, *verdict.complaints)


def _check_accepted(path, *verdicts):
    """Raises SanError when the first Verdict is a refusal, with its words, or those of the others when it has none."""
    if not verdicts[0].accepted:
        said = next((verdict.complaints for verdict in verdicts if verdict.complaints), ("multipath -t failed without a word",))
        raise SanError(f"{path}: libmultipath refuses the whole configuration: {'; '.join(said)}. Mend that line; nothing was changed.")


def _verdict_before(host, path, old):
    """The Verdict on the old text, None when libmultipath hangs on it: then it is there to be mended."""
    try:
        return host.multipath.test_conf(path, None if is_read(path) else old or "")
    except Hangs:
        return None


def _test_in_place(module, host, trial, before):
    """The way without a mount namespace: the new file is in its place already, and leaves it again when it is refused."""
    try:
        verdict = host.multipath.test_conf(trial.path)
        _judge(trial, before, verdict, host)
    except SanError:
        if trial.old is None:
            os.unlink(os.path.realpath(trial.path))
        else:
            write_text(module, trial.path, trial.old, mode_of(trial.path, 0o644))
        raise


def _reload(host, trial):
    # One that libmultipath refuses ends multipathd since 0.8.8, and with it what repairs paths.
    verdict = host.multipath.test_conf()
    if not verdict.accepted:
        raise SanError(f"{trial.path}: written, not loaded: libmultipath refuses it: {'; '.join(verdict.complaints)}. Mend it before multipathd restarts.")
    host.multipathd.reconfigure()
    # It answers before the new configuration is in force.
    left = wait_until_none(lambda: _stale(host, trial.edit, verdict, trial.path), VERIFY_SECONDS, 0.2)
    if left:
        host.multipathd.check_running()
        raise SanError(f"multipathd: still has other values in force for {', '.join(left[:5])}. Look at journalctl -u multipathd.")


def _stale(host, edit, verdict, path):
    if not host.running or not is_read(path):
        return ()
    return outdated(edit.wanted, verdict.effective, host.multipathd.show_config(), host.keywords)
