"""Holds our parsers and the editor of multipath.conf against files that others wrote: tests/corpus/compare DIR.

recorded.py says what is compared with what other parsers made of the files, as DIR has it. With --edits DIR is a directory
of files, and edits.py says what is done to each; with --micro it is the table of micro.py; with --iscsi it is as iscsi.py
says. Exit status 1 when there is a disagreement.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edits import check_directory
from iscsi import parser_faults
from micro import micro_disagreements
from recorded import disagreements


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/corpus/compare", description=__doc__.partition("\n")[0])
    parser.add_argument("place", metavar="DIR", type=Path)
    parser.add_argument("--edits", action="store_true", help="edit each file of DIR, beside the installed libmultipath")
    parser.add_argument("--micro", action="store_true", help="DIR is a table of small configurations, see micro.py")
    parser.add_argument("--iscsi", action="store_true", help="run the parsers of iscsiadm's output and of iscsid.conf over DIR")
    options = parser.parse_args()
    if options.edits:
        wrong, counts = check_directory(options.place)
        for what, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            print(f"{count:6} {what}")
    elif options.iscsi:
        wrong = parser_faults(options.place)
    elif options.micro:
        wrong = list(micro_disagreements(options.place))
    else:
        wrong = list(disagreements(options.place))
    for words in wrong:
        print("\t".join(words))
    print(f"{len(wrong)} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
