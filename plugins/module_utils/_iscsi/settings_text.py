# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that open-iscsi takes from iscsid.conf and the text of their values (usr/idbm.c, up to open-iscsi 2.1.11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import (
    BLANKS,
    MAX_VALUE_BYTES,
    is_secret,
    size_of,
)

INT_MAX = 2**31 - 1
NO_VALUE = "<empty>"
# open-iscsi takes the digits that a number begins with and passes over the rest, such as a remark (strtoul in idbm_rec_update_param).
NUMBER = re.compile(r"(?s)([+-]?[0-9]+)(.*)")
# RFC 7143, 9.2.1: a CHAP secret has at least 96 bits; many targets take 16 bytes at most.
CHAP_SECRET_BYTES = range(12, 17)


@dataclass(frozen=True)
class Kind:
    """The values of a key: text, one of choices, any of choices with commas (listed), or a whole number from low to high."""

    number: bool = False
    choices: Tuple[str, ...] = ()
    listed: bool = False
    low: int = 0
    high: int = INT_MAX
    # In bytes; the reader cuts off what is longer.
    longest: int = MAX_VALUE_BYTES


TEXT = Kind()
COUNT = Kind(number=True)
POSITIVE = Kind(number=True, low=1)
# -1 is "for ever" or "not set" for these.
SIGNED = Kind(number=True, low=-1)
YES_NO = Kind(choices=("Yes", "No"))
AUTH_METHOD = Kind(choices=("None", "CHAP"))
ALGORITHMS = Kind(choices=("MD5", "SHA1", "SHA256", "SHA3-256"), listed=True)
DIGEST = Kind(choices=("None", "CRC32C", "CRC32C,None", "None,CRC32C"))
# 24-bit lengths of RFC 7143, 13.12 to 13.14.
LENGTH = Kind(number=True, low=512, high=2**24 - 1)
STARTUP = Kind(choices=("manual", "automatic", "onboot"))

KINDS = {
    "iscsid.startup": TEXT,
    "iscsid.safe_logout": YES_NO,
    "iscsid.ipc_auth_uid": YES_NO,
    "node.startup": STARTUP,
    "node.leading_login": YES_NO,
    "node.session.initial_cmdsn": COUNT,
    "node.session.initial_login_retry_max": COUNT,
    "node.session.xmit_thread_priority": Kind(number=True, low=-20, high=20),
    "node.session.cmds_max": Kind(number=True, low=2, high=2048),
    "node.session.queue_depth": Kind(number=True, low=1, high=1024),
    "node.session.nr_sessions": POSITIVE,
    "node.session.auth.authmethod": AUTH_METHOD,
    "node.session.auth.username": TEXT,
    "node.session.auth.password": TEXT,
    "node.session.auth.username_in": TEXT,
    "node.session.auth.password_in": TEXT,
    "node.session.auth.chap_algs": ALGORITHMS,
    "node.session.timeo.replacement_timeout": SIGNED,
    "node.session.err_timeo.abort_timeout": COUNT,
    "node.session.err_timeo.lu_reset_timeout": COUNT,
    "node.session.err_timeo.tgt_reset_timeout": COUNT,
    "node.session.err_timeo.host_reset_timeout": COUNT,
    "node.session.iscsi.FastAbort": YES_NO,
    "node.session.iscsi.InitialR2T": YES_NO,
    "node.session.iscsi.ImmediateData": YES_NO,
    "node.session.iscsi.FirstBurstLength": LENGTH,
    "node.session.iscsi.MaxBurstLength": LENGTH,
    "node.session.iscsi.DefaultTime2Retain": COUNT,
    "node.session.iscsi.DefaultTime2Wait": COUNT,
    "node.session.iscsi.MaxConnections": POSITIVE,
    "node.session.iscsi.MaxOutstandingR2T": POSITIVE,
    "node.session.iscsi.ERL": Kind(number=True, high=2),
    "node.session.scan": Kind(choices=("manual", "auto")),
    "node.session.reopen_max": COUNT,
    "node.session.sess_reopen_log_freq": COUNT,
    "node.conn[0].startup": STARTUP,
    "node.conn[0].tcp.window_size": COUNT,
    "node.conn[0].tcp.type_of_service": COUNT,
    "node.conn[0].tcp.congestion_control": Kind(longest=15),
    "node.conn[0].timeo.login_timeout": POSITIVE,
    "node.conn[0].timeo.logout_timeout": POSITIVE,
    "node.conn[0].timeo.auth_timeout": POSITIVE,
    "node.conn[0].timeo.noop_out_interval": COUNT,
    "node.conn[0].timeo.noop_out_timeout": COUNT,
    # 0 is "what the target takes".
    "node.conn[0].iscsi.MaxXmitDataSegmentLength": Kind(number=True, high=2**24 - 1),
    "node.conn[0].iscsi.MaxRecvDataSegmentLength": LENGTH,
    "node.conn[0].iscsi.HeaderDigest": DIGEST,
    "node.conn[0].iscsi.DataDigest": DIGEST,
    "node.conn[0].iscsi.IFMarker": YES_NO,
    "node.conn[0].iscsi.OFMarker": YES_NO,
    "discovery.startup": Kind(choices=("manual", "automatic")),
    "discovery.sendtargets.auth.authmethod": AUTH_METHOD,
    "discovery.sendtargets.auth.username": TEXT,
    "discovery.sendtargets.auth.password": TEXT,
    "discovery.sendtargets.auth.username_in": TEXT,
    "discovery.sendtargets.auth.password_in": TEXT,
    "discovery.sendtargets.timeo.login_timeout": POSITIVE,
    "discovery.sendtargets.timeo.auth_timeout": POSITIVE,
    "discovery.sendtargets.timeo.active_timeout": POSITIVE,
    "discovery.sendtargets.reopen_max": SIGNED,
    "discovery.sendtargets.use_discoveryd": YES_NO,
    "discovery.sendtargets.discoveryd_poll_inval": SIGNED,
    "discovery.sendtargets.iscsi.MaxRecvDataSegmentLength": LENGTH,
    "discovery.isns.use_discoveryd": YES_NO,
    "discovery.isns.discoveryd_poll_inval": SIGNED,
}


