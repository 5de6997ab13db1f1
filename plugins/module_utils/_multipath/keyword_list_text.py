# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keywords of multipath.conf as lists: what each takes, where it stands, and which releases read it.

Sources: the keyword tables of multipath-tools 0.6.0 to 0.14.3 (libmultipath/dict.c) and multipath.conf(5).
"""

from __future__ import annotations

from typing import Tuple

Release = Tuple[int, ...]
# The oldest parser whose behaviour is modelled. Older ones lose sections and values that newer ones keep.
OLDEST: Release = (0, 6, 0)

# kind of value (a name of value_text), blocks, keywords. Blocks: D defaults, d devices/device, o overrides,
# m multipaths/multipath, p overrides/protocol. A keyword that came after 0.6.0 has its first release behind a colon.
VALUES = (
    ("yes_no", "Ddom", "user_friendly_names deferred_remove skip_kpartx:0.6.4 purge_disconnected:0.14.0"),
    ("yes_no", "Ddo", "all_tg_pt:0.7.8 detect_checker:0.7.0 detect_pgpolicy:0.9.6 detect_pgpolicy_use_tpg:0.9.6"),
    ("yes_no", "Ddo", "detect_prio recheck_wwid:0.8.6 retain_attached_hw_handler"),
    ("yes_no", "D", "reassign_maps queue_without_daemon allow_usb_devices:0.8.5 force_sync strict_timing:0.6.1"),
    ("find_multipaths", "D", "find_multipaths"),
    ("count", "D", "retrigger_tries retrigger_delay missing_uev_wait_timeout remove_retries:0.7.0"),
    ("milliseconds", "D", "uxsock_timeout"),
    ("positive", "D", "checker_timeout"),
    ("positive", "Ddom", "rr_min_io rr_min_io_rq"),
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
    ("no_or_count", "Ddom", "san_path_err_threshold:0.7.0 san_path_err_forget_rate:0.7.0 san_path_err_recovery_time:0.7.0"),
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
    ("property", "Ddo", "uid_attribute"),
    ("text", "Ddo", "getuid_callout"),
    ("text", "Ddom", "prio_args"),
    ("text", "D", "enable_foreign:0.8.3 disable_changed_wwids:0.6.4"),
    ("uid_attrs", "D", "uid_attrs:0.7.0"),
    ("path", "D", "multipath_dir config_dir bindings_file wwids_file prkeys_file:0.7.3"),
    ("text", "Ddm", "pg_timeout"),
    ("infix", "Ddo", "alias_prefix"),
    ("infix", "D", "partition_delimiter"),
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
    ("property", "D", "default_uid_attribute"),
    ("text", "D", "default_getuid_callout"),
    ("checker", "D", "default_path_checker"),
    ("path_selector", "D", "default_selector"),
    ("path_grouping_policy", "D", "default_path_grouping_policy"),
    ("counted", "D", "default_features"),
)
# Read and not acted on since that release, and what does it now.
IGNORED = {
    "getuid_callout": ((0, 9, 0), "uid_attribute"),
    "config_dir": ((0, 9, 0), "files in /etc/multipath/conf.d"),
    "multipath_dir": ((0, 9, 0), ""),
    "disable_changed_wwids": ((0, 9, 6), ""),
    "bindings_file": ((0, 9, 7), "/etc/multipath/bindings"),
    "wwids_file": ((0, 9, 7), "/etc/multipath/wwids"),
    "prkeys_file": ((0, 9, 7), "/etc/multipath/prkeys"),
    "pg_timeout": ((0, 6, 0), ""),
    "rr_min_io": ((0, 15, 0), ""),
    "rr_min_io_rq": ((0, 15, 0), ""),
    "rr_weight": ((0, 15, 0), ""),
}
# Not known any more since that release.
DROPPED = {
    "default_selector": ((0, 9, 0), "path_selector"),
    "default_path_grouping_policy": ((0, 9, 0), "path_grouping_policy"),
    "default_uid_attribute": ((0, 9, 0), "uid_attribute"),
    "default_getuid_callout": ((0, 9, 0), "uid_attribute"),
    "default_features": ((0, 9, 0), "features"),
    "default_path_checker": ((0, 9, 0), "path_checker"),
}
# Not known from that release to before the other.
GAPS = dict.fromkeys(("san_path_err_threshold", "san_path_err_forget_rate", "san_path_err_recovery_time"), ((0, 7, 4), (0, 8, 0)))
# Known to no release that is modelled; their names still stand in files and in recipes.
BEFORE = {
    "selector": "path_selector",
    "udev_dir": "",
    "prio_callout": "prio",
    "default_prio_callout": "prio",
    "devnode_blacklist": "blacklist",
}
# Two keywords that set one value: the later line wins, whichever name it has.
SAME = {
    "checker": "path_checker",
    "default_selector": "path_selector",
    "default_path_grouping_policy": "path_grouping_policy",
    "default_uid_attribute": "uid_attribute",
    "default_getuid_callout": "getuid_callout",
    "default_features": "features",
    "default_path_checker": "path_checker",
}
