# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of values of multipath.conf, and what a release takes a text for.

Sources: libmultipath/dict.c of 0.6.0 to 0.14.3, multipath.conf(5), and what the parsers of those releases do.
"""

from __future__ import annotations

import re

INT_MAX = 2**31 - 1
UINT_MAX = 2**32 - 1
# Builds of Red Hat on these releases judge values as upstream does later.
RED_HAT = ((0, 8, 4), (0, 8, 7))

NEVER_CHECKED = "4294967294"

# kind: each value that it takes, with what it means; a value that another one stands for means the same as that one.
CHOICES = {
    "yes_no": {"yes": "yes", "1": "yes", "no": "no", "0": "no"},
    "find_multipaths": {
        **{"yes": "on", "1": "on", "on": "on", "no": "off", "0": "off", "off": "off"},
        **{"strict": "strict", "greedy": "greedy", "smart": "smart"},
    },
    "marginal_pathgroups": {"on": "on", "yes": "on", "1": "on", "off": "off", "no": "off", "0": "off", "fpin": "fpin"},
    "rr_weight": {"uniform": "uniform", "priorities": "priorities"},
    "log_checker_err": {"once": "once", "always": "always"},
    "auto_resize": {"never": "never", "grow_only": "grow_only", "grow_shrink": "grow_shrink"},
    "flush_on_last_del": {
        **{"yes": "always", "1": "always", "always": "always", "no": "unused", "0": "unused", "unused": "unused"},
        "never": "never",
    },
    "path_grouping_policy": {name: name for name in ("failover", "multibus", "group_by_serial", "group_by_prio", "group_by_node_name", "group_by_tpg")},
    "vpd_vendor": {"hp3par": "hp3par"},
}
# kind: what it takes besides a number of the range, with the number or word that means the same.
NUMBERS = {
    "count": ({}, 0, INT_MAX),
    "milliseconds": ({}, 4000, INT_MAX),
    "positive": ({}, 1, INT_MAX),
    "kilobytes": ({}, 1, INT_MAX),
    "interval": ({}, 1, UINT_MAX),
    "seconds": ({}, 1, UINT_MAX),
    "integer": ({}, -INT_MAX, INT_MAX),
    "verbosity": ({}, 0, 6),
    "max_fds": ({"max": "max"}, 1, INT_MAX),
    "failback": ({"immediate": "immediate", "manual": "manual", "followover": "followover"}, 1, INT_MAX),
    "no_path_retry": ({"fail": "0", "0": "0", "queue": "queue"}, 1, INT_MAX),
    "off_or_seconds": ({"off": "off", "0": "0"}, 1, INT_MAX),
    "dev_loss_tmo": ({"infinity": str(UINT_MAX)}, 1, UINT_MAX),
    "max_retries": ({"off": "off"}, 0, 5),
    "no_or_count": ({"no": "no", "0": "no"}, 1, INT_MAX),
}
# Names of plug-ins that multipath-tools bring, or Linux (path_selector, drivers/md/dm-ps-*.c); libmultipath takes any name, and looks for the plug-in
# later.
PLUG_INS = {
    "prio": frozenset(["alua", "const", "datacore", "emc", "hds", "hp_sw", "iet", "ontap", "random", "rdac", "weightedpath", "sysfs", "path_latency", "ana"]),
    "checker": frozenset(["tur", "directio", "hp_sw", "rdac", "emc_clariion", "readsector0", "cciss_tur", "none"]),
    "path_selector": frozenset(["round-robin", "queue-length", "service-time", "historical-service-time", "io-affinity"]),
}
# Those that are read as nothing but a number.
INTEGERS = ("count", "positive", "milliseconds", "kilobytes", "interval", "seconds", "integer", "verbosity")
# 0 stands for not set, in every release (FAILBACK_UNDEF and its like in libmultipath/structs.h).
_ZERO_UNSETS = ("positive", "kilobytes", "failback")
# (kind, value): the first release that takes it, where that is not as old as the keyword.
LATER = {
    ("find_multipaths", "on"): (0, 7, 7),
    ("find_multipaths", "off"): (0, 7, 7),
    ("find_multipaths", "strict"): (0, 7, 7),
    ("find_multipaths", "greedy"): (0, 7, 7),
    ("find_multipaths", "smart"): (0, 7, 7),
    ("path_grouping_policy", "group_by_tpg"): (0, 9, 6),
    ("marginal_pathgroups", "fpin"): (0, 9, 0),
    ("flush_on_last_del", "always"): (0, 9, 9),
    ("flush_on_last_del", "unused"): (0, 9, 9),
    ("flush_on_last_del", "never"): (0, 9, 9),
    ("marginal_pathgroups", "on"): (0, 9, 0),
    ("marginal_pathgroups", "off"): (0, 9, 0),
    # The WWID is read from sysfs then; before, there is none.
    ("property", ""): (0, 8, 2),
}
# kind: the words of older releases for the newer ones of LATER.
_EARLIER = {
    "find_multipaths": {"on": "yes", "off": "no"},
    "flush_on_last_del": {"always": "yes", "unused": "no"},
    "marginal_pathgroups": {"on": "yes", "off": "no"},
}
# From then on the words of _EARLIER are complained about.
_PREFERS_LATER = {"flush_on_last_del": (0, 9, 9)}
_SCSI = "fcp spi ssa sbp srp iscsi sas adt ata usb unspec"
_NVME = "pcie rdma fc tcp loop apple-nvme unspec"
PROTOCOLS = frozenset(["ccw", "cciss", "undef", *(f"scsi:{name}" for name in _SCSI.split()), *(f"nvme:{name}" for name in _NVME.split())])

_INTEGER = re.compile(r"[ \t\v\f]*[+-]?[0-9]+[ \t\v\f]*\Z")
_UNSIGNED = re.compile(r"[ \t\v\f]*[0-9]+[ \t\v\f]*\Z")
_LEADING_NUMBER = re.compile(r"[ \t]*[+-]?[0-9]+")
_COUNT = re.compile(r"[0-9]+\Z")
_OCTAL = re.compile(r"[ \t]*0*([0-7]{1,3})(?![0-7])")


def meaning(kind, text):
    """What libmultipath takes a right value for: equal for yes and 1, for fail and 0, for 030 and 30."""
    if kind in CHOICES:
        return CHOICES[kind].get(text, text)
    if kind in NUMBERS:
        text = NUMBERS[kind][0].get(text, text)
        return str(int(text)) if _INTEGER.match(text) else text
    if kind in ("counted", "path_selector"):
        return " ".join(text.split())
    if kind == "mode" and re.match(r"[0-7]+\Z", text):
        return str(int(text, 8))
    return " ".join(_records(text)) if kind == "uid_attrs" else text


def taken(kind, text, release=None, quoted=False):
    """What a release (None: the newest) takes any text for; None when the line has no effect.

    quoted: whether the text stands in quotes. A release from 0.8.5 to 0.8.7 refuses the whole file for some of these.
    """
    if kind in CHOICES:
        return _choice(kind, text, release)
    if kind in NUMBERS:
        return _number(kind, text, release, quoted)
    if kind in ("counted", "path_selector"):
        return " ".join(text.split()) if has_right_count(kind, text) or not counts_arguments(release) else None
    if kind == "uid_attrs":
        # parse_uid_attrs drops a record without a colon and says so.
        return " ".join(record for record in _records(text) if ":" in record) or None
    if kind in ("name", "infix"):
        return text if "/" not in text or not judges(release) else None
    if kind == "mode":
        octal = _OCTAL.match(text)
        return str(int(octal.group(1), 8)) if octal else None
    if kind in ("regex", "pattern"):
        return pattern_taken(text, release)
    if kind == "group" and text != "root" and not _COUNT.match(text):
        # It is looked up among the users.
        return None
    if kind == "protocol_type" and text not in PROTOCOLS:
        return None
    return text


def pattern_taken(text, release):
    """What a release takes a regular expression for: Red Hat's build of 0.8.4 mends the one that people write most."""
    return ".*" if text == "*" and release == RED_HAT[0] else text


