"""effective.py [KEY...]: fails unless libmultipath reads these keys otherwise than at the last call, and nothing else.

Asks it twice, for what it makes of the files (`multipath -t`) and for what multipathd has in force (`show config`): both have
to have changed alike. A key is SECTION/KEYWORD or SECTION/BLOCK/KEYWORD, where BLOCK is the wwid, the vendor and the product,
or the type. Prints what has changed. The first call changes nothing and has no keys.
"""

import json
import subprocess
import sys
from pathlib import Path

RECORD = Path("/root/effective.json")
ASKED = (["multipath", "-t"], ["multipathd", "show", "config"])
IDENTITY = ("wwid", "vendor", "product", "type")


def main():
    now = [read(subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout) for argv in ASKED]
    then = json.loads(RECORD.read_text()) if RECORD.exists() else now
    RECORD.write_text(json.dumps(now))
    of_files, of_daemon = (changes(*pair) for pair in zip(then, now))
    print("\n".join(of_files))
    if of_files != of_daemon:
        sys.exit("multipathd has in force: " + "; ".join(of_daemon))
    changed = {line.split()[1] for line in of_files}
    if changed != set(sys.argv[1:]):
        sys.exit(f"read otherwise: {sorted(changed)}, to be: {sorted(sys.argv[1:])}")


def changes(then, now):
    """Lines that went (-) and came (+), each with its key first."""
    went, came = set(then) - set(now), set(now) - set(then)
    return sorted([f"- {line}" for line in went] + [f"+ {line}" for line in came], key=lambda line: line[2:])


def read(listing):
    """The listing as lines `KEY VALUE`. libmultipath lays it out: a keyword a line, a brace at its end or alone."""
    lines, section, block = [], None, None
    for words in (line.split(None, 1) for line in listing.splitlines() if line.strip()):
        if words[-1] == "{":
            section, block = (words[0], block) if section is None else (section, [])
        elif words == ["}"]:
            if block is None:
                section = None
            else:
                lines += named(section, block)
                block = None
        elif block is None:
            lines.append(f"{section}/{words[0]} {words[1]}")
        else:
            block.append(words)
    return lines


def named(section, block):
    """The lines of a block, each with the block's identity."""
    identity = ",".join(value.strip('"') for keyword, value in block if keyword in IDENTITY).replace(" ", "_")
    return [f"{section}/{identity}/{keyword} {value}" for keyword, value in block]


if __name__ == "__main__":
    main()
