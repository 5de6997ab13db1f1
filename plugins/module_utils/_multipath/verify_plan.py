# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libmultipath makes of several files, and what a trial and the daemon show about named keys."""

from __future__ import annotations

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import merged_settings, merges_multipaths, settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._printable import printable

# Shown otherwise than written: uid and gid in octal, reservation_key with 0x, disable_changed_wwids as ignored, and the
# others as the program multipath sets them for itself.
_SHOWN_OTHERWISE = frozenset(("uid", "gid", "mode", "reservation_key", "disable_changed_wwids", "max_fds", "verbosity", "force_sync", "retrigger_tries"))

# What builds of Red Hat read in the place of a main file that is not there (libmultipath/config.c, load_config).
NO_FILE = ("blacklist", ("devnode", ".*"))


def check_winners(wanted, later):
    """Raises SanError naming the file that wins over a named value. later: the Conf of the files that are read after it.

    wanted: {key: meaning or None}, as Edit has it.
    """
    table = merged_settings(later)
    for key, meaning in wanted:
        winner = table.get(key)
        if winner is None or not _is_value(key) or meaning is None or winner.meaning == meaning:
            continue
        raise SanError(
            f"{show_key(key)}: {winner.place} sets it to {winner.text!r}, is read later and wins. "
            "Change it there (option path), or remove it there; nothing was changed."
        )


def check_aliases(wanted, table):
    """Raises SanError for a named alias that another WWID has. table: of the file itself, or of all files.

    libmultipath drops one of them since 0.8.5 (alias.c check_alias_settings); before, paths of two LUNs can get into one map.
    """
    asked, owners = dict(wanted), {}
    for key, setting in table.items():
        if key[0] == "multipaths" and key[-1] == "alias":
            owners.setdefault(asked.get(key) or setting.meaning, []).append(key)
    for key in (key for key, meaning in asked.items() if meaning and key[0] == "multipaths" and key[-1] == "alias"):
        other = next((other for other in owners.get(asked[key], ()) if other != key), None)
        if other:
            raise SanError(
                f"multipaths: {asked[key]} would be the alias of {key[1][0]} and of {other[1][0]} ({table[other].path}). An alias belongs to one LUN. "
                "Choose another one, or remove it there; nothing was changed."
            )


def overridden(wanted, table):
    """Warnings on named values that lose against the section overrides. table: of the file itself, or of all files."""
    asked = dict(wanted)
    protocols = [key for key in table if _is_protocol(key) and key not in asked]
    for key, meaning in asked.items():
        for winner, said in _winners(key, table, protocols) if meaning is not None else ():
            over = table[winner]
            if over.meaning != meaning:
                yield f"{show_key(key)}: {over.place} has {key[-1]} {over.text} in overrides, which wins for {said}."


def still_set(wanted, table):
    """Warnings on what is removed from one file and stands in another. table: of the files beside it."""
    for key, meaning in wanted:
        if meaning is None and key in table:
            yield f"{show_key(key)}: removed here, and still in {table[key].place}."


def doubled(edit, table, release):
    """Warnings on a WWID that an Edit gives a stanza beside the one of another file, to a release that merges them. table: of the files beside it."""
    for key, meaning in edit.wanted if merges_multipaths(release) else ():
        if key[0] == "multipaths" and not _is_value(key) and meaning is not None and key in table and show_key(key) in edit.changed_keys:
            yield f"{show_key(key)}: {table[key].place} has a stanza for it as well. libmultipath merges the two."


def unmet(wanted, effective, before, keywords, new_file=False):
    """(errors, warnings): what `multipath -t` shows otherwise than wanted. effective, before: its listings with and without the edit.

    new_file: there was no file before.
    """
    now, then = _listed(effective, keywords), _listed(before, keywords)
    wanted = [(printable(key), meaning) for key, meaning in wanted]
    if new_file:
        then.pop(NO_FILE, None)
    errors, warnings = [], []
    for key, meaning in wanted:
        if meaning is None or key[-1] in _SHOWN_OTHERWISE:
            continue
        shown = now.get(key)
        if shown is None and not _is_value(key) and not _is_half(key):
            errors.append(f"{show_key(key)}: libmultipath does not read it.")
        if shown is None or shown.meaning == meaning:
            continue
        said = f"{show_key(key)}: libmultipath takes it for {shown.text!r}."
        # A value that it changes, such as one beyond a limit, is in force; one that left all as it was is not.
        (errors if key in then and then[key].meaning == shown.meaning else warnings).append(said)
    warnings += _still_made(wanted, now)
    named = {key[:2] for key, meaning in wanted}
    named.update(entry for entry, stanza in _made(then).items() if stanza in named)
    gone = [show_key(key) for key in then if len(key) == 2 and isinstance(key[1], tuple) and key not in now and not _is_known_loss(key, named, now)]
    if gone:
        errors.append(f"{', '.join(gone[:5])}: no longer read with the edit.")
    return errors, warnings


def outdated(wanted, effective, daemon, keywords):
    """The named keys for which multipathd has another value in force than the files say. daemon: its `show config`."""
    if daemon == effective:
        return ()
    now, there = _listed(effective, keywords), _listed(daemon, keywords)
    found = []
    for key in (printable(key) for key, meaning in wanted if key[-1] not in _SHOWN_OTHERWISE):
        here, in_force = now.get(key), there.get(key)
        if (here is None) != (in_force is None) or (here and here.meaning != in_force.meaning):
            found.append(show_key(key))
    return tuple(found)


def _winners(key, table, protocols):
    """The keys of overrides that win over one of defaults, devices or overrides, each with the paths for which it does. protocols: those of protocols."""
    if key[0] in ("defaults", "devices") and ("overrides", key[-1]) in table:
        yield ("overrides", key[-1]), "every device"
    if key[0] in ("defaults", "devices", "overrides") and not _is_protocol(key):
        # libmultipath/propsel.c pp_set_ovr_pce
        yield from ((other, f"paths of the protocol {other[1][0]}") for other in protocols if other[-1] == key[-1])


def _is_protocol(key):
    """Whether a key is a value of a protocol section."""
    return key[0] == "overrides" and len(key) == 3


def _listed(text, keywords):
    return settings_of(parse_listing(text, keywords))


def _is_value(key):
    return len(key) == 3 or isinstance(key[1], str)


def _made(table):
    """The entries of the blacklist that product_blacklist makes, each with its devices section (libmultipath/blacklist.c setup_default_blist)."""
    makers = {key: setting.meaning for key, setting in table.items() if key[0] == "devices" and key[-1] == "product_blacklist"}
    return {("blacklist", ("device", key[1][0], product)): key[:2] for key, product in makers.items()}


def _still_made(wanted, now):
    made = _made(now)
    for key in (key for key, meaning in wanted if meaning is None and key in made):
        yield f"{show_key(key)}: removed, and still in force by product_blacklist of {show_key(made[key])}."


def _is_half(key):
    """Whether it is a device of a vendor or a product alone: two of them may be listed as one."""
    return key[1][0] == "device" and None in key[1]


def _is_known_loss(key, named, now):
    """Whether an entry goes because it is named, or is no entry of its own: a vendor and a product alone that stand in a row are listed as one device."""
    if key in named or _is_half(key):
        return True
    halves = [(key[0], half) for half in (("device", key[1][1], None), ("device", None, key[1][2]))] if key[1][0] == "device" else []
    return any(half in named or half in now for half in halves)
