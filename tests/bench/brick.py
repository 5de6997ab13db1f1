"""The peer os-brick (OpenStack), from PyPI, in the guest: its iSCSI connector, a call of connect_volume per portal.

Without multipathd on the host it is asked for single paths: with use_multipath it would wait ten seconds per target for a map.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from measure import Failed
from san import HOST, LAB_COMMAND, ROOT, San, run, sh

PACKAGE = "os-brick"
PLACE = "/opt/os-brick"
KEPT = ROOT / "build/bench/os-brick"

CONNECT = f"""
import json, sys
sys.path.insert(0, "{PLACE}")
import os_brick
from os_brick import privileged
from os_brick.initiator import connector
from oslo_concurrency import lockutils
from oslo_config import cfg

cfg.CONF([], project="bench", default_config_files=[])
lockutils.set_defaults("/run/os-brick")
os_brick.setup(cfg.CONF)
# Root already: no helper process of another user.
for context in (privileged.default, privileged.brick_privsep_hide_output):
    context.set_client_mode(False)
iscsi = connector.InitiatorConnector.factory("ISCSI", None, use_multipath=False)
for target, address in json.loads(sys.argv[1]):
    iscsi.connect_volume({{"target_iqn": target, "target_portal": address + ":3260", "target_lun": 0, "target_discovered": False}})
"""


def connect(san: San) -> tuple[float, str]:
    """Log in to every portal of every target -> (seconds, its words). Raises Failed."""
    if sh(f"test -e {PLACE}/os_brick || echo missing")[1]:
        _install()
    return sh(f"cat > /run/brick.py <<'END'\n{CONNECT}\nEND\npython3 /run/brick.py '{json.dumps(san.pairs)}' 2>&1")


def _install() -> None:
    """Put it into the guest, as wheels for its Python."""
    version = sh("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'")[1].strip()
    shutil.rmtree(KEPT, ignore_errors=True)
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(KEPT), "--python-version", version, "--only-binary=:all:", PACKAGE]
    run(argv)
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
            tar.add(KEPT, ".", filter=_needed)
        archive.seek(0)
        sh(f"rm -rf {PLACE}; mkdir -p {PLACE}")
        done = subprocess.run([LAB_COMMAND, "ssh", HOST, f"tar -C {PLACE} -xz"], stdin=archive, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{PACKAGE}: {done.stderr.strip()[-300:]}")


def _needed(member: tarfile.TarInfo):
    """Half of it is what only an installation needs."""
    return None if Path(member.name).parts[:1] in (("setuptools",), ("bin",)) or member.name.endswith(".pyc") else member
