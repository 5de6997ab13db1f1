#!/bin/sh
# Puts an apt repository of what the tests install into the image: installation is real, quick and offline.
# LAB_REPOSITORY is the list of packages; what they depend on comes along, what the image has already does not.
set -eu
root=$1
rm -f "$root"/var/cache/apt/archives/*.deb
echo "$LAB_REPOSITORY" | APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" xargs apt-get -qq -y --no-install-recommends --download-only install
mkdir -p "$root/srv/apt"
mv "$root"/var/cache/apt/archives/*.deb "$root/srv/apt/"
cd "$root/srv/apt"
for deb in *%3a*.deb; do      # apt writes an epoch into the file's name, the index does not
    if [ -e "$deb" ]; then mv "$deb" "$(printf %s "$deb" | sed 's/_[0-9]*%3a/_/')"; fi
done
for deb in *.deb; do
    version=$(dpkg-deb -f "$deb" Version)
    APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-cache show "$(dpkg-deb -f "$deb" Package)=$version"
    echo
done | sed 's#^Filename: .*/#Filename: ./#' > Packages
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/apt ./' > "$root/etc/apt/sources.list"
chroot "$root" apt-get -qq update
