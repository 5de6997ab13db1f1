# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that open-iscsi takes from iscsid.conf and the text of their values (usr/idbm.c, up to open-iscsi 2.1.12)."""

from __future__ import annotations

import re

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import BLANKS, MAX_VALUE_BYTES, is_secret, size_of
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.kind_text import TEXT, Kind, nearest, render_kind, tokens

# open-iscsi takes the digits that a number begins with and passes over the rest, such as a remark (strtoul in idbm_rec_update_param).
NUMBER = re.compile(r"(?s)([+-]?[0-9]+)(.*)")
# RFC 7143, 9.2.1: a CHAP secret has at least 96 bits; many targets take 16 bytes at most.
CHAP_SECRET_BYTES = range(12, 17)

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
    "node.session.conn_reopen_log_freq": COUNT,
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
        guess = nearest(key, usable) or "The comments in /etc/iscsi/iscsid.conf name the keys."
        raise SanError(f"{key}: not a key of open-iscsi that can be set. {guess}")
    return render_kind(key, kind, value)


def same_value(key, one, other):
    """True when open-iscsi takes two texts for the same value of a key."""
    kind = KINDS[key]
    numbers = [match and int(match.group(1)) for match in map(NUMBER.match, (one, other))] if kind.number else [None]
    if None not in numbers:
        return numbers[0] == numbers[1]
    if kind.listed:
        return tokens(one) == tokens(other)
    return one == other


def with_remark(key, value, current):
    """A new value with the remark that stands behind the number of the current one (text or None)."""
    match = NUMBER.match(current or "") if KINDS[key].number else None
    text = value + match.group(2) if match and match.group(2)[:1] in BLANKS else value
    return text if size_of(text) <= MAX_VALUE_BYTES else value


def secret_warning(key, secret):
    """What to tell about a CHAP secret of an unusual length, or None. The secret is not in it."""
    size = size_of(secret)
    if size in CHAP_SECRET_BYTES:
        return None
    return (
        f"{key}: the secret has {size} bytes. RFC 7143 asks for at least {CHAP_SECRET_BYTES[0]}, and many targets take "
        f"{CHAP_SECRET_BYTES[-1]} at most: see that the target has exactly the same one."
    )
