# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark reads or writes: a device or a file, held so that nothing else can get at it, and the paths below."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from ansible_collections.linuxsan.host.plugins.module_utils._block.attribute_tool import attribute
from ansible_collections.linuxsan.host.plugins.module_utils._block.sysfs_tool import read_nodes
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError

DEFAULT_BLOCK = 512
# A mistyped device would be a new file in the memory of the host.
KERNEL_DIRECTORIES = ("/dev", "/proc", "/sys")


@contextlib.contextmanager
def exclusive(device):
    """Claim a device while it is written to: mount, mkfs, device-mapper and the like are refused by the kernel meanwhile -> its name, the claim."""
    try:
        handle = os.open(device, os.O_RDONLY | os.O_EXCL)
    except OSError as error:
        raise SanError(f"{device}: refused to write: it cannot be claimed: {error.strerror}. Somebody uses it: find out who and free it.") from error
    try:
        yield device, (handle,)
    finally:
        os.close(handle)


def check_place(path):
    """Raise SanError unless path names a file in a directory that is there."""
    if not os.path.isabs(path):
        raise SanError(f"path: {path!r} is not an absolute path. Give the whole path of the file.")
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        raise SanError(f"{directory}: no such directory for the test file. Mount the file system or create the directory.")


def check_file(path, mode, size, allow_overwrite):
    """Raise SanError when a file cannot be measured. size: bytes of a run. Nothing is created."""
    check_place(path)
    there = os.path.lexists(path)
    if there and not stat.S_ISREG(os.lstat(path).st_mode):
        raise SanError(f"{path}: not a plain file. Name a plain file, or a device with the option device.")
    kernel_owned = next((each for each in KERNEL_DIRECTORIES if os.path.realpath(path).startswith(f"{each}/")), None)
    if kernel_owned:
        raise SanError(f"{path}: refused: below {kernel_owned} is no storage to measure. Name a device with the option device, or a file on the file system.")
    if mode == "read":
        if not there:
            raise SanError(f"{path}: no such file to read. Name an existing file.")
        return
    if there and not allow_overwrite:
        raise SanError(f"{path}: refused to overwrite an existing file. Name a new one, or set allow_overwrite=true if it may be lost.")
    space = os.statvfs(os.path.dirname(path))
    if space.f_flag & os.ST_RDONLY:
        raise SanError(f"{path}: refused to write: the file system is mounted read-only. Mount it read-write, or name another file.")
    free = space.f_bavail * space.f_frsize + (os.stat(path).st_size if there else 0)
    if size > free:
        raise SanError(f"{path}: {size} bytes are asked for and the file system has {free} free. Choose a smaller bs or count.")


def check_backing(path, nodes):
    """Raise SanError when a loop device shows a file: what is written to the file changes the device, which may be mounted."""
    for node in nodes.values():
        if node.backing_file and os.path.exists(node.backing_file) and os.path.samefile(node.backing_file, path):
            raise SanError(f"{path}: refused to overwrite: it is what is on {node.name}. Detach it with losetup -d {node.device}, or name another file.")


@contextlib.contextmanager
def test_file(path):
    """A new file for a write -> the name to open it by, no claim; gone afterwards. It loses its name at once, so a killed run leaves nothing."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        next_step = "Name a new file." if error.errno == errno.EEXIST else "Look at the file system and its mode."
        raise SanError(f"{path}: the test file cannot be created: {error.strerror}. {next_step}") from error
    try:
        os.unlink(path)
        yield f"/proc/{os.getpid()}/fd/{handle}", ()
    finally:
        os.close(handle)


def node_of_file(path, nodes):
    """The Node of the device that holds a file or, for one to be made, its directory; None for NFS, btrfs and the like."""
    status = os.stat(path if os.path.exists(path) else os.path.dirname(path))
    dev = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    return next((node for node in nodes.values() if node.dev == dev), None)


def paths_below(node, nodes):
    """The paths of the multipath maps below a device, or the disks where there are none -> tuple of Node."""
    if node.slaves:
        below = [nodes[name] for name in node.slaves if name in nodes]
        if node.is_multipath:
            return tuple(below)
        return tuple({path.name: path for each in below for path in paths_below(each, nodes)}.values())
    return paths_below(nodes[node.parent], nodes) if node.parent else (node,)


def logical_block(node, nodes):
    """The smallest piece a direct read or write of a device can be, in bytes."""
    disk = nodes[node.parent] if node.parent else node
    size = attribute(disk.directory, "queue", "logical_block_size")
    return int(size) if size else DEFAULT_BLOCK


def all_nodes():
    """Every block device of the host, as read_nodes()."""
    return read_nodes()
