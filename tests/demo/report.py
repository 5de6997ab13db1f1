"""Write result.json and report.html of the demonstration; exit 0 only when the file system is mounted over two active paths."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jinja2
from observe import MAP, MOUNT, observe

HOST = "initiator1"


def main(folder: Path) -> int:
    observed = observe(HOST)
    benchmark = json.loads((folder / "benchmark" / f"{HOST}.json").read_text())
    page = folder / "report.html"
    facts = {
        "mounted": observed.source == f"/dev/mapper/{MAP}",
        "device": observed.source,
        "mount": MOUNT,
        "active_paths": observed.active,
        "netdev": "_netdev" in observed.fstab,
        "report": str(page),
    }
    template = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined).from_string(
        Path(__file__).with_name("report.html.j2").read_text()
    )
    page.write_text(template.render(host=HOST, facts=facts, observed=observed, benchmark=benchmark))
    (folder / "result.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"{observed.topology}\n{observed.source or 'nothing'} is mounted at {MOUNT} over {observed.active} active paths; see {page}")
    return 0 if facts["mounted"] and facts["active_paths"] >= 2 and facts["netdev"] else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
