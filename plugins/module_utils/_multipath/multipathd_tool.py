# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon multipathd, asked through `multipathd COMMAND`. Its exit status is 0 for many a failure: the answers count."""

from __future__ import annotations

import os
import re
import time

from ansible_collections.linuxsan.host.plugins.module_utils._command import CommandTimeout, ProgramMissing
from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.paths_text import PATHS_FORMAT
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.verdict_text import parse_daemon_state
from ansible_collections.linuxsan.host.plugins.module_utils._wait import wait_until

# multipathd itself gives up on a command after uxsock_timeout, 4 s unless configured higher, and answers "timeout".
COMMAND_SECONDS = 60
# A reconfigure looks at every path; one that does not answer costs the checker's timeout (30 s by default).
IDLE_SECONDS = 120
# While another thread of multipathd has its locks, a question is answered "timeout", and before 0.9 a reconfigure "fail"
# (multipathd/cli_handlers.c cli_reconfigure). How long it is asked again unless the task says otherwise, and how often.
BUSY_SECONDS = 60
BUSY_INTERVAL_SECONDS = 1.0
BUSY = ("fail", "timeout", "busy")
CONF_LINE = re.compile(r"\.conf line \d+")


class MultipathdError(SanError):
    """multipathd did not do what it was asked. answer: its own word, such as fail, timeout, busy or empty."""

    def __init__(self, message, answer=""):
        super().__init__(message)
        self.answer = answer


