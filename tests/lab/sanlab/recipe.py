"""Text: what a guest's image is made of, its fingerprint, and the command line that builds it."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

RELEASES = ("trixie", "bookworm", "sid")
ARRAY_RELEASE = "trixie"
FORMAT = 3  # raise it when the way images are built changes without a change of their ingredients

BASE = (
    *("systemd-sysv", "udev", "openssh-server", "python3", "python3-apt", "e2fsprogs", "kmod", "iproute2", "iputils-ping"),
    *("procps", "linux-image-amd64", "initramfs-tools", "zstd"),
)
REPOSITORY = (*("open-iscsi", "multipath-tools", "multipath-tools-boot", "kpartx", "sysstat", "xfsprogs", "sg3-utils", "lsscsi"),)
NOT_UNPACKED = (
    *("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/lib/modules/*/kernel/sound/*"),
    *("/usr/lib/modules/*/kernel/drivers/gpu/*", "/usr/lib/modules/*/kernel/drivers/media/*"),
    *("/usr/lib/modules/*/kernel/drivers/net/wireless/*", "/usr/lib/modules/*/kernel/drivers/net/ethernet/*"),
    *("/usr/lib/modules/*/kernel/drivers/infiniband/*", "/usr/lib/modules/*/kernel/drivers/iio/*"),
)


@dataclass(frozen=True)
class Recipe:
    kind: str
    release: str
    packages: tuple[str, ...]
    repository: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)  # path in the image -> text
    hooks: tuple[tuple[str, str], ...] = ()  # path of the script here, its text


TARGET_PACKAGES = ("targetcli-fb", "kmod", "python3")


def packages_of(kind: str) -> tuple[str, ...]:
    return BASE + (("podman", "nftables", "dbus", "iptables", "tgt", "open-isns-server") if kind == "array" else ())


def fingerprint(recipe: Recipe, *more: str) -> str:
    """Changes with everything that goes into the image, the mirror apart."""
    ingredients = [
        *(FORMAT, recipe.kind, recipe.release, recipe.packages, recipe.repository, TARGET_PACKAGES, NOT_UNPACKED),
        *(sorted(recipe.files.items()), [hook[1] for hook in recipe.hooks], more),
    ]
    return hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:12]


def render_mmdebstrap(recipe: Recipe, overlay: Path, target: Path | None, output: Path, mirror: str) -> list[str]:
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", "--skip=cleanup/apt/lists"]
    argv += [f"--include={','.join(recipe.packages)}", f"--essential-hook=tar-in {shlex.quote(str(overlay))} /"]
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_UNPACKED]
    argv += [f"--customize-hook={hook[0]}" for hook in recipe.hooks]
    if recipe.release == "sid":
        # Its index is valid for a week only, and a mirror may be older.
        argv.append('--aptopt=Acquire::Check-Valid-Until "false"')
    if target:
        argv.append(f"--customize-hook=copy-in {shlex.quote(str(target))} /var/lib/lab")
    return [*argv, recipe.release, str(output), mirror]


def render_target_mmdebstrap(output: Path, mirror: str) -> list[str]:
    """The container of targetcli: no apt, no kernel, no init."""
    argv = ["mmdebstrap", "--quiet", "--variant=essential", "--format=tar", f"--include={','.join(TARGET_PACKAGES)}"]
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_UNPACKED]
    return [*argv, ARRAY_RELEASE, str(output), mirror]


def render_unpack(archive: Path, work: Path, root_uuid: str, size: str) -> str:
    """The shell script that makes the disk, the kernel and the initrd out of the root file system's archive.

    It runs in a user namespace when the user is not root: hence one script with its own clean-up.
    """
    root, disk = shlex.quote(f"{work}/root"), shlex.quote(f"{work}/disk.raw")
    target = shlex.quote(str(work))
    return "\n".join(
        [
            "set -eu",
            f"mkdir {root}",
            f"tar -C {root} --exclude='./dev/*' -xf {shlex.quote(str(archive))}",
            f"rm {shlex.quote(str(archive))}",
            f"mke2fs -q -t ext4 -m 0 -U {root_uuid} -E lazy_itable_init=0,lazy_journal_init=0 -d {root} {disk} {size}",
            f"cp {root}/boot/vmlinuz-* {target}/vmlinuz",
            f"cp {root}/boot/initrd.img-* {target}/initrd",
            f"cp {root}/var/lib/dpkg/status {target}/dpkg-status",
            f"rm -rf {root}",
        ]
    )


def digest_text(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
