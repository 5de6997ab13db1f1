"""What other parsers made of a corpus of files, as it was recorded, beside what the editor reads in them.

DIR/multipath_conf/FILE             the files
DIR/multipath_conf.verdicts.tsv     a line per file, a column per parser: accepted, warnings:KIND=COUNT,..., rejected...:...
DIR/effective/PARSER/DEFAULT.conf   its `multipath -t` without a file
DIR/effective/PARSER/FILE.diff      what the file changes in that; its first line is `# exit STATUS`
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Iterator, Mapping, Optional

from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import Conf, Problem, parse_conf, parse_listing
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import STANZAS, settings_of, show_key
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.fault_text import faults_of
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.feature_text import QUEUEING, without_feature
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.keyword_text import Keywords, all_paths, keyword_tree

# Parser: its release, and the keywords that the distribution took from a later one.
_PROTOCOL = [path for path in all_paths() if path[:2] == ("overrides", "protocol")]
_RED_HAT = {
    "rhel-8.10": ((0, 8, 4), ("eh_deadline", "recheck_wwid")),
    "rhel-9.8": ((0, 8, 7), ("auto_resize", "max_retries", "purge_disconnected")),
    "rhel-10.2": ((0, 9, 9), ("purge_disconnected",)),
}
# Our code: the kind of message in the verdicts.
KINDS = {
    "unknown": "invalid-keyword",
    "unknown block": "invalid-keyword",
    "unmatched": "unmatched-}",
    "stray": "brace-line",
    "extra": "extra-data",
    "missing": "missing-value",
    "duplicate": "dup-keyword",
    "unclosed": "missing-}",
    "deprecated": "deprecated",
    "count": "bad-arg-count",
    "value": "invalid-value",
    "capped": "invalid-value",
    "incomplete": "incomplete-section",
    "twice": "dup-section",
}
# The first release that says so; Red Hat's builds of 0.8.4 and 0.8.7 do.
_SAID_SINCE = {
    "invalid-keyword": (0, 7, 0),
    "dup-keyword": (0, 7, 0),
    "dup-section": (0, 7, 9),
    "missing-}": (0, 8, 4),
    "incomplete-section": (0, 7, 4),
    "deprecated": (0, 8, 7),
}
# Shown as the program was started, or in another spelling; config_dir and its like are shown as built in.
SHOWN_OTHERWISE = {"uid", "gid", "mode", "reservation_key", "max_fds", "verbosity", "uxsock_timeout", "max_polling_interval", "disable_changed_wwids"}


def keywords_of(parser: str) -> Keywords:
    """The keyword tree of a parser by its name: u-0.9.9, deb-0.9.4, rhel-9.8."""
    if parser in _RED_HAT:
        release, names = _RED_HAT[parser]
        return keyword_tree(release, frozenset([*(path for path in all_paths() if path[-1] in names), *_PROTOCOL]))
    return keyword_tree(tuple(int(part) for part in re.search(r"[\d.]+", parser).group().split(".")))


def comparisons(place: Path) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """((parser, file), how the editor differs from it) over all that is recorded."""
    for parser, verdicts in read_verdicts(place / "multipath_conf.verdicts.tsv").items():
        keywords = keywords_of(parser)
        if keywords.release < (0, 6, 0):
            continue
        for name, verdict in verdicts.items():
            yield (parser, name), list(judge_verdict(read_conf(place, name, keywords), verdict))
    defaults = sorted(place.glob("effective/*/DEFAULT.conf"))
    if not defaults:
        raise FileNotFoundError(f"No such file: {place}/effective/*/DEFAULT.conf")
    for default in defaults:
        parser, keywords = default.parent.name, keywords_of(default.parent.name)
        for diff in sorted(default.parent.glob("*.diff")):
            yield (parser, diff.stem), list(judge_effect(read_conf(place, diff.stem, keywords), default, diff))


def read_conf(place: Path, name: str, keywords: Keywords) -> Conf:
    """A file of the corpus."""
    text = read_text(str(place / "multipath_conf" / name))
    if text is None:
        raise FileNotFoundError(f"No such file: {place}/multipath_conf/{name}")
    return parse_conf(text, name, keywords)


def read_verdicts(file: Path) -> Mapping[str, Mapping[str, str]]:
    """Parser -> file -> verdict."""
    head, *lines = (line.split("\t") for line in file.read_text().splitlines())
    return {parser: {line[0]: line[column] for line in lines} for column, parser in enumerate(head) if column}


def judge_verdict(conf: Conf, verdict: str) -> Iterator[str]:
    """How the editor's list of problems differs from a verdict."""
    faults = faults_of(conf)
    fatal = [fault for fault in faults if fault.code == "refused"]
    if verdict.startswith("rejected") != bool(fatal):
        yield f"{verdict}, and the editor says {[fault.message for fault in fatal]}"
    if verdict.startswith(("rejected", "crash")):
        return
    said = Counter({kind: int(count) for kind, count in re.findall(r"([a-z}{-]+)=(\d+)", verdict)})
    # A deprecated keyword is told once.
    told = {(problem.code, problem.word if problem.code == "deprecated" else place): problem for place, problem in enumerate((*conf.problems, *faults))}
    ours = Counter(KINDS[problem.code] for problem in told.values() if problem.code in KINDS and not _is_silent(problem, conf.keywords.release))
    for problem in conf.problems:
        if problem.code == "brace":
            ours["expecting-{" if len(conf.lines.tokens(problem.line)) > 1 else "missing-{"] += 1
    release = conf.keywords.release
    for kind, first in _SAID_SINCE.items():
        if release < first:
            ours.pop(kind, None)
    if release >= (0, 7, 0):
        ours["invalid-keyword"] += ours["unmatched-}"]
    # That of queue_if_no_path is said where a section is merged with a built-in one.
    uncertain = {"deprecated"} if any(fault.code == "queueing" for fault in faults) else set()
    for kind in sorted({*KINDS.values(), "missing-{", "expecting-{"} - uncertain):
        if said[kind] != ours[kind]:
            yield f"{said[kind]} times {kind}, and the editor says {ours[kind]} times"