def unsets(kind, text):
    """Whether a right number of a kind leaves its keyword as it is where nothing sets it, and what was set before is lost."""
    if kind == "dev_loss_tmo":
        return _unsigned(text) == 0
    return kind in _ZERO_UNSETS and _INTEGER.match(text) is not None and int(text) < NUMBERS[kind][1]


def is_later(kind, text, release):
    """The release that brought a value, when this one is too old for it, else None. Red Hat's builds take some of a later one."""
    since = LATER.get((kind, text))
    return since if since and release and release < since and release not in RED_HAT else None


def spelled(kind, text, release):
    """A value in the word that a release has for it: yes for always before 0.9.9, and the other way round since."""
    earlier, since = _EARLIER.get(kind, {}), LATER.get((kind, text))
    if text in earlier and release and release < since:
        return earlier[text]
    if kind in _PREFERS_LATER and release and release >= _PREFERS_LATER[kind]:
        return CHOICES[kind].get(text, text)
    return text


def judges(release):
    """Whether a release keeps what was set before when it meets a value that is none."""
    return release is None or release >= (0, 8, 8) or release in RED_HAT


def counts_arguments(release):
    """Whether a release ignores features, hardware_handler and path_selector when their count is wrong."""
    return release is None or release >= (0, 9, 4) or release in RED_HAT


