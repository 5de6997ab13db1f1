#!/bin/sh
# The array's containers share the guest's kernel target; the image of the target container comes in as a tar file.
set -eu
root=$1
chroot "$root" systemctl --quiet enable lab-target.service
# They are started for a specification that names them, on its portals only.
chroot "$root" systemctl --quiet disable tgt.service isnsd.service
mkdir -p "$root/srv/luns" "$root/var/lib/lab"
