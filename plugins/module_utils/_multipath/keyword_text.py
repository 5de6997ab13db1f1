# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keywords of multipath.conf: what each takes, where it stands, and which releases read it.

Sources: the keyword tables of multipath-tools 0.6.0 to 0.14.3 (libmultipath/dict.c) and multipath.conf(5).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Dict, Mapping, Optional, Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

Release = Tuple[int, ...]
# The oldest parser whose behaviour is modelled. Older ones lose sections and values that newer ones keep.
OLDEST: Release = (0, 6, 0)

# kind of value (a name of value_text), blocks, keywords. Blocks: D defaults, d devices/device, o overrides,
# m multipaths/multipath, p overrides/protocol. A keyword that came after 0.6.0 has its first release behind a colon.
_VALUES = (
    ("yes_no", "Ddom", "user_friendly_names deferred_remove skip_kpartx:0.6.4 purge_disconnected:0.14.0"),
    ("yes_no", "Ddo", "all_tg_pt:0.7.8 detect_checker:0.7.0 detect_pgpolicy:0.9.6 detect_pgpolicy_use_tpg:0.9.6"),
    ("yes_no", "Ddo", "detect_prio recheck_wwid:0.8.6 retain_attached_hw_handler"),
    ("yes_no", "D", "reassign_maps queue_without_daemon allow_usb_devices:0.8.5 force_sync strict_timing:0.6.1"),
    ("find_multipaths", "D", "find_multipaths"),
    ("count", "D", "checker_timeout retrigger_tries retrigger_delay missing_uev_wait_timeout remove_retries:0.7.0"),
    ("count", "D", "uxsock_timeout"),
    ("count", "Ddom", "rr_min_io rr_min_io_rq"),
    ("kilobytes", "Ddom", "max_sectors_kb:0.7.0"),
    ("interval", "D", "polling_interval"),
    ("seconds", "D", "max_polling_interval"),
    ("integer", "D", "find_multipaths_timeout:0.7.7"),
    ("verbosity", "D", "verbosity"),
    ("max_fds", "D", "max_fds"),
    ("failback", "Ddom", "failback"),
    ("no_path_retry", "Ddom", "no_path_retry"),
    ("off_or_seconds", "Ddop", "fast_io_fail_tmo eh_deadline:0.8.6"),
    ("dev_loss_tmo", "Ddop", "dev_loss_tmo"),
    ("max_retries", "D", "max_retries:0.9.7"),
    ("no_or_count", "Ddom", "delay_watch_checks delay_wait_checks ghost_delay:0.7.5"),
    ("no_or_count", "Ddom", "san_path_err_threshold:0.8.0 san_path_err_forget_rate:0.8.0 san_path_err_recovery_time:0.8.0"),
    ("no_or_count", "Ddom", "marginal_path_err_sample_time:0.7.4 marginal_path_err_rate_threshold:0.7.4"),
    ("no_or_count", "Ddom", "marginal_path_err_recheck_gap_time:0.7.4 marginal_path_double_failed_time:0.7.4"),
    ("marginal_pathgroups", "D", "marginal_pathgroups:0.8.3"),
    ("path_grouping_policy", "Ddom", "path_grouping_policy"),
    ("rr_weight", "Ddom", "rr_weight"),
    ("flush_on_last_del", "Ddom", "flush_on_last_del"),
    ("log_checker_err", "D", "log_checker_err"),
    ("auto_resize", "D", "auto_resize:0.9.7"),
    ("path_selector", "Ddom", "path_selector"),
    ("counted", "Ddom", "features"),
    ("counted", "d", "hardware_handler"),
    ("prio", "Ddom", "prio"),
    ("checker", "Ddo", "path_checker checker"),
    ("word", "Ddo", "uid_attribute getuid_callout"),
    ("text", "Ddom", "prio_args"),
    ("text", "D", "uid_attrs:0.7.0 enable_foreign:0.8.3 multipath_dir config_dir bindings_file wwids_file"),
    ("text", "D", "prkeys_file:0.7.3 disable_changed_wwids:0.6.4"),
    ("text", "Ddm", "pg_timeout"),
    ("name", "Ddo", "alias_prefix"),
    ("name", "D", "partition_delimiter"),
    ("name", "m", "alias"),
    ("reservation_key", "Dm", "reservation_key"),
    ("mode", "Dm", "mode"),
    ("owner", "Dm", "uid"),
    ("group", "Dm", "gid"),
    ("identity", "m", "wwid"),
    ("pattern", "d", "vendor product revision"),
    ("regex", "d", "product_blacklist"),
    ("vpd_vendor", "d", "vpd_vendor:0.8.4"),
    ("protocol_type", "p", "type:0.9.0"),
    ("word", "D", "default_uid_attribute default_getuid_callout"),
    ("checker", "D", "default_path_checker"),
    ("path_selector", "D", "default_selector"),
    ("path_grouping_policy", "D", "default_path_grouping_policy"),
    ("counted", "D", "default_features"),
)
# Read and not acted on since that release, and what does it now.
_IGNORED = {
    "getuid_callout": ((0, 9, 0), "uid_attribute"),
    "config_dir": ((0, 9, 0), "files in /etc/multipath/conf.d"),
    "multipath_dir": ((0, 9, 0), ""),
    "disable_changed_wwids": ((0, 9, 6), ""),
    "bindings_file": ((0, 9, 7), "/etc/multipath/bindings"),
    "wwids_file": ((0, 9, 7), "/etc/multipath/wwids"),
    "prkeys_file": ((0, 9, 7), "/etc/multipath/prkeys"),
    "pg_timeout": ((0, 6, 0), ""),
}
# Not known any more since that release.
_DROPPED = {
    "default_selector": ((0, 9, 0), "path_selector"),
    "default_path_grouping_policy": ((0, 9, 0), "path_grouping_policy"),
    "default_uid_attribute": ((0, 9, 0), "uid_attribute"),
    "default_getuid_callout": ((0, 9, 0), "uid_attribute"),
    "default_features": ((0, 9, 0), "features"),
    "default_path_checker": ((0, 9, 0), "path_checker"),
}
# Known to no release that is modelled; their names still stand in files and in recipes.
_BEFORE = {
    "selector": "path_selector",
    "udev_dir": "",
    "prio_callout": "prio",
    "default_prio_callout": "prio",
    "devnode_blacklist": "blacklist",
}
# Two keywords that set one value: the later line wins, whichever name it has.
_SAME = {
    "checker": "path_checker",
    "default_selector": "path_selector",
    "default_path_grouping_policy": "path_grouping_policy",
    "default_uid_attribute": "uid_attribute",
    "default_getuid_callout": "getuid_callout",
    "default_features": "features",
    "default_path_checker": "path_checker",
}


