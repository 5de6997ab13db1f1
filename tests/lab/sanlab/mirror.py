"""Text: the Debian mirror this machine uses, from what apt says about its sources."""

from __future__ import annotations

from .errors import LabError
from .process import run

FALLBACK = "http://deb.debian.org/debian"


def parse_indextargets(text: str) -> list[dict[str, str]]:
    """apt-get indextargets: paragraphs of "Key: value"."""
    paragraphs = []
    for block in text.split("\n\n"):
        pairs = [line.partition(":") for line in block.splitlines() if ":" in line]
        if pairs:
            paragraphs.append({pair[0].strip(): pair[2].strip() for pair in pairs})
    return paragraphs


def choose_mirror(targets: list[dict[str, str]]) -> str | None:
    """The archive of main Debian: not its security archive, not another publisher's."""
    for target in targets:
        uri = target.get("Repo-URI", "").rstrip("/")
        if target.get("Target-Of") != "deb" or not uri.endswith("/debian"):
            continue
        if target.get("Origin", "Debian") == "Debian" and not target.get("Release", "").endswith("-security"):
            return uri
    return None


def find_mirror(override: str | None) -> str:
    if override:
        return override
    try:
        outcome = run(["apt-get", "indextargets"], timeout=60)
    except LabError:
        return FALLBACK  # not a Debian machine: mmdebstrap works there too
    return choose_mirror(parse_indextargets(outcome.stdout)) or FALLBACK
