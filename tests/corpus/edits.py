"""Edits of every file of a directory, judged by the installed libmultipath.

Of each file that it accepts: an edit made twice changes once, removing what was added gives back the file byte for byte,
and the listings of `multipath -t` before and after differ in the named keys only. A refusal is counted by its reason.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Iterator, Mapping

from recorded import compare

from ansible_collections.linuxsan.host.plugins.module_utils._command import run
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Conf, parse_conf, parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keywords, keyword_tree
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import MAIN_FILE, Multipath

TOOL = Multipath(run)
# Added to a file that has none of it, each of these can be taken away again.
ADDED = [
    {"multipaths": [{"wwid": "3linuxsan", "alias": "linuxsan", "no_path_retry": 12}]},
    {"devices": [{"vendor": "LINUXSAN", "product": "^Array [0-9]{2}$", "path_selector": "service-time 0", "features": "0", "failback": "immediate"}]},
    {"blacklist": [{"devnode": "^linuxsan[0-9]{1,2}$"}, {"wwid": "linuxsan"}, {"protocol": "scsi:spi"}, {"device": {"vendor": "LINUXSAN", "product": "a#b"}}]},
    {"blacklist_exceptions": [{"property": "LINUXSAN_[A-Z]"}, {"device": {"vendor": "LINUXSAN", "product": ".*"}}]},
    {"overrides": {"protocol": [{"type": "nvme:loop", "fast_io_fail_tmo": 9}]}},
    {"multipaths": [{"wwid": "3a", "alias": "a b"}, {"wwid": "3b"}], "blacklist": [{"wwid": "3c"}], "devices": [{"vendor": "LINUXSAN", "product": ".*"}]},
]
# Values of sections that a file may have.
SET = [
    {"defaults": {"polling_interval": 13, "user_friendly_names": True, "find_multipaths": "greedy"}},
    {"defaults": {"path_selector": "queue-length 0", "checker_timeout": 77, "alias_prefix": "lsan", "prio_args": 'a "b" #c'}},
    {"overrides": {"no_path_retry": 17, "fast_io_fail_tmo": "off", "protocol": [{"type": "scsi:iscsi", "dev_loss_tmo": 444}]}},
    {"defaults": {"polling_interval": None, "user_friendly_names": None, "path_grouping_policy": None, "no_path_retry": None, "failback": None}},
    {"overrides": {"no_path_retry": None}},
]


def check_directory(place: Path) -> Iterator[tuple[tuple[str], list[str]]]:
    """((file,), what is wrong with its edits). Prints how often each thing was done."""
    keywords, counts = keyword_tree(TOOL.version()), Counter()
    default = listed("", keywords)
    for file in sorted(path for path in place.iterdir() if path.is_file()):
        yield (file.name,), list(check_file(parse_conf(read_text(str(file)), MAIN_FILE, keywords), default, counts))
    for what, count in counts.most_common():
        print(f"{count:6} {what}")


def check_file(conf: Conf, default: Mapping, counts: Counter) -> Iterator[str]:
    """What is wrong with the edits of a file. default: what libmultipath lists without one."""
    counts["files"] += 1
    verdict = TOOL.test_conf(MAIN_FILE, conf.text)
    if not verdict.accepted:
        counts["files that libmultipath refuses"] += 1
        if not refused(conf, ADDED[0]):
            yield "refused by libmultipath, and edited"
        return
    before = settings_of(parse_listing(verdict.effective, conf.keywords))
    yield from compare(conf, default, before)
    for wanted in (*ADDED, *SET, *own_edits(conf)):
        yield from check_edit(conf, wanted, before, counts)


def own_edits(conf: Conf) -> Iterator[Mapping]:
    """Edits of what is in the file."""
    table = settings_of(conf)
    for section, names in {"multipaths": ("wwid",), "devices": ("vendor", "product", "revision")}.items():
        stanzas = [key[1] for key in table if key[0] == section and len(key) == 2]
        for identity in {*stanzas[:1], *stanzas[-1:]}:
            known = {name: part for name, part in zip(names, identity) if part is not None}
            yield {section: [{**known, "no_path_retry": 19}]}
            yield {section: [{**known, "path_grouping_policy": None}]}
            yield {section: [known], "state": "absent"}
            yield {section: [known], "exclusive": True}
    for section in ("blacklist", "blacklist_exceptions"):
        entries = [key[1] for key in table if key[0] == section]
        for entry in {*entries[:1], *entries[-1:]}:
            device = {part: text for part, text in zip(("vendor", "product"), entry[1:]) if text is not None}
            given = {entry[0]: entry[1] if len(entry) == 2 else device}
            yield {section: [given], "state": "absent"}
            yield {section: [given], "exclusive": True}
    yield {"defaults": {key[1]: None for key in table if key[0] == "defaults"}}


def refused(conf: Conf, wanted: Mapping) -> str:
    """Why an edit is refused, without what differs between files; nothing when it is not."""
    try:
        edit_conf(conf, Wanted(**wanted))
    except SanError as error:
        return re.sub(r"^\S+ line \d+: |'[^']*'|\"[^\"]*\"", "", str(error))
    return ""


def check_edit(conf: Conf, wanted: Mapping, before: Mapping, counts: Counter) -> Iterator[str]:
    """What is wrong with an edit of a file."""
    counts["edits"] += 1
    why = refused(conf, wanted)
    if why:
        counts[f"refused: {why}"] += 1
        return
    edit = edit_conf(conf, Wanted(**wanted))
    named = {key for key, meaning in edit.wanted}
    yield from (f"{wanted}: {words}" for words in check_text(conf, wanted, edit.text, named))
    if edit.text == conf.text:
        counts["edits that change nothing"] += 1
        return
    verdict = TOOL.test_conf(MAIN_FILE, edit.text)
    if not verdict.accepted:
        yield f"{wanted}: refused by libmultipath: {verdict.complaints[:3]}"
        return
    after = settings_of(parse_listing(verdict.effective, conf.keywords))
    for key in {*before, *after}:
        old, new = before.get(key), after.get(key)
        if (old and old.meaning) != (new and new.meaning) and not is_named(key, named):
            yield f"{wanted}: {show_key(key)} was {old and old.text!r} and is {new and new.text!r}"
    for key, meaning in edit.wanted:
        shown = after.get(key)
        if meaning is not None and (shown is None or shown.meaning != meaning) and key[-1] not in ("verbosity", "max_fds"):
            yield f"{wanted}: {show_key(key)} is {shown and shown.text!r}"


def check_text(conf: Conf, wanted: Mapping, text: str, named: set) -> Iterator[str]:
    """What is wrong with the text that an edit made."""
    edited = parse_conf(text, conf.path, conf.keywords)
    if edit_conf(edited, Wanted(**wanted)).text != text:
        yield "the second time changes again"
    there = settings_of(conf)
    new = wanted in ADDED and not any(key in there for key in named)
    if new and edit_conf(edited, Wanted(**{**wanted, "state": "absent"})).text != conf.text:
        yield "taken out again, the file is another"


def is_named(key: tuple, named: set) -> bool:
    """Whether a key is one of the named, belongs to a named stanza, or follows from a named one."""
    if key == ("defaults", "max_polling_interval"):
        return ("defaults", "polling_interval") in named
    if key[0] == "blacklist" and key[1][0] == "device" and any(other[0] == "devices" for other in named):
        # The product_blacklist of a built-in section comes and goes with the user's section of that name.
        return True
    return key in named or key[:2] in named


def listed(text: str, keywords: Keywords) -> Mapping:
    """What libmultipath lists for a text."""
    return settings_of(parse_listing(TOOL.test_conf(MAIN_FILE, text).effective, keywords))
