"""The developer's commands; `make help` lists them. All run in the one .venv that `make setup` makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import antsibull_nox
import nox

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
NAME = "linuxsan.host"
# The white paper's path, and what must not go wrong on it.
SCENARIOS = ["default", "refusals"]

# One environment for all sessions: nothing is installed twice.
nox.options.default_venv_backend = "none"
nox.options.envdir = BUILD / "nox"
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

antsibull_nox.load_antsibull_nox_toml()


def source_files() -> list[Path]:
    """What git tracks or would track, of what is there: a change is checked before it is committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in sorted(set(listed.split("\0")) - {""}) if (ROOT / name).is_file()]


def copy_collection(place: Path) -> Path:
    """A fresh copy of the sources at the path that ansible-test insists on."""
    collection = place / "ansible_collections" / Path(*NAME.split("."))
    shutil.rmtree(collection, ignore_errors=True)
    for source in source_files():
        target = collection / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    # ansible-test asks git for the files. Below build/ the checkout's own repository would say that all are ignored.
    subprocess.run(["git", "init", "--quiet"], cwd=collection, check=True)
    return collection


def interpreters() -> dict[str, str]:
    """Version to path of the Pythons at hand that can make environments; pyenv's also when not selected."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = {}
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        name = f"python{version}"
        for path in filter(None, [shutil.which(name), *map(str, pyenv.glob(f"{version}.*/bin/{name}"))]):
            # The shims of pyenv are on the path and fail, and Debian's Pythons come without ensurepip.
            if subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
                found.setdefault(version, path)
    return found


@nox.session
def ruff(session: nox.Session) -> None:
    """Check the Python files; `make format` mends most of what it finds."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """Check roles, playbooks and examples against the production profile."""
    session.run("ansible-lint", *session.posargs)


@nox.session
def shellcheck(session: nox.Session) -> None:
    """Check the shell scripts, which are known by their first line."""
    shell = re.compile(rb"#!.*\b(ba)?sh\b")
    scripts = [str(path.relative_to(ROOT)) for path in source_files() if shell.match(path.read_bytes()[:64])]
    session.run("shellcheck", *scripts)


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments."""
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "--strict", "changelogs/changelog.yaml")


@nox.session
def sanity(session: nox.Session) -> None:
    """Run every ansible-test sanity test; arguments go to ansible-test."""
    from ansible_test._internal import python_requirements
    from ansible_test._util.target.common import constants

    place = BUILD / "sanity"
    home = ansible_test_home(place / "home", Path(python_requirements.__file__).read_text())
    known = constants.REMOTE_ONLY_PYTHON_VERSIONS + constants.CONTROLLER_PYTHON_VERSIONS
    targets = {version: path for version, path in interpreters().items() if version in known}
    # ansible-test looks for them on the path, where a shim that fails would hide one.
    folders = [str(Path(interpreter).parent) for interpreter in (sys.executable, *targets.values())]
    path = os.pathsep.join([*folders, os.environ["PATH"]])
    session.chdir(copy_collection(place))
    session.run(
        "ansible-test", "sanity", "--color=no", *(f"--target-python={version}" for version in targets),
        *session.posargs, env={"HOME": str(home), "PATH": path},
    )  # fmt: skip


def ansible_test_home(home: Path, requirements_source: str) -> Path:
    """A home directory where ansible-test finds pip without the network, and pip its configuration.

    ansible-test passes HOME and PATH on to pip and nothing else. For its environments it downloads get-pip from a host
    that is often out of reach, unless a script of that name is cached: ensurepip does the same without the network.
    """
    version = re.search(r"\bpip='([\d.]+)'", requirements_source)[1].replace(".", "_")
    get_pip = home / f".ansible/test/cache/get_pip_{version}.py"
    get_pip.parent.mkdir(parents=True, exist_ok=True)
    get_pip.write_text("import ensurepip\n\nensurepip.bootstrap()\n")

    options = {name[4:].lower().replace("_", "-"): value for name, value in os.environ.items() if name[:4] == "PIP_"}
    (home / ".pip").mkdir(exist_ok=True)
    (home / ".pip/pip.conf").write_text("[global]\nquiet = 2\n" + "".join(f"{k} = {v}\n" for k, v in options.items()))
    for name in (".cache", ".config"):
        if not (home / name).is_symlink():
            (home / name).symlink_to(Path.home() / name)
    return home


@nox.session
def units(session: nox.Session) -> None:
    """Run the unit tests, and those of what runs on managed hosts on the oldest Python as well."""
    session.run("pytest", "-n", "2", *session.posargs)
    oldest = interpreters().get("3.9")
    if oldest and not session.posargs:
        units_on_target(session, oldest)


def units_on_target(session: nox.Session, interpreter: str) -> None:
    """Run the tests of modules and module_utils with that Python, which is too old for the rest of Ansible."""
    import ansible

    place = BUILD / "units"
    python = place / "venv/bin/python"
    if not python.exists():
        session.run(interpreter, "-m", "venv", str(python.parent.parent))
        session.run(str(python), "-m", "pip", "install", "-qq", "-r", "tests/unit/requirements.txt")
    links = {"ansible": Path(ansible.__file__).parent, f"ansible_collections/{NAME.replace('.', '/')}": ROOT}
    for name, target in links.items():
        link = place / "lib" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    tests = [t for t in ("tests/unit/plugins/modules", "tests/unit/plugins/module_utils") if (ROOT / t).is_dir()]
    session.run(str(python), "-m", "pytest", "-n", "2", *tests, env={"PYTHONPATH": str(place / "lib")})


@nox.session
def docs(session: nox.Session) -> None:
    """Check the documentation and build the docsite: build/docs/html/index.html."""
    session.run(
        "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs",
        "--validate-collection-refs=dependent", ".",
    )  # fmt: skip
    place = BUILD / "docs"
    shutil.rmtree(place, ignore_errors=True)
    rst = place / "rst"
    rst.mkdir(parents=True, mode=0o755)
    session.run(
        "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error",
        "--dest-dir", str(rst), NAME,
    )  # fmt: skip
    session.run("sphinx-build", "-qW", "--keep-going", "-c", "docs/docsite", str(rst), str(place / "html"))


@nox.session
def molecule(session: nox.Session) -> None:
    """Run the scenarios that decide over a change, or those of the arguments, each on a lab of its own."""
    place = BUILD / "molecule"
    # In a collection molecule would look below extensions/ only, and it keeps what it has created below the home directory by the checkout's
    # last name: another checkout's run, or an interrupted one, made it pass over the creation.
    env = {"MOLECULE_GLOB": "molecule/*/molecule.yml", "MOLECULE_EPHEMERAL_DIRECTORY": str(place)}
    for scenario in session.posargs or SCENARIOS:
        shutil.rmtree(place, ignore_errors=True)
        session.run("molecule", "test", "--scenario-name", scenario, env=env)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against the peers: build/bench/results.json."""
    session.run("tests/bench/run", *session.posargs, external=True)


@nox.session
def dist(session: nox.Session) -> None:
    """Build the tarball, and see that it holds what it should."""
    session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(BUILD / "dist"))
