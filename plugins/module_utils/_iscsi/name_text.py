# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initiator's name: what a valid one is, and the file /etc/iscsi/initiatorname.iscsi that holds it.

iscsid takes the first line that has InitiatorName anywhere and a value after the next "=" (usr/iscsi_util.c,
cfg_get_string_param). Others read the same file in ways of their own: Debian's startup-checks.sh wants `InitiatorName=` at the
start of a line with no blank after it, and rewrites the whole file when a line begins with GenerateName=yes; initramfs scripts
source the file in a shell, where the last line wins. So there is one form that suits all of them: one line, no blanks.
"""

from __future__ import annotations

import re
import stringprep
import unicodedata

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import (
    BLANKS,
    COMMENTED,
    IGNORED,
    SETTING,
    ConfLine,
    append,
    effective,
    insert_after,
    parse_conf,
    remove_key,
    size_of,
)

NAME, ALIAS, GENERATE = "InitiatorName", "InitiatorAlias", "GenerateName"
# RFC 7143, 4.2.7.1 and 13.7.
MAX_NAME_BYTES = 223
MAX_ALIAS_BYTES = 255
# A shell that sources the file would run or trip over these: what follows a blank is a command.
SHELL_CHARACTERS = " \\'\"`$&;|<>()"

_IQN = re.compile(r"(?s)iqn\.[0-9]{4}-(?P<month>[0-9]{2})\.(?P<domain>[^:]*)(?::(?P<rest>.*))?")
_LABEL = re.compile(r"(?!-)[^.]{1,63}(?<!-)")


def check_name(name):
    """Raise SanError unless name is an iSCSI name by RFC 3720, 3722 and 3980 (now RFC 7143)."""
    reason = _why_invalid(name)
    if reason is not None:
        raise SanError(f"{name!r}: no valid initiator name: {reason}. Nothing was changed; give one like iqn.2026-01.org.example:host1.")


def check_alias(alias):
    """Raise SanError unless every reader of the file takes the alias for what it is; "" stands for none."""
    if size_of(alias) > MAX_ALIAS_BYTES:
        raise SanError(f"alias: it has {size_of(alias)} bytes, and RFC 7143 allows {MAX_ALIAS_BYTES}.")
    if alias.strip(BLANKS) != alias or any(unicodedata.category(character) == "Cc" for character in alias):
        raise SanError("alias: it begins or ends with a blank or has a control character, which the file cannot hold.")
    bad = sorted(set(alias) & set(SHELL_CHARACTERS))
    if bad:
        shown = ", ".join("a blank" if character == " " else character for character in bad)
        raise SanError(f"alias: it has {shown}, and initramfs scripts source the file in a shell. Leave these characters out.")
    if NAME in alias:
        raise SanError(f"alias: iscsid would take a line with {NAME} in it for the name.")


def parse_names(text, source):
    """The lines of the file as a tuple of ConfLine. Raises ParseError for a line that iscsid would misread."""
    lines = parse_conf(text, source)
    for number, line in enumerate(lines, 1):
        for key in (NAME, ALIAS):
            if line.kind in (SETTING, IGNORED) and line.key != key and key in (line.head + line.value).split("#", 1)[0]:
                raise ParseError(f"{source}, line {number}: iscsid takes this line for {key}. Nothing was changed; mend or remove it and run again.")
    return lines


def current_name(lines):
    """The name that iscsid takes from the file, or None."""
    return effective(lines, NAME)


def will_be_generated(lines):
    """True when Debian's start script makes up a name at the next start of iscsid and rewrites the whole file."""
    return any(line.head.startswith(GENERATE + "=") and line.value.startswith("yes") for line in lines if line.kind == SETTING)


def is_settled(lines, key, value):
    """True when all readers agree on the value: exactly one line, at the start of the line, without blanks around the `=`."""
    found = [line for line in lines if line.key == key and line.kind in (SETTING, IGNORED)]
    return [(line.head, line.value) for line in found] == [(key + "=", value)]


def written(lines, key):
    """How the file says it, for a diff: the text of the lines that name the key, or None."""
    found = [(line.head + line.value).strip("\r\n") for line in lines if line.key == key and line.kind in (SETTING, IGNORED)]
    return "; ".join(found) or None


def set_name_key(lines, key, value):
    """The lines with one line `key=value`, in the place of the first that was there, or after a comment that shows it."""
    new = ConfLine(SETTING, key + "=", key, value, "\r\n" if lines and lines[0].tail.endswith("\r\n") else "\n")
    place = _first(lines, key, (SETTING, IGNORED))
    if place is not None:
        rest = remove_key(lines[place + 1 :], key)
        return (*lines[:place], new, *rest)
    place = _first(lines, key, (COMMENTED,))
    if place is not None:
        return insert_after(lines, place, new)
    if lines and not lines[-1].tail.endswith("\n"):
        return insert_after(lines, len(lines) - 1, new)
    return append(lines, new)


def _first(lines, key, kinds):
    return next((index for index, line in enumerate(lines) if line.key == key and line.kind in kinds), None)


def _why_invalid(name):
    if size_of(name) > MAX_NAME_BYTES:
        return f"it has {size_of(name)} bytes, and {MAX_NAME_BYTES} are allowed"
    if re.search(r"\s", name):
        return "there is a blank or a line break in it. The filter trim takes those at its ends away"
    if name.startswith("iqn."):
        return _why_invalid_iqn(name)
    if name.startswith("eui."):
        return None if re.fullmatch(r"eui\.[0-9A-Fa-f]{16}", name) else "eui. is followed by exactly 16 hexadecimal digits"
    if name.startswith("naa."):
        naa = re.fullmatch(r"naa\.([0-9A-Fa-f]{16}|[0-9A-Fa-f]{32})", name)
        return None if naa else "naa. is followed by exactly 16 or 32 hexadecimal digits"
    return "it has to begin with iqn., eui. or naa. in lower case"


def _why_invalid_iqn(name):
    found = _IQN.fullmatch(name)
    if found is None:
        return "iqn. is followed by a date and a reversed domain name: iqn.yyyy-mm.org.example, then : and text of your own if wanted"
    if not 1 <= int(found["month"]) <= 12:
        return f"{found['month']} is no month"
    normal = unicodedata.normalize("NFKC", "".join(map(stringprep.map_table_b2, name)))
    if normal != name:
        return f"RFC 3722 wants lower case and normal form C: write {normal!r}"
    bad = sorted({character for character in name if not _allowed(character)})
    if bad:
        return f"{' '.join(repr(character) for character in bad)} cannot be in it; letters, digits, - . and : can (RFC 3722)"
    if not all(_LABEL.fullmatch(label) for label in found["domain"].split(".")):
        return f"{found['domain']!r} is no reversed domain name"
    if found["rest"] == "":
        return "nothing follows the :"
    return None


def _allowed(character):
    return character in "-.:" or unicodedata.category(character)[0] in "LNM"
