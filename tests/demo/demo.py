"""The demonstration: lab, site.yml, benchmark.yml, and then a look at the host from outside.

Leaves build/demo/result.json and build/demo/report.html. Exit status 0 only if the file system is mounted over at least
two active paths.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jinja2
import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLS = ROOT / ".venv/bin"
DEMO = ROOT / "build/demo"
LAB = ROOT / "tests/lab/lab"
LAB_STATE = Path(os.environ.get("LINUXSAN_LAB_DIR") or ROOT / "build/lab").absolute()
INVENTORY = LAB_STATE / "inventory.yml"
MAP, MOUNT = "qsan", "/mnt/DataCoreSAN"
# Enough to see both paths work, and short without KVM.
BENCHMARK = {"benchmark_count": 128, "benchmark_runs": 2, "benchmark_save": str(DEMO / "benchmark")}


def main() -> int:
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    try:
        say("Start the lab: an array with two controllers, and an initiator")
        run(str(LAB), "up")
        say("Connect the initiator: playbooks/site.yml")
        playbook("site")
        say("Measure: playbooks/benchmark.yml")
        playbook("benchmark", "--extra-vars", json.dumps(BENCHMARK))
    except subprocess.CalledProcessError as error:
        failed = f"{' '.join(map(str, error.cmd[:3]))}: exit status {error.returncode}"
        return finish({"mounted": False, "device": None, "active_paths": 0, "failed": failed})
    say("Look at the initiator from outside")
    host = next(iter(yaml.safe_load(INVENTORY.read_text())["all"]["children"]["initiators"]["hosts"]))
    seen = look_at(host)
    (DEMO / "report.html").write_text(render(seen))
    return finish(result_of(seen))


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def run(*argv: str) -> None:
    # A playbook of the checkout needs its ansible.cfg and its tools.
    env = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    subprocess.run(argv, cwd=ROOT, check=True, env=env)


def playbook(name: str, *more: str) -> None:
    run("ansible-playbook", "--inventory", str(INVENTORY), f"playbooks/{name}.yml", *more)


def ask(host: str, command: str) -> str:
    """What a command on the host says; nothing when it fails, as when a thing that it looks for is not there."""
    done = subprocess.run([str(LAB), "ssh", host, command], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def look_at(host: str) -> dict:
    """The host as its own programs show it; none of our modules is asked."""
    mounts = json.loads(ask(host, f"findmnt --json --bytes --output SOURCE,TARGET,FSTYPE,SIZE,USED,OPTIONS {MOUNT}") or "{}")
    maps = json.loads(ask(host, "multipathd show maps json") or '{"maps": []}')["maps"]
    saved = DEMO / "benchmark" / f"{host}.json"
    return {
        "host": host,
        "system": dict(re.findall(r'^(\w+)="?(.*?)"?$', ask(host, "cat /etc/os-release"), re.M)).get("PRETTY_NAME", ""),
        "kernel": ask(host, "uname -r").strip(),
        "sessions": [
            {"sid": sid, "portal": portal, "target": target}
            for sid, portal, target in re.findall(r"^tcp: \[(\d+)\] (\S+),\d+ (\S+)", ask(host, "iscsiadm -m session"), re.M)
        ],
        "map": next((item for item in maps if item["name"] == MAP), None),
        "map_size": int(ask(host, f"lsblk --noheadings --nodeps --bytes --output SIZE /dev/mapper/{MAP}") or 0),
        "mount": next(iter(mounts.get("filesystems", [])), None),
        "fstab": next((line for line in ask(host, "cat /etc/fstab").splitlines() if MOUNT in line.split()), ""),
        "disks": ask(host, "lsblk --output NAME,SIZE,TYPE,TRAN,FSTYPE,MOUNTPOINTS"),
        "benchmark": json.loads(saved.read_text()) if saved.exists() else {},
    }


def active_paths(seen: dict) -> list[dict]:
    groups = seen["map"]["path_groups"] if seen["map"] else []
    return [path for group in groups for path in group["paths"] if (path["dm_st"], path["chk_st"]) == ("active", "ready")]


def result_of(seen: dict) -> dict:
    device = seen["mount"]["source"] if seen["mount"] else None
    measured = {mode: (seen["benchmark"].get(mode) or {}).get("median_mb_per_s") for mode in ("read", "write")}
    return {
        "mounted": device == f"/dev/mapper/{MAP}",
        "device": device,
        "mount": MOUNT,
        "active_paths": len(active_paths(seen)),
        "sessions": len(seen["sessions"]),
        "fstype": seen["mount"]["fstype"] if seen["mount"] else None,
        "host": seen["host"],
        "mb_per_s": measured,
        "report": str((DEMO / "report.html").relative_to(ROOT)),
    }


def render(seen: dict) -> str:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.get_template("report.html.j2").render(seen, active=len(active_paths(seen)), result=result_of(seen))


def finish(result: dict) -> int:
    (DEMO / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    good = result["mounted"] and result["active_paths"] >= 2
    say("Done" if good else "Failed")
    for key, value in result.items():
        print(f"  {key:13} {value}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
