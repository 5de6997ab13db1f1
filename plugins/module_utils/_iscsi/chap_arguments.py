# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that hold CHAP secrets, the same in every module that has them."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._secret import SHOWN

ALGORITHMS = {"type": "list", "elements": "str", "choices": ["MD5", "SHA1", "SHA256", "SHA3-256"]}
CHAP = {
    "type": "dict",
    "options": {
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "username_in": {"type": "str"},
        "password_in": {"type": "str", "no_log": True},
        "algorithms": ALGORITHMS,
    },
    "required_together": [("username", "password"), ("username_in", "password_in")],
    "required_by": {"username_in": "username", "algorithms": "username"},
}


def hide_secrets(params):
    """Take the secrets out of a module's params, which are a part of every result and every failure."""
    options = [given for given in (params["chap"], params["discovery_chap"], params["settings"]) if given]
    if options:
        # Loaded for a task that has one: a host compiles our code at every run.
        from ansible_collections.linuxsan.host.plugins.module_utils._iscsi.conf_text import is_secret

        for given in options:
            given.update({key: SHOWN for key, value in given.items() if value and (key.startswith("password") or is_secret(key))})
