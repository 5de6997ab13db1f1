# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxsan.host.plugins.module_utils._block.mountinfo_text import Mount, parse_mountinfo
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# What the kernel escapes in a path (fs/proc_namespace.c, mangle()).
ESCAPED = " \t\n\\#"
PATHS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=30).map(lambda rest: "/" + rest)
WORDS = st.text(st.characters(whitelist_categories=("Ll", "Nd")), min_size=1, max_size=8)
DEVICES = st.builds("{}:{}".format, st.integers(0, 4095), st.integers(0, 1 << 20))
MOUNTS = st.builds(Mount, DEVICES, PATHS, PATHS, WORDS, st.one_of(PATHS, WORDS, st.just("")), st.integers(1, 1 << 20).map(str))
OPTIONAL = st.lists(st.sampled_from(["shared:1", "master:2", "propagate_from:3", "unbindable"]), max_size=3)


def escape(path):
    return "".join(f"\\{ord(each):03o}" if each in ESCAPED else each for each in path)


def render(mount, optional):
    fields = [
        mount.id,
        "35",
        mount.dev,
        escape(mount.root),
        escape(mount.mountpoint),
        "rw,noatime",
        *optional,
        "-",
        mount.fstype,
        escape(mount.source),
        "rw",
    ]
    return " ".join(fields) + "\n"


@given(st.lists(st.tuples(MOUNTS, OPTIONAL)))
def test_any_table_that_the_kernel_writes_is_read_back(table):
    assert parse_mountinfo("".join(render(*each) for each in table)) == tuple(mount for mount, optional in table)


@given(st.text())
def test_other_text_is_a_parse_error_or_empty(text):
    try:
        mounts = parse_mountinfo(text)
    except ParseError:
        return
    assert len(mounts) == len([line for line in text.split("\n") if line])


def test_the_table_of_this_host_is_read():
    mounts = parse_mountinfo(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    assert "/" in {mount.mountpoint for mount in mounts}


def test_a_mount_point_that_is_a_dash_is_no_separator():
    assert parse_mountinfo(render(Mount("8:1", "/", "-", "ext4", "/dev/sda1", "36"), ["shared:1"]))[0].source == "/dev/sda1"


@pytest.mark.parametrize("line", ["36 35 98:0 / /mnt rw", "36 35 98:0 / /mnt rw - ext4 /dev/sda", "36 35 x / /mnt rw - ext4 /dev/sda rw"])
def test_half_a_line_is_an_error_with_its_number(line):
    with pytest.raises(ParseError, match="mountinfo line 1"):
        parse_mountinfo(line)
