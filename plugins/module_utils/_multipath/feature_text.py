# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of a map that keywords of their own stand for (libmultipath/propsel.c reconcile_features_with_options)."""

from __future__ import annotations

QUEUEING = "queue_if_no_path"
RETAINING = "retain_attached_hw_handler"
# feature: the keyword and its value that libmultipath takes it for, and since which release.
STAND_INS = {
    QUEUEING: ("no_path_retry", "queue", (0, 7, 4)),
    RETAINING: (RETAINING, "yes", (0, 7, 2)),
}


def without_feature(features, feature):
    """(the features without one, whether they had it): of a text such as `1 queue_if_no_path`."""
    words = features.split()
    kept = [word for word in words[1:] if word != feature]
    return (" ".join((str(len(kept)), *kept)), True) if len(kept) + 1 < len(words) else (features, False)
