"""Small configurations, each for one surprise, beside what parsers were recorded to make of them.

The table has the columns test, versions, status, probes, messages: `quoted value`, `0.6.4,0.7.4`, `ok`, `polling_interval=0`.
The configurations are ours, made after the names of the tests.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

from recorded import keywords_of

from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import FATAL, faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.kind_text import taken

# In the section defaults.
_VALUES = {
    "quoted value": 'polling_interval "7"',
    "no space before quote": 'alias_prefix"abc"',
    "closing brace after value": "polling_interval 7 }\nalias_prefix zz",
    "comment # inline": "polling_interval 7 # c\nalias_prefix zz#c",
    "comment ! inline": "polling_interval 7 ! c\nalias_prefix zz!c",
    "comment ! line": "! polling_interval 9\npolling_interval 7",
    "hash in quotes": 'alias_prefix "a#b"',
    "hash first in quotes": 'alias_prefix "#b"',
    "leading/trailing ws in quotes": 'prio_args "  a  b  "',
    "doubled quotes": 'prio_args "2.5"" SSD"',
    "only doubled quotes": 'prio_args """"',
    "backslash quote": 'prio_args "a\\"b"',
    "empty quotes": 'prio_args ""',
    "single quotes": "prio_args 'a b'",
    "missing closing quote": 'prio_args "abc\npolling_interval 7',
    "extra value": "polling_interval 7 8",
    "path_selector unquoted": "path_selector round-robin 0",
    "path_selector w/o count": "path_selector round-robin",
    "features unquoted": "features 1 queue_if_no_path",
    "features bad count": 'features "2 queue_if_no_path"',
    "missing value": "prio_args\npolling_interval 7",
    "equals sign": "polling_interval = 7",
    "semicolon": "polling_interval 7;",
    "invalid int": "polling_interval abc\nalias_prefix zz",
    "trailing junk int": "polling_interval 7s",
    "invalid int rr_min_io": "rr_min_io abc\nalias_prefix zz",
    "invalid yes/no": "user_friendly_names maybe\nalias_prefix zz",
    "ufn 1": "user_friendly_names 1",
    "ufn YES upper": "user_friendly_names YES",
    "ufn true": "user_friendly_names true",
    "ufn on": "user_friendly_names on",
    "find_multipaths yes": "find_multipaths yes",
    "find_multipaths smart": "find_multipaths smart",
    "find_multipaths on": "find_multipaths on",
    "find_multipaths unset": "",
    "dup keyword": "polling_interval 7\npolling_interval 9",
    "unknown keyword": "foo bar\npolling_interval 7",
    "CRLF": "polling_interval 7\r\nalias_prefix zz\r",
    "NBSP separator": "polling_interval\u00a07",
    "non-ascii unquoted": "alias_prefix zz\u00e9y",
    "non-ascii quoted": 'alias_prefix "zz\u00e9y"',
    "long comment 1500 with brace": "#" + "x" * 1500 + " }\npolling_interval 7",
    "long value 1100": f'prio_args "{"x" * 1100}"\npolling_interval 7',
    "NUL byte": "polling_interval 7\0 9",
    "tab + formfeed": "\tpolling_interval\f7",
    "line continuation": 'prio_args "a \\\nb"\npolling_interval 7',
    "getuid_callout": "getuid_callout x\npolling_interval 7",
    "udev_dir": "udev_dir /dev\npolling_interval 7",
    "config_dir": "config_dir /x",
    "multipath_dir": "multipath_dir /lib/multipath",
    "selector": 'selector "round-robin 0"',
    "no_path_retry 0": "no_path_retry 0",
    "no_path_retry -1": "no_path_retry -1",
    "dev_loss infinity": "dev_loss_tmo infinity",
    "failback bogus": "failback bogus\nalias_prefix zz",
    "flush_on_last_del yes": "flush_on_last_del yes",
}
_FILES = {
    "brace glued": "defaults{\npolling_interval 7\n}\n",
    "brace next line": "defaults\n{\npolling_interval 7\n}\n",
    "brace next line overrides": "overrides\n{\nno_path_retry 9\n}\ndefaults {\npolling_interval 7\n}\n",
    "no brace at all": "defaults\npolling_interval 7\n}\n",
    "one-line section": 'defaults { polling_interval 7 }\nblacklist {\ndevnode "^sd"\n}\n',
    "one-line section then value": "defaults { polling_interval 7 }\nalias_prefix zz\n",
    "empty one-line section": "blacklist { }\ndefaults {\npolling_interval 7\n}\n",
    "} {": "defaults {\npolling_interval 7\n} defaults {\nalias_prefix zz\n}\n",
    "comment // line": "// c\ndefaults {\n// polling_interval 9\npolling_interval 7\n}\n",
    "bang first in quotes": 'blacklist {\ndevnode "!^sd"\n}\n',
    "unquoted brace in value": "blacklist {\ndevnode ^sd[a-z]{1,2}\n}\n",
    "dup section": "defaults {\npolling_interval 7\nalias_prefix zz\n}\ndefaults {\npolling_interval 9\n}\n",
    "unknown section": "foo {\nbar 1\n}\ndefaults {\npolling_interval 7\n}\n",
    "unknown subsection": "defaults {\nfoo {\nbar 1\n}\npolling_interval 7\n}\n",
    "keyword uppercase": "DEFAULTS {\npolling_interval 7\n}\ndefaults {\nPOLLING_INTERVAL 7\n}\n",
    "missing final brace": "defaults {\npolling_interval 7\n",
    "no final newline": "defaults {\npolling_interval 7",
    "extra closing brace": "defaults {\npolling_interval 7\n}\n}\ndefaults {\nalias_prefix zz\n}\n",
    "CR only": "defaults {\rpolling_interval 7\ralias_prefix zz\r}\r",
    "BOM": "\ufeffdefaults {\npolling_interval 7\n}\n",
    "long comment 1500 wraps keyword": "defaults {\npolling_interval 7\n#" + "x" * 1022 + "polling_interval 9\n}\n",
    "include": "include /x\ndefaults {\npolling_interval 7\n}\n",
    "blacklist *": 'blacklist {\ndevnode "*"\n}\n',
    "blacklist bad regex": 'blacklist {\ndevnode "^sd["\n}\n',
    "device product *": 'devices {\ndevice {\nvendor x\nproduct "*"\n}\n}\n',
    "multipath no wwid": "multipaths {\nmultipath {\nalias x\n}\n}\n",
    "device no product": "devices {\ndevice {\nvendor x\n}\n}\n",
    "devnode_blacklist": "devnode_blacklist {\ndevnode ^sd\n}\ndefaults {\npolling_interval 7\n}\n",
    "protocol subsection": "overrides {\nprotocol {\ntype scsi:fcp\nfast_io_fail_tmo 11\n}\nno_path_retry 9\n}\n",
    "reservation_key bad": "multipaths {\nmultipath {\nwwid x\nreservation_key zz\n}\n}\n",
    "alias with slash": "multipaths {\nmultipath {\nwwid x\nalias a/b\n}\n}\n",
}
# What a parser has in force where nothing is set.
_UNSET = {"", "5", "mpath", "no", "0", "1000", "manual", "service-time 0", "off", "strict", "[]", "None"}
_KINDS = {"find_multipaths": "find_multipaths", "user_friendly_names": "yes_no", "flush_on_last_del": "flush_on_last_del", "no_path_retry": "no_path_retry"}


