# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new multipath.conf put to use: tried by the installed libmultipath, written, loaded by multipathd, and verified.

For modules that edit the file: plan_conf in both modes, apply_conf in a real run.

    host = read_host(module)                                    # installed release, its keywords, whether multipathd runs
    old = read_text(path)
    edit = edit_conf(parse_conf(old or "", path, host.keywords), wanted)
    trial = try_conf(module, host, path, old, edit, validate)   # changes nothing; raises when refused
    steps, diff = trial.steps, trial.diff
    if not module.check_mode:
        applied = apply_conf(module, host, trial, reload, backup)
"""
from __future__ import annotations
