"""Holds our parsers and the editor of multipath.conf against files that others wrote: tests/corpus/compare DIR.

recorded.py says what is compared with what other parsers made of the files, as DIR has it. With --edits DIR is a directory
of files, and edits.py says what is done to each; with --micro it is the table of micro.py; with --iscsi it is as iscsi.py
says. Exit status 1 when there is a disagreement, or when there was nothing to compare.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edits import check_directory
from iscsi import parser_faults
from micro import micro_comparisons
from recorded import comparisons


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/corpus/compare", description=__doc__.partition("\n")[0])
    parser.add_argument("place", metavar="DIR", type=Path)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--edits", dest="way", action="store_const", const=check_directory, help="edit each file of DIR, beside the installed libmultipath")
    ways.add_argument("--micro", dest="way", action="store_const", const=micro_comparisons, help="DIR is a table of small configurations, see micro.py")
    ways.add_argument("--iscsi", dest="way", action="store_const", const=parser_faults, help="run the parsers of iscsiadm's output and of iscsid.conf over DIR")
    parser.set_defaults(way=comparisons)
    options = parser.parse_args()
    try:
        # What was compared, and how it differs.
        found = list(options.way(options.place))
    except FileNotFoundError as error:
        parser.error(f"{error}. What DIR has to hold is said in {Path(__file__).parent}")
    if not found:
        parser.error(f"{options.place}: nothing to compare. What DIR has to hold is said in {Path(__file__).parent}")
    wrong = ["\t".join((*subject, words)) for subject, differences in found for words in differences]
    for line in wrong:
        print(line)
    print(f"{len(wrong)} disagreements in {len(found)} comparisons")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