def texts() -> dict[str, str]:
    """Test: its configuration."""
    return {**{name: f"defaults {{\n{value}\n}}\n" for name, value in _VALUES.items()}, **_FILES}


def micro_comparisons(table: Path) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """((parser, test), how the editor differs from it)."""
    known = texts()
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        name, versions, status, probes = line.split("\t")[:4]
        for parser in versions.split(","):
            keywords = keywords_of(parser)
            if keywords.release < (0, 6, 0):
                continue
            conf = parse_conf(known[name], name, keywords)
            yield (parser, name), list(_judge(conf, status, probes))


def _judge(conf, status: str, probes: str) -> Iterator[str]:
    fatal = [fault.code for fault in faults_of(conf) if fault.code in FATAL]
    expected = {"ok": [], "REJECT": ["refused"]}.get(status, ["hang"])
    if fatal != expected:
        yield f"{status}, and the editor says {fatal}"
    if status != "ok":
        return
    table = settings_of(conf)
    ours = {key[-1]: setting for key, setting in table.items() if key[0] in ("defaults", "overrides") and isinstance(key[1], str)}
    for probe in filter(None, probes.split("; ")):
        keyword, shown = probe.partition("=")[::2]
        if keyword == "devnode":
            listed = re.findall(r'"((?:[^"])*)"', shown)
            mine = [key[1][1] for key in table if key[1][0] == "devnode"]
            if [entry for entry in mine if entry not in listed]:
                yield f"devnode {shown}, and the editor says {mine}"
        elif keyword != "multipath":
            yield from _judge_value(keyword, shown, ours.get(keyword), conf.keywords.release)


def _judge_value(keyword, shown, setting, release) -> Iterator[str]:
    shown = shown[1:-1].replace('""', '"') if shown.startswith('"') else shown
    if setting is None:
        if shown not in _UNSET and keyword not in ("config_dir", "multipath_dir"):
            yield f"{keyword} {shown!r}, and the editor does not see it set"
    elif setting.meaning not in (shown, taken(_KINDS.get(keyword, "text"), shown, None)) and (keyword, shown) != ("dev_loss_tmo", "infinity"):
        yield f"{keyword} {shown!r}, and the editor says {setting.text!r}"
