# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.blank_plan import (
    HEAD_BYTES,
    TAIL_BYTES,
    Findings,
    judge,
    regions,
)
from ansible_collections.linuxsan.host.plugins.module_utils._block.signature_text import Signature

NOTHING = Findings(
    size=1 << 30,
    partitions=(),
    in_use_by=(),
    claimed=False,
    head_zero=True,
    tail_zero=True,
    signatures=(),
    ambivalent=False,
)
EXT4 = Signature("wipefs", "ext4", "filesystem", 1080, None, None)
DATA = [
    ("partitions", ("sdb1",)),
    ("in_use_by", ("mounted on /mnt",)),
    ("claimed", True),
    ("head_zero", False),
    ("tail_zero", False),
    ("signatures", (EXT4,)),
    ("ambivalent", True),
]
UNKNOWN = [
    ("claimed", None),
    ("head_zero", None),
    ("tail_zero", None),
    ("signatures", None),
    ("ambivalent", None),
    ("size", None),
    ("size", 0),
    ("troubles", ("dd: Input/output error",)),
]


def test_a_device_without_any_sign_of_data_is_blank():
    assert judge(NOTHING).blank is True
    assert judge(NOTHING).reasons == ()


@pytest.mark.parametrize(("field", "value"), DATA)
def test_each_sign_of_data_is_enough(field, value):
    verdict = judge(replace(NOTHING, **{field: value}))
    assert verdict.blank is False
    assert len(verdict.reasons) == 1


@pytest.mark.parametrize(("field", "value"), UNKNOWN)
def test_what_is_not_known_is_never_taken_for_blank(field, value):
    verdict = judge(replace(NOTHING, **{field: value}))
    assert verdict.blank is None
    assert verdict.reasons


@given(st.dictionaries(st.sampled_from([name for name, value in UNKNOWN]), st.none()), st.sampled_from(DATA))
def test_a_sign_of_data_counts_whatever_else_is_unknown(unknown, sign):
    unknown = {name: value for name, value in unknown.items() if name not in (sign[0], "troubles")}
    assert judge(replace(NOTHING, **unknown, **dict([sign]))).blank is False


@given(st.data())
def test_blank_needs_every_single_answer(data):
    choices = {field.name: [getattr(NOTHING, field.name)] for field in fields(NOTHING)}
    for name, value in (*DATA, *UNKNOWN):
        choices[name].append(value)
    findings = Findings(**{name: data.draw(st.sampled_from(values)) for name, values in choices.items()})
    assert (judge(findings).blank is True) == (findings == NOTHING)


@given(st.integers(0, 1 << 50))
def test_the_regions_lie_on_the_device(size):
    (head, head_length), (tail, tail_length) = regions(size)
    assert head == 0
    assert tail + tail_length == size
    assert (head_length, tail_length) == (min(HEAD_BYTES, size), min(TAIL_BYTES, size))
