# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program multipath."""

from __future__ import annotations

import os
import tempfile

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing
from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError, SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import Verdict, parse_release, parse_verdict

MAIN_FILE = "/etc/multipath.conf"
DROP_IN_DIRECTORY = "/etc/multipath/conf.d"
# Reading a configuration takes milliseconds; 0.10.0 to 0.14.3 never end on a polling_interval that is no number.
TEST_SECONDS = 20
QUICK_SECONDS = 30
VERSION_SECONDS = 10

# libmultipath reads fixed paths only, so a candidate is laid over them in a mount namespace of its own: nothing outside
# sees it, and nothing is left when it is killed. The text is constant; the paths are arguments, never part of it.
# $1 candidate, $2 the file it stands for, $3 an empty directory, $4 the option of multipath, $5 a directory that is to seem empty, or nothing. Where there
# is no such file, its directory is rebuilt, or the nearest one above it that is there.
_NAMESPACE_FAILED = 90
_IN_NAMESPACE = f"""
PATH="$PATH:/usr/sbin:/sbin:/usr/bin:/bin"
prepare() {{
    mount --make-rprivate / || return 1
    if [ -e "$2" ]; then
        mount --bind "$1" "$2"
        return
    fi
    directory=$(dirname "$2")
    there=$directory
    while [ ! -d "$there" ]; do there=$(dirname "$there"); done
    mount --bind "$there" "$3" && mount -t tmpfs tmpfs "$there" || return 1
    for entry in "$3"/* "$3"/.[!.]*; do
        [ -e "$entry" ] && set -- "$@" "$entry"
    done
    candidate=$1 name=$2
    shift 3
    [ $# -eq 0 ] || ln -s "$@" "$there" || return 1
    mkdir -p "$directory" || return 1
    cat "$candidate" > "$name"
}}
prepare "$1" "$2" "$3" || exit {_NAMESPACE_FAILED}
[ ! -d "$5" ] || mount -t tmpfs tmpfs "$5" || exit {_NAMESPACE_FAILED}
exec multipath "$4"
"""


class NoNamespace(SanError):
    """A candidate cannot be tried here before it is in place: no mount namespace, as in most containers."""


class Hangs(SanError):
    """multipath -t did not end on a configuration and was killed."""


class Multipath:
    """A method per verb. run: plugins/module_utils/_command.py's, or a test's."""

    def __init__(self, run):
        self._run = run

    def version(self):
        """The release, (0, 9, 4), or None when multipath is not installed. Raises ParseError."""
        try:
            result = self._run(["multipath", "-h"], VERSION_SECONDS)
            return parse_release(result.stdout + result.stderr)
        except ProgramMissing:
            return None
        except (ParseError, CommandTimeout) as error:
            # It reads the configuration first, and says nothing of itself when it refuses it or hangs on it.
            return self._version_without_conf(error)

    def test_conf(self, path=MAIN_FILE, text=None):
        """What libmultipath says about the configuration, as a Verdict.

        text: read in place of the file at path, which stays as it is; None: the files as they are. A path that
        libmultipath does not read is tried as the main file. Raises NoNamespace, and Hangs.
        """
        try:
            if text is None:
                result = self._run(["multipath", "-t"], TEST_SECONDS)
            else:
                result = self._run_with_candidate(path if is_read(path) else MAIN_FILE, text, "-t")
        except CommandTimeout as error:
            raise Hangs(f"{path}: multipath -t does not end on it: {error} A polling_interval that is no number does that.") from error
        verdict = parse_verdict(result.rc, result.stdout, result.stderr)
        if is_read(path):
            return verdict
        return Verdict(verdict.accepted, tuple(said.replace(MAIN_FILE, path) for said in verdict.complaints), verdict.effective)

    def backported(self, paths):
        """Those of some keyword paths that this build reads although its release number is too low for them."""
        lines, places = [], {}
        for path in paths:
            lines += [f"{block} {{" for block in path[:-1]]
            places[len(lines) + 1] = path
            lines += [f"{path[-1]} 1", *("}" for block in path[:-1])]
        try:
            verdict = self.test_conf(MAIN_FILE, "\n".join(lines) + "\n")
        except (NoNamespace, Hangs):
            # One of the other files may be the one on which it hangs.
            return frozenset()
        # Other files have lines of these numbers too.
        unknown = {path for at, path in places.items() if any(f"{MAIN_FILE} line {at}, invalid keyword" in said for said in verdict.complaints)}
        return frozenset(paths) - unknown

    def add_wwid(self, wwid):
        """Register a WWID in the wwids file, so that find_multipaths lets its paths form a map."""
        result = self._run(["multipath", "-a", wwid], QUICK_SECONDS)
        if result.rc != 0:
            raise SanError(f"WWID {wwid}: multipath -a did not register it: {result.words}. Look at /etc/multipath/wwids.")

    def _version_without_conf(self, error):
        try:
            result = self._run_with_candidate(MAIN_FILE, "", "-h", DROP_IN_DIRECTORY)
        except (NoNamespace, CommandTimeout):
            raise error from None
        return parse_release(result.stdout + result.stderr)

    def _run_with_candidate(self, path, text, option, without=""):
        with tempfile.TemporaryDirectory(prefix="linuxsan-") as work:
            candidate, aside = os.path.join(work, "candidate"), os.path.join(work, "aside")
            os.mkdir(aside)
            with open(candidate, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)
            try:
                program = ["unshare", "--mount", "sh", "-c", _IN_NAMESPACE, "sh"]
                result = self._run([*program, candidate, os.path.realpath(path), aside, option, without], TEST_SECONDS)
            except ProgramMissing as error:
                raise NoNamespace(str(error)) from error
        if result.rc == _NAMESPACE_FAILED or result.stderr.startswith("unshare: "):
            raise NoNamespace(f"{path}: cannot be laid over in a mount namespace: {result.words}. Run as root on the host itself.")
        return result


def is_read(path):
    """Whether libmultipath reads a file at all, under the name of path or another one. A link in its directory is read, whatever it leads to."""
    return is_main(path) or bool(drop_in_names(path))


def is_main(path):
    """Whether a path leads to the main file."""
    return os.path.realpath(path) == os.path.realpath(MAIN_FILE)


def is_drop_in(path):
    """Whether a path leads to a file that is read from the directory of drop-in files, and is not the main file."""
    return not is_main(path) and bool(drop_in_names(path))


def drop_in_names(path):
    """The names under which the file of a path is read, or would be, in the directory of drop-in files: those of links to it too."""
    real, directory = os.path.realpath(path), os.path.realpath(DROP_IN_DIRECTORY)
    there = os.listdir(directory) if os.path.isdir(directory) else []
    files = [file for file in (os.path.abspath(path), real) if os.path.realpath(os.path.dirname(file)) == directory]
    files += [file for file in (os.path.join(directory, name) for name in there) if os.path.realpath(file) == real]
    return {os.path.basename(file) for file in files if file.endswith(".conf")}
