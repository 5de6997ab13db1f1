"""Runs the iSCSI parsers over a directory of files of others, with iscsiadm/*.txt and iscsid_conf/*.conf in it.

Every file has to be parsed or to give a ParseError, which is printed. A conf file that is parsed has to be rendered as it was, and setting a key and
removing it again has to give the file without the key.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import effective, parse_conf, remove_key, render_conf, set_key
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.discovery_text import parse_discovery
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.record_text import BEGIN, parse_record, render_changes
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.settings_text import KINDS
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.status_text import parse_login_failures


def parser_faults(directory: Path) -> Iterator[tuple[tuple[str], list[str]]]:
    """Print what is in each file; ((file,), what else happened)."""
    for path in sorted([*directory.glob("iscsiadm/*.txt"), *directory.glob("iscsid_conf/*.conf")]):
        check = check_conf if path.suffix == ".conf" else check_listing
        name = str(path.relative_to(directory))
        try:
            said = check(path.read_bytes().decode("utf-8", "surrogateescape"), path.name)
        except ParseError as error:
            said = f"ParseError: {error}"
        except Exception as error:
            # Whatever it is, it is what is looked for.
            yield (name,), [f"{type(error).__name__}: {error}"]
            continue
        print(f"{name}: {said}")
        yield (name,), []


def check_listing(text: str, name: str) -> str:
    """What iscsiadm has said, by what it looks like."""
    if ".err." in name or name.startswith("err_"):
        return f"{len(parse_login_failures(text))} failed logins"
    if BEGIN in text:
        records = re.findall(rf"{BEGIN}.*?# END RECORD", text, re.S)
        values = [parse_record(record) for record in records] or [parse_record(text)]
        if any(render_changes(record, {}) != record for record in records):
            raise AssertionError("a record is rendered in another way")
        return f"{len(values)} records, {sum(map(len, values))} values"
    return f"{len(parse_discovery(text))} portals"


def check_conf(text: str, name: str) -> str:
    lines = parse_conf(text, name)
    if render_conf(lines) != text:
        raise AssertionError("rendered in another way")
    for key in KINDS:
        before = effective(lines, key)
        there = set_key(lines, key, "value")
        if effective(there, key) != "value":
            raise AssertionError(f"{key} set is not in force")
        if before is not None and render_conf(set_key(there, key, before)) != text:
            raise AssertionError(f"{key} set and set back is another file")
        if effective(remove_key(there, key), key) is not None or remove_key(there, key) != remove_key(lines, key):
            raise AssertionError(f"{key} set and removed is another file")
    return f"{sum(effective(lines, key) is not None for key in KINDS)} keys in force"