def _is_silent(problem: Problem, release: tuple) -> bool:
    """Whether a release says nothing about a problem of a kind that it has words for."""
    if problem.code == "incomplete":
        return problem.word == "multipath" and release < (0, 8, 4)
    return problem.code == "unclosed" and (release == (0, 8, 5) or bool(problem.block))


def judge_effect(conf: Conf, default: Path, diff: Path) -> Iterator[str]:
    """How the editor's reading of a file differs from what it changed in the listing of a parser."""
    listing = patched(default, diff)
    if listing is None:
        return
    before, after = (settings_of(parse_listing(text, conf.keywords)) for text in (default.read_text(), listing))
    yield from compare(conf, before, after)


def compare(conf: Conf, before: Mapping, after: Mapping) -> Iterator[str]:
    """How the editor's reading of a file differs from the listings without it and with it."""
    ours = settings_of(conf)
    for key, setting in ours.items():
        shown = after.get(key)
        # Of a device section that is merged with a built-in one, queue_if_no_path becomes no_path_retry.
        right = {setting.meaning, without_feature(setting.meaning, QUEUEING)[0]} if key[0] == "devices" and key[-1] == "features" else {setting.meaning}
        if key[-1] not in SHOWN_OTHERWISE and (shown is None or shown.meaning not in right):
            yield f"{show_key(key)}: {shown.text if shown else None!r} in force, and the editor says {setting.text!r}"
    for key, shown in after.items():
        there = before.get(key)
        if key not in ours and (there is None or there.meaning != shown.meaning) and key[-1] not in SHOWN_OTHERWISE:
            yield f"{show_key(key)}: {shown.text!r} in force, and the editor does not see it set"
    vendors = {key[1][0] for key in ours if key[0] == "devices"}
    for key in before:
        # A device section that the file names takes the place of the built-in one of that name, with its product_blacklist.
        built_in = key[0] in STANZAS or (key[1][0] == "device" and key[1][1] in vendors)
        if key not in after and key not in ours and not built_in:
            yield f"{show_key(key)}: no longer in force, and the editor does not see why"


def patched(default: Path, diff: Path) -> Optional[str]:
    """The listing that a diff makes of the default one; None where the file was refused."""
    changes = diff.read_text(encoding="utf-8", errors="surrogateescape")
    if not changes.startswith("# exit 0"):
        return None
    if "\n@@ " not in changes:
        return default.read_text()
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="surrogateescape") as out:
        subprocess.run(["patch", "--silent", "--force", "--output", out.name, str(default), str(diff)], check=True)
        return out.read()
