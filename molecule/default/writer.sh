#!/bin/sh
# writer.sh FILE STATE: writes random data to FILE past the cache, reads it back past the cache and compares, until
# STATE/stop is there. STATE/rounds counts. Ends with an error at the first difference.
set -eu
file=$1 state=$2
mkdir -p "$state"
rounds=0
# Created once: a device that goes away meanwhile must not become a file in its place.
[ -e "$file" ] || : > "$file"
echo 0 > "$state/rounds"
until [ -e "$state/stop" ]; do
    dd if=/dev/urandom of="$state/data" bs=64k count=16 2> /dev/null
    dd if="$state/data" of="$file" bs=64k oflag=direct conv=nocreat,fsync 2> /dev/null
    dd if="$file" bs=64k count=16 iflag=direct 2> /dev/null | cmp - "$state/data"
    rounds=$((rounds + 1))
    echo $rounds > "$state/rounds.new"
    mv "$state/rounds.new" "$state/rounds"
done