@dataclass(frozen=True)
class Keyword:
    """One keyword of one block.

    kind: the type of its value, a name of value_text. since: the first release that reads it; until: the first that
    does not know it; ignored: the first that knows it and does not act on it; None: always, never, never.
    instead: what does its work in newer releases. repeatable: may stand several times in its block.
    sub: the keywords of the block it opens, None for a value. counts_as: the keyword whose value it sets.
    """

    name: str
    kind: str = "text"
    since: Optional[Release] = None
    until: Optional[Release] = None
    ignored: Optional[Release] = None
    instead: str = ""
    repeatable: bool = False
    sub: Optional[Mapping[str, Keyword]] = None
    counts_as: str = ""

    def known_to(self, release):
        """Whether a release (None: the newest) knows this keyword."""
        if release is None:
            return self.until is None
        return (self.since or OLDEST) <= release and (self.until is None or release < self.until)

    def ignored_by(self, release):
        """Whether a release (None: the newest) knows this keyword and does not act on it."""
        return self.ignored is not None and (release is None or self.ignored <= release)


@dataclass(frozen=True)
class Keywords:
    """The keyword tree of one release. release: None when it is not known, the tree is that of the newest then."""

    release: Optional[Release]
    root: Mapping[str, Keyword]

    def known(self, path):
        """The Keyword at a path such as ("devices", "device", "vendor"), or None when this release does not know it."""
        return _at(self.root, path)

    def check(self, path):
        """The Keyword at a path. Raises SanError: since when or until when it exists, what replaces it, or the nearest."""
        keyword = self.known(path)
        where = " ".join(path)
        if keyword is None:
            raise SanError(f"{where}: {self._why_unknown(path)}")
        if keyword.ignored_by(self.release):
            instead = f" Use {keyword.instead} instead." if keyword.instead else " Leave it out."
            raise SanError(f"{where}: multipath-tools ignore it since {dotted(keyword.ignored)}.{instead}")
        return keyword

    def _why_unknown(self, path):
        name = path[-1]
        ever = _at(EVERY, path)
        here = f"multipath-tools {dotted(self.release)}" if self.release else "multipath-tools"
        if ever is not None and ever.until is not None:
            return f"known until {dotted(ever.until)}, not to {here}. Use {ever.instead} instead."
        if ever is not None:
            return f"known since {dotted(ever.since)}, not to {here}. Leave it out on this host or upgrade multipath-tools."
        if name in _BEFORE:
            return f"not known since 0.6.0.{' Use ' + _BEFORE[name] + ' instead.' if _BEFORE[name] else ' Leave it out.'}"
        places = sorted(" ".join(other[:-1]) for other in all_paths() if other[-1] == name)
        if places:
            return f"no keyword of this section, but of {', '.join(places)}. Put it there."
        level = _at(self.root, path[:-1])
        near = difflib.get_close_matches(name, level.sub if level and level.sub else self.root, 1)
        return f"no keyword of multipath.conf.{' Did you mean ' + near[0] + '?' if near else ''}"