class Multipathd:
    """A method per verb, each bounded in time. run: plugins/module_utils/_command.py's, or a test's.

    A method raises MultipathdError with the daemon's own words when it does not answer ok. patience: for how many seconds from now on a
    daemon that is busy is asked again what can be asked twice, which is show and reconfigure.
    """

    def __init__(self, run, proc="/proc", patience=BUSY_SECONDS):
        self._run = run
        self._proc = proc
        self._patient_until = time.monotonic() + patience

    def running(self):
        """True when the daemon runs. Looks at the processes: a question would start it where systemd listens on its socket."""
        return any(_is_daemon(os.path.join(self._proc, name)) for name in os.listdir(self._proc) if name.isdigit())

    def check_running(self):
        """Raises MultipathdError when the daemon has ended, as it does on a file that libmultipath refuses."""
        if not self.running():
            raise MultipathdError("multipathd: ended while it loaded the configuration. Look at journalctl -u multipathd and start it again.", "ended")

    def reconfigure(self):
        """Read the configuration again and wait until that is done. Never restarts the daemon."""
        _check_ok(("reconfigure",), self._ask_patiently("reconfigure"))
        # It answers before it has begun.
        settled = wait_until(lambda: not self.running() or self._is_settled(), IDLE_SECONDS, 0.2)
        self.check_running()
        if not settled:
            raise MultipathdError(f"multipathd: still busy {IDLE_SECONDS} s after reconfigure. Look at journalctl -u multipathd.", "busy")

    def show_daemon(self):
        """The daemon's state: idle, running, configure, ..."""
        return _state(self._show("daemon"))

    def show_status(self):
        """The text of `show status`."""
        return self._show("status")

    def show_config(self):
        """The text of the whole configuration in force."""
        return self._show("config")

    def show_config_local(self):
        """The text of the configuration in force, of the devices only what this host has (0.7.8 and later)."""
        return self._show("config", "local")

    def show_maps_json(self):
        """The text of `show maps json`; topology_text parses it."""
        return self._show("maps", "json")

    def show_map_json(self, name):
        """The text of `show map NAME json`."""
        return self._show("map", name, "json")

    def show_paths(self):
        """The text of `show paths`, also those in no map; paths_text parses it. Without %c, which cuts the answer before 0.9.4."""
        return self._show("paths", "raw", "format", PATHS_FORMAT)

    def add_path(self, name):
        """Add a path, sdc."""
        self._do("add", "path", name)

    def remove_path(self, name):
        """Forget a path, sdc."""
        self._do("del", "path", name)

    def add_map(self, name):
        """Add a map by WWID, alias or dm name."""
        self._do("add", "map", name)

    def remove_map(self, name):
        """Flush a map."""
        self._do("del", "map", name)

    def resize_map(self, name):
        """Let a map take the size of its paths."""
        self._do("resize", "map", name)

    def reload_map(self, name):
        """Load the table of a map again."""
        self._do("reload", "map", name)

    def reset_map(self, name):
        """Forget the switched path groups of a map, so that the best one is chosen again."""
        self._do("reset", "map", name)

    def disable_queueing(self, name):
        """Let I/O to a map without paths fail, until it is restored or the daemon reconfigured."""
        self._do("disablequeueing", "map", name)

    def restore_queueing(self, name):
        """Undo disable_queueing."""
        self._do("restorequeueing", "map", name)

    def _do(self, *words):
        _check_ok(words, self._ask(*words))

    def _show(self, *words):
        answer = self._ask_patiently("show", *words)
        if _is_busy(answer):
            said = f"multipathd show {' '.join(words)}: {_words(answer)}"
            raise MultipathdError(f"{said}. It is busy, or waits for a path that does not answer: look at journalctl -u multipathd.", answer.strip())
        return answer

    def _is_settled(self):
        answer = self._ask("show", "daemon")
        return not _is_busy(answer) and _state(answer) in ("idle", "running")

    def _ask_patiently(self, *words):
        answers = []

        def is_told():
            answers.append(self._ask(*words))
            # Where systemd listens on its socket, the next question would start one that is about to end.
            return not _is_busy(answers[-1]) or not self.running()

        wait_until(is_told, self._patient_until - time.monotonic(), BUSY_INTERVAL_SECONDS)
        return answers[-1]

    def _ask(self, *words):
        shown = " ".join(("multipathd", *words))
        try:
            result = self._run(["multipathd", *words], COMMAND_SECONDS)
        except ProgramMissing as error:
            raise MultipathdError(f"{shown}: {error}", "missing") from error
        except CommandTimeout as error:
            # A client reads the configuration too, and one of 0.10.0 to 0.14.3 never ends on a polling_interval that is no number.
            said = f"{error.told}. Mend that file and run again." if CONF_LINE.search(error.said) else str(error)
            raise MultipathdError(said, "timeout") from error
        if result.rc != 0 and not result.stdout.strip():
            raise MultipathdError(f"{shown}: {result.words}. Look whether multipathd runs: systemctl status multipathd.", result.words)
        return result.stdout


def _check_ok(words, answer):
    if answer.strip() != "ok":
        raise MultipathdError(f"multipathd {' '.join(words)}: {_words(answer)}. Look at journalctl -u multipathd.", answer.strip())


def _state(answer):
    state = parse_daemon_state(answer)
    if state is None:
        raise MultipathdError(f"multipathd show daemon: {_words(answer)}. Look at journalctl -u multipathd.", answer.strip())
    return state


def _is_busy(answer):
    # The client has words of its own as well: "timeout receiving packet".
    return answer.strip() in BUSY or answer.lstrip().startswith("timeout")


def _words(answer):
    return f"it answered {answer.strip()!r}" if answer.strip() else "it gave no answer"


def _is_daemon(directory):
    """Whether a process is the daemon and no client: a client has the words of its command as arguments."""
    try:
        with open(os.path.join(directory, "comm"), encoding="utf-8", errors="replace") as file:
            if file.read().strip() != "multipathd":
                return False
        with open(os.path.join(directory, "cmdline"), encoding="utf-8", errors="replace") as file:
            arguments = file.read().split("\0")[1:]
    except OSError:
        # It has ended meanwhile.
        return False
    return all(argument.startswith("-") and not argument.startswith("-k") for argument in arguments if argument and not argument.isdigit())
