# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values get the text that open-iscsi reads back as just that, or are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._iscsi import conf_text, settings_text

USERNAME = "node.session.auth.username"


@pytest.mark.parametrize(
    "key, value, text",
    [
        ("node.session.queue_depth", "064", "64"),
        ("node.session.timeo.replacement_timeout", -1, "-1"),
        ("node.leading_login", True, "Yes"),
        ("node.leading_login", "no", "No"),
        ("node.session.scan", "manual", "manual"),
        ("node.conn[0].iscsi.HeaderDigest", ["CRC32C", "None"], "CRC32C,None"),
        ("node.session.auth.chap_algs", "sha256, md5", "SHA256,MD5"),
        ("node.session.auth.chap_algs", ["SHA256", "MD5", "sha256"], "SHA256,MD5"),
        (USERNAME, "$~\"x' #=\\\u00e9", "$~\"x' #=\\\u00e9"),
        (USERNAME, 5, "5"),
    ],
)
def test_values(key, value, text):
    assert settings_text.render_value(key, value) == text


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("node.session.queue_dept", 1, "Did you mean node.session.queue_depth?"),
        ("replacement_timeout", 1, "Did you mean node.session.timeo.replacement_timeout?"),
        ("zzzz", 1, "not a key"),
        ("node.session.queue_depth", 0, "not between"),
        ("node.session.queue_depth", True, "not a whole number"),
        ("node.session.queue_depth", "1.5", "not a whole number"),
        ("node.startup", "auto", "not one of"),
        ("node.session.auth.chap_algs", [], "not one of"),
        (USERNAME, {}, "has to be text"),
        (USERNAME, "", "empty"),
        (USERNAME, " x", "begins or ends with a blank"),
        (USERNAME, "x\r", "begins or ends with a blank"),
        (USERNAME, "x\ny", "line break"),
        (USERNAME, "\u00e9" * conf_text.MAX_VALUE_BYTES, "keeps 255 at most"),
    ],
)
def test_refused(key, value, words):
    with pytest.raises(SanError, match=words):
        settings_text.render_value(key, value)


@given(value=st.text())
def test_what_is_accepted_is_read_back(value):
    try:
        text = settings_text.render_value(USERNAME, value)
    except SanError:
        return
    lines = conf_text.set_key((), USERNAME, text)
    assert conf_text.effective(conf_text.parse_conf(conf_text.render_conf(lines), "f"), USERNAME) == value


def test_same_value():
    assert settings_text.same_value("node.session.queue_depth", "064", "64")
    assert settings_text.same_value("node.session.auth.chap_algs", "MD5, SHA1", "MD5,SHA1")
    assert settings_text.same_value("node.session.auth.chap_algs", "MD5,SHA1,MD5", "MD5,SHA1")
    assert not settings_text.same_value("node.session.auth.chap_algs", "SHA1,MD5", "MD5,SHA1")
    assert settings_text.same_value("node.session.queue_depth", "64 # deep", "64")
    assert not settings_text.same_value("node.session.queue_depth", "# 64", "64")
    assert not settings_text.same_value("node.startup", "Manual", "manual")
    assert not settings_text.same_value("node.startup", "manual # at boot", "manual")


@pytest.mark.parametrize(
    "key, current, text",
    [
        ("node.session.queue_depth", None, "32"),
        ("node.session.queue_depth", "64 # deep", "32 # deep"),
        ("node.session.queue_depth", "64k", "32"),
        ("node.session.queue_depth", "x # deep", "32"),
        ("node.session.queue_depth", "4 " + "x" * 253, "32"),
        (USERNAME, "64 # deep", "32"),
    ],
)
def test_a_remark_behind_a_number_stays(key, current, text):
    assert settings_text.with_remark(key, "32", current) == text


def test_secret_lengths():
    for size in range(8, 20):
        assert (settings_text.secret_warning("k", "x" * size) is None) == (size in settings_text.CHAP_SECRET_BYTES)