def keyword_tree(release=None, backported=frozenset()):
    """The Keywords of a release, (0, 9, 4) for 0.9.4; backported: paths that a distribution's build reads besides."""
    return Keywords(release, _filtered(EVERY, release, backported, ()))


def canonical(name):
    """The name under which a keyword's value counts: path_checker for checker."""
    return _SAME.get(name, name)


def newer_than(release):
    """The paths of all keywords that came after a release: what a distribution may have backported to it."""
    if release is None:
        return ()
    return tuple(path for path in all_paths() if (_at(EVERY, path).since or OLDEST) > release)


def was_ever(path):
    """Whether any release knows a keyword at a path."""
    return _at(EVERY, path) is not None


def all_paths():
    """The path of every keyword of every release."""
    return tuple(_paths(EVERY, ()))


def dotted(release):
    """0.9.4 for (0, 9, 4)."""
    return ".".join(str(part) for part in release)


def _paths(level, above):
    for name, keyword in level.items():
        yield (*above, name)
        if keyword.sub is not None:
            yield from _paths(keyword.sub, (*above, name))


def _at(level, path):
    keyword = None
    for name in path:
        keyword = level.get(name) if level is not None else None
        if keyword is None:
            return None
        level = keyword.sub
    return keyword


def _filtered(level, release, backported, above):
    kept: Dict[str, Keyword] = {}
    for name, keyword in level.items():
        path = (*above, name)
        if not keyword.known_to(release) and path not in backported:
            continue
        if keyword.sub is not None:
            keyword = replace(keyword, sub=_filtered(keyword.sub, release, backported, path))
        kept[name] = keyword
    return MappingProxyType(kept)


def _release(text):
    return tuple(int(part) for part in text.split(".")) if text else None


def _values(block):
    level: Dict[str, Keyword] = {}
    for kind, blocks, names in _VALUES:
        for entry in names.split() if block in blocks else ():
            name, first = entry.partition(":")[::2]
            ignored, for_ignored = _IGNORED.get(name, (None, ""))
            until, for_dropped = _DROPPED.get(name, (None, ""))
            since = _release(first)
            if block == "p":
                since = (0, 9, 0)
            level[name] = Keyword(name, kind, since, until, ignored, for_ignored or for_dropped, counts_as=canonical(name))
    return level


def _list_of(*entries):
    return {entry.name: replace(entry, repeatable=True, counts_as=entry.name) for entry in entries}


def _block(name, sub, since=None):
    return Keyword(name, "block", since, sub=MappingProxyType(sub), counts_as=name)


def _every():
    identity = {name: Keyword(name, "regex", counts_as=name) for name in ("vendor", "product")}
    black = _list_of(
        Keyword("devnode", "regex"),
        Keyword("wwid", "regex"),
        Keyword("property", "regex"),
        Keyword("protocol", "regex", (0, 7, 8)),
        _block("device", identity),
    )
    overrides = {**_values("o"), **_list_of(_block("protocol", _values("p"), (0, 9, 0)))}
    sections = (
        _block("defaults", _values("D")),
        _block("blacklist", black),
        _block("blacklist_exceptions", black),
        _block("devices", _list_of(_block("device", _values("d")))),
        _block("overrides", overrides),
        _block("multipaths", _list_of(_block("multipath", _values("m")))),
    )
    return MappingProxyType({section.name: section for section in sections})


EVERY: Mapping[str, Keyword] = _every()
