"""tests/corpus/compare tells a disagreement, and does not take nothing for agreement."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = Path(__file__).parents[2] / "corpus/main.py"
LISTING = "defaults {\n\tpolling_interval 5\n}\n"
DIFF = "# exit 0\n--- a\n+++ b\n@@ -1,3 +1,3 @@\n defaults {\n-\tpolling_interval 5\n+\tpolling_interval 7\n }\n"


def compare(*arguments):
    """(exit status, last line of what it says)."""
    done = subprocess.run([sys.executable, str(MAIN), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1]


@pytest.fixture
def corpus(tmp_path):
    """Two files, judged by two parsers, one of which has told what was in force."""
    for name, text in {
        "multipath_conf/set.conf": "defaults {\n\tpolling_interval 7\n}\n",
        "multipath_conf/unknown.conf": "defaults {\n\tnonsense 7\n}\n",
        "multipath_conf.verdicts.tsv": "file\tu-0.9.4\tu-0.9.9\nset.conf\taccepted\taccepted\nunknown.conf\twarnings:invalid-keyword=1\taccepted\n",
        "effective/u-0.9.9/DEFAULT.conf": LISTING,
        "effective/u-0.9.9/set.conf.diff": DIFF,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_what_disagrees_and_how_much_was_compared_is_told(corpus):
    assert compare(corpus) == (1, "1 disagreements in 5 comparisons")
    verdicts = corpus / "multipath_conf.verdicts.tsv"
    verdicts.write_text(verdicts.read_text().replace("=1\taccepted", "=1\twarnings:invalid-keyword=1"))
    assert compare(corpus) == (0, "0 disagreements in 5 comparisons")
    (corpus / "effective/u-0.9.9/set.conf.diff").write_text(DIFF.replace("interval 7", "interval 8"))
    assert compare(corpus) == (1, "1 disagreements in 5 comparisons")


@pytest.mark.parametrize("missing", ["multipath_conf/set.conf", "multipath_conf.verdicts.tsv", "effective/u-0.9.9/DEFAULT.conf"])
def test_a_corpus_that_lacks_something_is_an_error(corpus, missing):
    (corpus / missing).unlink()
    status, said = compare(corpus)
    assert status == 2 and missing.rpartition("/")[2] in said


BY_LIBMULTIPATH = pytest.param(("--edits",), marks=pytest.mark.skipif(not shutil.which("multipath"), reason="--edits asks the installed libmultipath"))


@pytest.mark.parametrize("way", [(), BY_LIBMULTIPATH, ("--micro",), ("--iscsi",)])
@pytest.mark.parametrize("name", ["", "none"])
def test_nothing_is_no_agreement(tmp_path, way, name):
    place = tmp_path / name
    if way == ("--micro",) and not name:
        place = tmp_path / "table.tsv"
        place.write_text("test\tversions\tstatus\tprobes\tmessages\n")
    status, said = compare(*way, place)
    assert status == 2 and str(place) in said
