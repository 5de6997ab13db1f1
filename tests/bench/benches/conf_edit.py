"""One edit of a multipath.conf of 10, 500 and 5,000 stanzas, and which files of a directory, that others wrote, are refused.

The peer is the Multipath lens of Augeas, through augtool. Both start as a process, read the file, set a value, change an
alias, add a stanza, and replace the file. LINUXSAN_CONF_FILES names the directory of files; without it those of the unit
tests are taken. A file is refused by ours when it is for a user of multipath_conf: libmultipath would not take it, or would
read a line that matters otherwise than it looks. Augeas refuses what its lens cannot parse.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Iterator

from measure import Case, Failed, Subject, timed

from ansible_collections.linuxsan.host.plugins.module_utils._errors import SanError
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.effective_text import settings_of

SIZES = (10, 500, 5000)
UNITS = {"cpu": "s", "elapsed": "s"}
FIXTURES = Path(__file__).resolve().parents[2] / "unit/plugins/module_utils/_multipath/fixtures/conf"
LIBRARIES = [place for place in sys.path if place.endswith("site-packages")]

OURS = """
import sys
from ansible_collections.linuxsan.host.plugins.module_utils._file import read_text
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_plan import Wanted, edit_conf
from ansible_collections.linuxsan.host.plugins.module_utils._multipath.conf_text import parse_conf
path, wwid = sys.argv[1:]
multipaths = [{"wwid": wwid, "alias": "changed"}, {"wwid": "3new", "alias": "added"}]
edit = edit_conf(parse_conf(read_text(path), path), Wanted(defaults={"polling_interval": 7}, multipaths=multipaths))
with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
    file.write(edit.text)
"""
AUGEAS = """transform Multipath.lns incl /multipath.conf
load
set /files/multipath.conf/defaults/polling_interval 7
set /files/multipath.conf/multipaths/multipath[wwid='{wwid}']/alias changed
set /files/multipath.conf/multipaths/multipath[last()+1]/wwid 3new
set /files/multipath.conf/multipaths/multipath[last()]/alias added
save
print /augeas/files/multipath.conf/error
"""


def cases() -> Iterator[Case]:
    """An edit per size, and the files of the directory."""
    for size in SIZES:
        yield Case(size, Subject("linuxsan.host", lambda size=size: edit(size)), [Subject("augtool", lambda size=size: edit_by_augeas(size))], UNITS)
    place = Path(os.environ.get("LINUXSAN_CONF_FILES") or FIXTURES)
    files = sorted(file for file in place.iterdir() if file.is_file())
    # A file that is asked for twice gives the same answer.
    yield Case(len(files), Subject("linuxsan.host", lambda: refused(files)), [Subject("augtool", lambda: refused_by_augeas(files))], {"refused": "files"}, 1)


def conf_of(size: int) -> str:
    """A multipath.conf of that many stanzas."""
    stanzas = (f"\tmultipath {{\n\t\twwid {wwid(number)}\n\t\talias lun{number}\n\t\tno_path_retry fail\n\t}}\n" for number in range(size))
    return f"# a host\ndefaults {{\n\tpolling_interval 5\n\tfind_multipaths yes\n}}\nmultipaths {{\n{''.join(stanzas)}}}\n"


def wwid(number: int) -> str:
    return f"3600140500000000000000000000{number:05d}"


def edit(size: int) -> dict:
    """Ours, once."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, "multipath.conf")
        path.write_text(conf_of(size))
        figures, said = timed([sys.executable, "-c", OURS, str(path), wwid(size // 2)], {"PYTHONPATH": os.pathsep.join(LIBRARIES)})
        check(Path(work, "multipath.conf.new").read_text(), size, said)
    return figures


def edit_by_augeas(size: int) -> dict:
    """The peer, once."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, "multipath.conf")
        path.write_text(conf_of(size))
        script = Path(work, "script")
        script.write_text(AUGEAS.format(wwid=wwid(size // 2)))
        figures, said = timed([augtool(), "--noload", "--noautoload", "--root", work, "--file", str(script)])
        check(path.read_text(), size, said)
    return figures


def check(text: str, size: int, said: str) -> None:
    """Raises Failed when an edited text does not say what it should."""
    table = settings_of(parse_conf(text))
    expected = {
        ("defaults", "polling_interval"): "7",
        ("multipaths", (wwid(size // 2),), "alias"): "changed",
        ("multipaths", ("3new",), "alias"): "added",
    }
    wrong = [key for key, value in expected.items() if key not in table or table[key].text != value]
    stanzas = sum(1 for key in table if len(key) == 2 and key[0] == "multipaths")
    if wrong or stanzas != size + 1:
        raise Failed(f"{wrong} not set, {stanzas} stanzas of {size + 1}. {said}")


def refused(files: list[Path]) -> dict:
    """How many files ours does not edit."""
    return {"refused": sum(map(is_refused, files))}


def is_refused(file: Path) -> bool:
    wanted = Wanted(defaults={"polling_interval": 7}, multipaths=[{"wwid": "3new", "alias": "added"}])
    try:
        edit_conf(parse_conf(read_text(str(file)), str(file)), wanted)
    except SanError:
        return True
    return False


def refused_by_augeas(files: list[Path]) -> dict:
    """How many files the lens cannot parse."""
    failed = 0
    for file in files:
        with tempfile.TemporaryDirectory() as work:
            shutil.copy(file, Path(work, "multipath.conf"))
            script = Path(work, "script")
            script.write_text("transform Multipath.lns incl /multipath.conf\nload\nprint /augeas/files/multipath.conf/error\n")
            said = timed([augtool(), "--noload", "--noautoload", "--root", work, "--file", str(script)])[1]
            failed += "/error" in said
    return {"refused": failed}


def augtool() -> str:
    """The program. Raises Failed where it is not installed."""
    found = shutil.which("augtool")
    if found is None:
        raise Failed("augtool is not installed (augeas-tools).")
    return found