def render_value(key, value):
    """The text of a value as iscsid.conf has it; value: str, int, bool or list. Raises SanError; a secret is not in the message."""
    kind = KINDS.get(key)
    if kind is None:
        usable = [known for known in KINDS if not is_secret(known)]
        guess = nearest(key, usable) or "See `man iscsid` and the comments in the file for the keys."
        raise SanError(f"{key}: not a key of iscsid.conf. {guess}")
    return render_kind(key, kind, value)


def render_kind(key, kind, value):
    """The text of a value of a Kind. Raises SanError; a secret is not in the message."""
    if kind.number:
        return _render_number(key, kind, value)
    if kind.choices:
        return _render_choice(key, kind, value)
    return text_of(key, value, kind)


def text_of(key, value, kind=TEXT):
    """The text of a value that is any text, if a file of open-iscsi can hold it. Raises SanError; a secret is not in the message."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise SanError(f"{key}: the value has to be text. Quote it.")
    return _exact(key, kind, str(value))


def same_value(key, one, other):
    """True when open-iscsi takes two texts for the same value of a key."""
    kind = KINDS[key]
    numbers = [match and int(match.group(1)) for match in map(NUMBER.match, (one, other))] if kind.number else [None]
    if None not in numbers:
        return numbers[0] == numbers[1]
    if kind.listed:
        return _tokens(one) == _tokens(other)
    return one == other


def with_remark(key, value, current):
    """A new value with the remark that stands behind the number of the current one (text or None)."""
    match = NUMBER.match(current or "") if KINDS[key].number else None
    text = value + match.group(2) if match and match.group(2)[:1] in BLANKS else value
    return text if size_of(text) <= MAX_VALUE_BYTES else value


def nearest(key, known, cutoff=0.5):
    """`Did you mean ...?` with the key of known that a mistyped one is most like, or None. cutoff: of difflib."""
    # Slow to load, and seldom asked.
    import difflib

    found = difflib.get_close_matches(key, known, n=1, cutoff=cutoff)
    if not found:
        # A bare field name is far from its full key by ratio.
        found = [each for each in known if each.endswith("." + key.rsplit(".", 1)[-1])][:1]
    return f"Did you mean {found[0]}?" if found else None


def secret_warning(key, secret):
    """What to tell about a CHAP secret of an unusual length, or None. The secret is not in it."""
    size = size_of(secret)
    if size in CHAP_SECRET_BYTES:
        return None
    return (
        f"{key}: the secret has {size} bytes. RFC 7143 asks for at least {CHAP_SECRET_BYTES[0]}, and many targets take "
        f"{CHAP_SECRET_BYTES[-1]} at most: see that the target has exactly the same one."
    )


def _render_number(key, kind, value):
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,10}", text):
        raise SanError(f"{key}: {value!r} is not a whole number.")
    if not kind.low <= int(text) <= kind.high:
        raise SanError(f"{key}: {text} is not between {kind.low} and {kind.high}.")
    return str(int(text))


def _render_choice(key, kind, value):
    if isinstance(value, bool):
        # YAML reads an unquoted Yes or No as a boolean.
        value = "Yes" if value else "No"
    given = ",".join(str(part) for part in value) if isinstance(value, (list, tuple)) else str(value)
    by_lower = {choice.lower(): choice for choice in kind.choices}
    wanted = _tokens(given) if kind.listed else [given.replace(" ", "")]
    unknown = [part for part in wanted if part.lower() not in by_lower]
    if unknown or not wanted:
        raise SanError(f"{key}: {given!r} is not one of {', '.join(kind.choices)}.")
    return ",".join(by_lower[part.lower()] for part in wanted)


def _exact(key, kind, text):
    """The text, if reading the file back gives just that."""
    size = size_of(text)
    reason = None
    if not text:
        reason = "is empty, which iscsid.conf has no way to say"
    elif text == NO_VALUE:
        reason = "is what open-iscsi prints for a key without a value"
    elif "\n" in text or "\0" in text:
        reason = "has a line break or a NUL byte, which would end it"
    elif text.strip(BLANKS) != text:
        reason = "begins or ends with a blank, which open-iscsi cuts off (it knows no quotes)"
    elif size > kind.longest:
        reason = f"has {size} bytes, and open-iscsi keeps {kind.longest} at most"
    if reason is not None:
        raise SanError(f"{key}: the value {reason}. Nothing was changed; choose another value.")
    return text


def _tokens(text):
    return [part for part in re.split(r"[, \n]", text) if part]
