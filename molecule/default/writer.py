"""writer.py FILE STATE: writes random data to FILE past the cache, reads it back past the cache and compares, until STATE/stop is there.

STATE/rounds counts. Ends with an error at the first difference. The next block follows after a pause: on an emulated machine
I/O without one leaves no time for what is to be done meanwhile, and with one there is always some under way.
"""

import mmap
import os
import sys
import time
from pathlib import Path

BLOCK = 64 * 1024
BLOCKS = 16
PAUSE_SECONDS = 0.03


def main():
    target, state = sys.argv[1], Path(sys.argv[2])
    state.mkdir(parents=True, exist_ok=True)
    # Opened once: a device that goes away meanwhile must not become a file in its place.
    flags = os.O_RDWR | os.O_DIRECT | (0 if os.path.exists(target) else os.O_CREAT)
    file = os.open(target, flags, 0o600)
    count(state, 0)
    rounds = 0
    while not (state / "stop").exists():
        check_round(file)
        rounds += 1
        count(state, rounds)


def check_round(file):
    """Writes all blocks, then reads all of them."""
    # O_DIRECT wants memory at the boundary of a page.
    memory = mmap.mmap(-1, BLOCK)
    written = [os.urandom(BLOCK) for number in range(BLOCKS)]
    for number, data in enumerate(written):
        memory[:] = data
        if os.pwritev(file, [memory], number * BLOCK) != BLOCK:
            sys.exit(f"block {number}: written in part")
        time.sleep(PAUSE_SECONDS)
    os.fsync(file)
    for number, data in enumerate(written):
        if os.preadv(file, [memory], number * BLOCK) != BLOCK or memory[:] != data:
            sys.exit(f"block {number}: read otherwise than written")
        time.sleep(PAUSE_SECONDS)


def count(state, rounds):
    (state / "rounds.new").write_text(str(rounds))
    (state / "rounds.new").replace(state / "rounds")


if __name__ == "__main__":
    main()
