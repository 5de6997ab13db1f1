"""Makes the guests' images: root file system, kernel, initrd."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .layout import SOURCES, Layout
from .machine import ROOT_UUID
from .mirror import find_mirror
from .process import run_logged
from .recipe import ARRAY_RELEASE, REPOSITORY, Recipe, fingerprint, packages_of, render_mmdebstrap, render_target_mmdebstrap, render_unpack

BUILD_BOUND = 1500
DISK_SIZE = "8G"
IMAGES = SOURCES / "images"


@dataclass(frozen=True)
class Image:
    kind: str
    release: str
    fingerprint: str
    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "disk.raw"


def keys_of(layout: Layout, say: Callable[[str], None]) -> Path:
    """The key pairs of every lab of this cache: root's and the guests' own."""
    return cache.entry(layout.cache, "keys", make_keys, say)


def image(kind: str, release: str, layout: Layout, say: Callable[[str], None]) -> Image:
    keys = keys_of(layout, say)
    recipe = read_recipe(kind, ARRAY_RELEASE if kind == "array" else release, keys)
    mark = fingerprint(recipe)
    name = f"image-{kind}-{recipe.release}-{mark}"

    def make(draft: Path) -> None:
        say(f"{kind}: building the {recipe.release} image (about a minute, log {layout.logs}/{name}.log)")
        build(recipe, draft, layout.logs / f"{name}.log")

    return Image(kind, recipe.release, mark, cache.entry(layout.cache, name, make, say))


def make_keys(draft: Path) -> None:
    for name in ("id_ed25519", "host_ed25519"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "linuxsan-lab", "-f", str(draft / name)]
        run_logged(argv, what="ssh keys of the lab", log=draft / "keys.log", timeout=30)


def read_recipe(kind: str, release: str, keys: Path) -> Recipe:
    files = {}
    for folder in (IMAGES / "common" / "files", IMAGES / kind / "files"):
        files.update({str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()})
    files["root/.ssh/authorized_keys"] = (keys / "id_ed25519.pub").read_text()
    files["etc/ssh/ssh_host_ed25519_key"] = (keys / "host_ed25519").read_text()
    files["etc/ssh/ssh_host_ed25519_key.pub"] = (keys / "host_ed25519.pub").read_text()
    scripts = (IMAGES / "common" / "customize.sh", IMAGES / kind / "customize.sh")
    hooks = tuple((str(script), script.read_text()) for script in scripts)
    return Recipe(kind, release, packages_of(kind), REPOSITORY if kind == "initiator" else (), files, hooks)


def build(recipe: Recipe, draft: Path, log: Path) -> None:
    log.unlink(missing_ok=True)
    what = f"image {recipe.kind}"
    mirror = find_mirror(os.environ.get("LINUXSAN_LAB_MIRROR"))
    overlay, archive, target = draft / "overlay.tar", draft / "root.tar", None
    write_overlay(overlay, recipe.files)
    if recipe.kind == "array":
        target = draft / "target.tar"
        run_logged(render_target_mmdebstrap(target, mirror), what=what, log=log, timeout=BUILD_BOUND)
    extra = {"LAB_REPOSITORY": " ".join(recipe.repository), "TMPDIR": str(draft)}
    run_logged(render_mmdebstrap(recipe, overlay, target, archive, mirror), what=what, log=log, timeout=BUILD_BOUND, extra_env=extra)
    unpack = ["sh", "-c", render_unpack(archive, draft, ROOT_UUID, DISK_SIZE)]
    in_namespace = [] if os.getuid() == 0 else ["unshare", "--map-root-user", "--map-auto", "--"]
    run_logged(in_namespace + unpack, what=what, log=log, timeout=300)
    for path in (overlay, target):
        if path:
            path.unlink()


def write_overlay(archive: Path, files: dict[str, str]) -> None:
    """A tar file of root's, whoever builds; scripts are what begins with #!."""
    with tarfile.open(archive, "w") as tar:
        for name, text in sorted(files.items()):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(text.encode())
            member.mode = 0o755 if text.startswith("#!") else 0o600 if "PRIVATE KEY" in text else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
