"""The one file that runs other programs to their end (qemu.py starts the guests)."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError


@dataclass(frozen=True)
class Outcome:
    status: int
    stdout: str
    stderr: str


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})}


def run(argv: list[str], *, timeout: float, stdin: str = "", extra_env: dict[str, str] | None = None) -> Outcome:
    """Run a program and return its words; only a program that cannot be run or does not end raises."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout, env=environment(extra_env), check=False)
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]}: not installed; install the packages that tests/lab/README.md lists") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{argv[0]}: no end after {timeout:.0f} s; stopped it") from error
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_logged(argv: list[str], *, what: str, log: Path, timeout: float, extra_env: dict[str, str] | None = None) -> None:
    """Run a long program with its words in a log file; the last of them are in the error."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        stream.write(("\n$ " + " ".join(argv) + "\n").encode())
        stream.flush()
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, timeout=timeout, env=environment(extra_env), check=False)
        except FileNotFoundError as error:
            raise LabError(f"{what}: {argv[0]} is not installed; install the packages that tests/lab/README.md lists") from error
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{what}: {argv[0]} did not end within {timeout:.0f} s; its words are in {log}") from error
    if done.returncode != 0:
        raise LabError(f"{what}: {argv[0]} failed ({done.returncode}): {last_words(log)}; all of its words are in {log}")


def last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "error", "mke2fs:", "tar:", "cp:"))]
    return (errors or lines or ["no words"])[-1][:300]
