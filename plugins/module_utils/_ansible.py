# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows how Ansible runs a module: what we have to say becomes a result, a failed result or warnings."""

from __future__ import annotations

import functools
import signal
import zipimport

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._printable import printable

# A module reaches the host as an archive, and CPython compiles each file of it twice, the first time for its name alone (zipimport.get_filename).
# For those that are loaded after this one, nearly the first among the imports of a module, once is enough.
if hasattr(zipimport, "_get_module_code"):
    zipimport._get_module_code = functools.lru_cache(maxsize=None)(zipimport._get_module_code)


def run_module(module, work):
    """Call work(module) and leave with its dict as the result, or with the SanError it raised as the failure.

    ansible-core refuses a result that has bytes of another encoding, and with it what was changed would be lost.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Ended by one of these, it first puts back what it holds: Python's own default skips every finally.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)
    try:
        result = work(module)
    except SanError as error:
        module.fail_json(**printable(dict(error.facts, msg=str(error))))
    module.exit_json(**printable(result))


def _leave(number, frame):
    raise SystemExit(128 + number)


def warn(module, sentences):
    """Have them shown beside the result."""
    for words in sentences:
        module.warn(printable(words))
