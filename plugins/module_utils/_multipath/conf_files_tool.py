# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that libmultipath reads, in its order, and a copy of one under a name that it does not read."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Tuple

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import copy_file, read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Conf, parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.multipath_tool import DROP_IN_DIRECTORY, MAIN_FILE, drop_in_names, is_main, is_read

# From this release on a file of conf.d has to end in .conf; before, .conf anywhere in its name was enough.
ENDS_IN_CONF = (0, 8, 4)
# config_dir of the main file's defaults names the directory before it.
FIXED_DIRECTORY = (0, 9, 0)


@dataclass(frozen=True)
class Others:
    """The files beside one, as Conf. earlier, later: those that are read before it and after it; the later wins."""

    earlier: Tuple[Conf, ...] = ()
    later: Tuple[Conf, ...] = ()


def read_others(path, text, keywords):
    """The Others of a file. text: what it is going to say, since the main file names the directory to old releases."""
    if not is_read(path):
        return Others()
    main = is_main(path)
    main_text = text if main else read_text(MAIN_FILE) or ""
    own = drop_in_names(path)
    files = [file for file in _drop_ins(keywords, main_text) if os.path.basename(file) not in own]
    confs = {os.fsencode(os.path.basename(file)): parse_conf(read_text(file) or "", file, keywords, True) for file in files}
    if main:
        return Others((), tuple(confs.values()))
    # A file of several names is read once under each, and what is said last counts.
    last = max(map(os.fsencode, own))
    earlier = tuple(conf for name, conf in confs.items() if name < last)
    return Others((parse_conf(main_text, MAIN_FILE, keywords), *earlier), tuple(conf for name, conf in confs.items() if name > last))


def texts_read(keywords):
    """The texts of all files."""
    main_text = read_text(MAIN_FILE) or ""
    return (main_text, *(read_text(file) or "" for file in _drop_ins(keywords, main_text)))


def drop_ins(directory, version):
    """The files of a directory that libmultipath reads, as a list of paths in the order of reading.

    version: gives the installed release, None where that is not known; asked only where it decides whether a file is read.
    """
    # alphasort in the C locale; dot files too.
    names = sorted(os.listdir(directory), key=os.fsencode) if os.path.isdir(directory) else []
    is_old = any(".conf" in name and not name.endswith(".conf") for name in names) and (_release(version) or ENDS_IN_CONF) < ENDS_IN_CONF
    files = [os.path.join(directory, name) for name in names if name.endswith(".conf") or (is_old and ".conf" in name)]
    return [file for file in files if os.path.isfile(file)]


def check_place(path, keywords):
    """Raises SanError when there is no directory for a file and make_place would not make it, and for a drop-in file of a name that is not read."""
    _check_directory(path)
    directory = _directory(keywords, read_text(MAIN_FILE) or "")
    files = [file for file in (os.path.abspath(path), os.path.realpath(path)) if os.path.realpath(os.path.dirname(file)) == os.path.realpath(directory)]
    if files and not is_read(path) and not any(file.endswith(".conf") for file in files):
        raise SanError(f"{path}: its name has to end in .conf, or libmultipath does not read it in {directory}. Choose such a name; nothing was changed.")


def make_place(path):
    """Make the directory of drop-in files for one; most packages come without it."""
    _check_directory(path)
    directory = os.path.dirname(os.path.realpath(path))
    try:
        os.makedirs(directory, 0o755, exist_ok=True)
    except OSError as error:
        raise SanError(f"{directory}: cannot be made: {error.strerror}. Free the cause and run again; nothing was changed.") from error


def back_up(module, path):
    """Copy a file beside itself, under a name that no release takes for a file of conf.d, and return that name."""
    real = os.path.realpath(path)
    name = os.path.basename(real)
    if not is_main(real):
        name = name.replace(".conf", "-conf")
    copy = os.path.join(os.path.dirname(real), f"{name}.{os.getpid()}.{time.strftime('%Y-%m-%d@%H:%M:%S')}~")
    copy_file(module, real, copy)
    return copy


def _release(version):
    try:
        return version()
    except SanError:
        # Where nobody can tell, as in a container, one of today's.
        return None


def _check_directory(path):
    directory = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(directory) and directory != os.path.realpath(DROP_IN_DIRECTORY):
        raise SanError(f"{path}: there is no directory {directory}. Make it, or name another path; nothing was changed.")


def _drop_ins(keywords, main_text):
    """The paths in the directory, in the order of reading."""
    return drop_ins(_directory(keywords, main_text), lambda: keywords.release)


def _directory(keywords, main_text):
    """That of drop-in files."""
    if keywords.release is None or keywords.release >= FIXED_DIRECTORY:
        return DROP_IN_DIRECTORY
    named = settings_of(parse_conf(main_text, MAIN_FILE, keywords)).get(("defaults", "config_dir"))
    return named.text if named else DROP_IN_DIRECTORY