def hangs(release):
    """Whether a release never ends on a polling_interval that is none and the first in the file; those before take it for NEVER_CHECKED seconds."""
    return release is None or release >= (0, 10, 0)


def refuses_integers(release):
    """Whether a release refuses the whole file when an integer is none."""
    return release is not None and (0, 8, 4) < release < (0, 8, 7)


def refuses(kind, text, release):
    """Whether a release refuses the whole file for a text in the place of a value: for one that is no int or unsigned int of C."""
    if not _is_strict(kind, release):
        return False
    unsigned = kind in ("interval", "seconds")
    found = (_UNSIGNED if unsigned else _INTEGER).match(text)
    return not found or not (0 <= int(text) <= UINT_MAX if unsigned else -INT_MAX - 1 <= int(text) <= INT_MAX)


def has_right_count(kind, text):
    """Whether a text such as `1 queue_if_no_path` or `service-time 0` says how many arguments follow."""
    words = text.split()
    counted = words[1:] if kind == "path_selector" else words
    return bool(counted) and _COUNT.match(counted[0]) is not None and int(counted[0]) == len(counted) - 1


def _records(text):
    return [record for record in text.split(" ") if record]


def _is_strict(kind, release):
    # uxsock_timeout is read in a way of its own.
    return refuses_integers(release) and kind in INTEGERS and kind != "milliseconds"


def _choice(kind, text, release):
    if kind == "path_grouping_policy":
        # Only as many letters as the name has are compared.
        text = next((name for name in CHOICES[kind] if text.startswith(name)), text)
    return None if is_later(kind, text, release) else CHOICES[kind].get(text)


def _number(kind, text, release, quoted):
    words, low, high = NUMBERS[kind]
    if text in words:
        return words[text]
    # 0.6.0 to 0.7.5 take the quotes for a part of these.
    if quoted and release is not None and release < (0, 7, 6) and kind in INTEGERS:
        text = '"'
    if kind == "dev_loss_tmo":
        number = _unsigned(text)
        return str(number) if number else None
    if refuses(kind, text, release):
        return None
    if not (judges(release) or _is_strict(kind, release)):
        return _leading_number(kind, text, low)
    if not (_UNSIGNED if kind in ("interval", "seconds") else _INTEGER).match(text):
        return None
    number = int(text)
    if kind in ("interval", "seconds"):
        return str(number) if number <= high else None
    if kind in _ZERO_UNSETS and number < low:
        return None
    return str(min(max(number, low), high))


def _unsigned(text):
    """What sscanf(3) makes of a text for %u on 64 bits: strtoul(3) stops at the largest number and negates what has a minus, the low half of it counts."""
    found = _LEADING_NUMBER.match(text)
    if not found:
        return None
    number = int(found.group())
    return (number if abs(number) < 2**64 else -1) % 2**32


def _leading_number(kind, text, low):
    found = _LEADING_NUMBER.match(text)
    if kind == "interval":
        return str(int(found.group())) if found else "0"
    return str(int(found.group())) if found and int(found.group()) >= low else None
