# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record files of open-iscsi (nodes, interfaces, discovery), which are also what `iscsiadm -o show` prints.

    # BEGIN RECORD 2.1.8
    node.name = iqn.2004-08.com.qsantechnology:dev0.ctr1
    # END RECORD

A line counts with a blank before its "=" only (usr/idbm.c, idbm_recinfo_config). A key without a value has no line in a file and
`<empty>` in a listing (idbm_print).
"""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError
from ansible_collections.linuxsan.host.plugins.module_utils._secret import Secret

# isspace() of the C locale; Python's own idea of a blank is wider.
BLANKS = " \t\n\v\f\r"
BEGIN = "# BEGIN RECORD"
END = "# END RECORD"
EMPTY = "<empty>"
LINE = re.compile(rf"(?s)[{BLANKS}]*([^{BLANKS}=#]+)[{BLANKS}]*=[{BLANKS}]*(.*?)[{BLANKS}]*")
# open-iscsi passes over a line without a blank before the "=".
WITHIN = BLANKS.replace("\n", "")
WHOLE_LINE = re.compile(rf"(?m)^[{WITHIN}]*([^{BLANKS}=#]+)[{WITHIN}]+=(.*)\n")
SECRET_KEY = re.compile(r"(.*\.)?password(_in)?")
# The interfaces that open-iscsi has without a record (usr/iface.c).
DEFAULT_IFACE = "default"
BUILT_IN_IFACES = (DEFAULT_IFACE, "iser")
# Installed among the records as documentation, and no interface for open-iscsi (usr/iface.c, iface_for_each_iface).
EXAMPLE_IFACE = "iface.example"
# Either of the two starts a login at boot (usr/iscsiadm.c, match_startup_mode).
STARTUP = ("node.startup", "node.conn[0].startup")
MANUAL = "manual"


def parse_record(text):
    """One record -> dict of key and value (str; Secret for a password), in order; keys without a value are left out. Raises ParseError.

    As for open-iscsi, neither the first line nor the last one has to be there, and a line that was cut off counts for nothing, nor does one
    that is no key and value: it says so in the journal and goes on.
    """
    found = {}
    # One search for all lines: a host has hundreds of records of a hundred lines.
    for name, rest in WHOLE_LINE.findall(text):
        value = rest.strip(BLANKS)
        if value not in ("", EMPTY):
            found[name] = Secret(value) if is_secret(name) else value
    if not found:
        raise ParseError("no key in it" if text.strip() else "empty")
    return found


def is_secret(key):
    """True for the keys that hold a password."""
    return "password" in key and bool(SECRET_KEY.fullmatch(key))


def render_changes(text, changes):
    """The record with some keys changed and every other line as it was, but for a last one that was cut off.

    changes: dict of key and value (str or Secret), None to clear the key. A new key goes before the last line.
    """
    new = {key: plain(value) for key, value in changes.items()}
    lines, done = [], set()
    *whole, rest = text.split("\n")
    for line in whole:
        match = LINE.fullmatch(line)
        key = match.group(1) if match else None
        if key not in new:
            lines.append(line)
        elif new[key] is not None and key not in done:
            lines.append(f"{key} = {new[key]}")
        done.add(key)
    end = next((number for number, line in enumerate(lines) if line.strip(BLANKS) == END), len(lines))
    lines[end:end] = [f"{key} = {value}" for key, value in new.items() if value is not None and key not in done]
    return "".join(f"{line}\n" for line in lines) + (rest if not rest.strip(BLANKS) or rest.lstrip(BLANKS).startswith("#") else "")


def render_new(values):
    """A whole record. values: dict of key and value (str), None for no value. open-iscsi has defaults for the keys that are not there."""
    lines = [f"{key} = {value}\n" for key, value in values.items() if value is not None]
    return "".join((f"{BEGIN}\n", *lines, f"{END}\n"))


def plain(value):
    """The text that a file gets for a value, None for none."""
    return value.reveal() if isinstance(value, Secret) else value
