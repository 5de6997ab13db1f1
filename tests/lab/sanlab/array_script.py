"""Text: what the array runs to export exactly what a specification says, at every boot and when it changes.

One targetcli process reads all commands: starting one takes seconds in an emulated guest. Between the creation of the
backstores and of their exports the feeding shell writes what targetcli cannot: vendor, product and company of a LUN.
"""

from __future__ import annotations

import json
import shlex

from .array_spec import LIO, TGT, Array, Chap, Portal, Target
from .isns_script import STOP as STOP_ISNS
from .isns_script import render_isns
from .tgt_script import STOP as STOP_TGT
from .tgt_script import render_tgt

CORE = "/sys/kernel/config/target/core"
ISCSI = "/sys/kernel/config/target/iscsi"
PREFERENCES = "auto_add_default_portal=false auto_add_mapped_luns=true auto_save_on_exit=false export_backstore_name_as_model=false"

FUNCTIONS = f"""
patiently() {{ # command: until it succeeds, or a minute has passed
    tries=0
    until "$@" > /dev/null 2>&1; do
        tries=$((tries + 1)); [ $tries -lt 600 ] || {{ echo "not within a minute: $*" >&2; return 1; }}
        sleep 0.1
    done
}}
backstore() {{ ls -d {CORE}/*/"$1"; }}
enabled() {{ [ "$(cat {CORE}/*/"$1"/enable)" = 1 ]; }}
identify() {{ # name vendor product company: writable until the first export
    patiently enabled "$1"
    wwn=$(backstore "$1")/wwn
    printf %s "$2" > "$wwn/vendor_id"
    printf %s "$3" > "$wwn/product_id"
    if [ -e "$wwn/company_id" ]; then printf %s "0x$4" > "$wwn/company_id"; fi
}}
# By what ls finds: its exit status is bad also when one of several goes while it looks.
cleared() {{ [ -z "$(ls -d {CORE}/fileio_*/*/)" ]; }}
missing() {{ [ -e "$1" ] || {{ echo "not exported: $1" >&2; failed=1; }}; }}
"""


def render_script(array: Array) -> str:
    lio = array.of(LIO)
    parts = ["set -eu", FUNCTIONS, STOP_TGT, STOP_ISNS, render_addresses(array), render_faults(array), render_files(array)]
    # The backstores of before are gone before identify waits for the new ones.
    parts += ["feed() {", "echo clearconfig confirm=True", "patiently cleared", heredoc(render_backstores(lio))]
    parts += [render_identities(lio), heredoc(render_targets(lio)), "}"]
    parts += ["feed 2> /run/lab-array.feed | podman exec --interactive target targetcli > /run/lab-array.log 2>&1", render_checks(lio)]
    parts += [render_tgt(array.of(TGT)), render_isns(array)]
    return "\n".join(parts) + "\n"


def heredoc(text: str) -> str:
    return f"cat <<'END-OF-COMMANDS'\n{text}\nEND-OF-COMMANDS"


def portals_of(array: Array) -> list[Portal]:
    served = [portal for target in array.targets for portal in target.portals]
    return list(dict.fromkeys([*served, *([array.isns] if array.isns else [])]))


def render_addresses(array: Array) -> str:
    """Addresses of portals that are gone go too: they would refuse instead of not answering."""
    lines = [f"ip address flush dev {fabric} scope global" for fabric in ("fabric-a", "fabric-b")]
    for address, prefix, fabric in dict.fromkeys((portal.address, portal.prefix, portal.fabric) for portal in portals_of(array)):
        lines.append(f"ip address replace {address}/{prefix} dev {fabric}" + (" nodad" if ":" in address else ""))
    return "\n".join(lines)


def render_faults(array: Array) -> str:
    verdicts = {"refuse": "reject with tcp reset", "blackhole": "drop"}
    rules = []
    for portal in portals_of(array):
        if portal.fault:
            family = "ip6" if ":" in portal.address else "ip"
            rules.append(f"        {family} daddr {portal.address} tcp dport {portal.port} {verdicts[portal.fault]}")
    chain = "\n".join(["    chain portals {", "        type filter hook input priority 0;", *rules, "    }"])
    return "nft -f - <<'END-OF-RULES'\ntable inet lab\ndelete table inet lab\ntable inet lab {\n" + chain + "\n}\nEND-OF-RULES"


def render_files(array: Array) -> str:
    """A file keeps its content and only grows; a LUN that is to be blank starts again, but not when the array boots."""
    lines = []
    for lun in array.luns:
        if lun.blank:
            lines.append(f'if [ "${{LAB_BLANK:-no}}" = yes ]; then rm -f {lun.backing_file}; fi')
        lines.append(f"truncate -s '>{lun.size}' {lun.backing_file}")
    return "\n".join(lines)


def render_backstores(array: Array) -> str:
    lines = [f"set global {PREFERENCES}"]
    for lun in array.luns:
        write_back = "true" if lun.write_back else "false"
        what = f"name={lun.name} file_or_dev={lun.backing_file} size={lun.size} write_back={write_back} wwn={lun.serial}"
        lines.append(f"/backstores/fileio create {what}")
    return "\n".join(lines)


def render_identities(array: Array) -> str:
    return "\n".join(shlex.join(["identify", lun.name, lun.vendor, lun.product, lun.oui]) for lun in array.luns) or ":"


def render_targets(array: Array) -> str:
    lines = [line for target in array.targets for line in target_lines(target, array)]
    if array.discovery_chap:
        lines.append("/iscsi set discovery_auth enable=1 " + credentials(array.discovery_chap))
    return "\n".join([*lines, "exit"])


def target_lines(target: Target, array: Array) -> list[str]:
    tpg = f"/iscsi/{target.name}/tpg1"
    open_to_all = 0 if target.initiators else 1
    lines = [
        f"/iscsi create {target.name}",
        f"{tpg} set attribute generate_node_acls={open_to_all} demo_mode_write_protect=0 cache_dynamic_acls={open_to_all}",
        f"{tpg} set attribute authentication={1 if target.chap else 0}",
    ]
    lines += [f"{tpg}/luns create /backstores/fileio/{lun.name} lun={lun.lun}" for lun in array.luns if target.name in lun.targets]
    lines += [f"{tpg}/portals create {portal.address} {portal.port}" for portal in target.portals]
    lines += [f"{tpg}/acls create {initiator}" for initiator in target.initiators]
    if target.chap:
        lines.append(f"{tpg} set auth {credentials(target.chap)}")
        lines += [f"{tpg}/acls/{initiator} set auth {credentials(target.chap)}" for initiator in target.initiators]
    return [*lines, f"{tpg} enable"]


def credentials(chap: Chap) -> str:
    words = [f"userid={chap.username}", f"password={chap.password}"]
    if chap.username_in:
        words += [f"mutual_userid={chap.username_in}", f"mutual_password={chap.password_in}"]
    return " ".join(words)


def render_checks(array: Array) -> str:
    """targetcli's exit status is 0 whatever it could not do, and that of what feeds it is lost: the kernel's own tree says what is exported."""
    lines = ["failed=0"]
    for target in array.targets:
        tpg = f"{ISCSI}/{target.name}/tpgt_1"
        for portal in target.portals:
            lines.append(f"missing '{tpg}/np/{portal}'")
        lines += [f"missing {tpg}/lun/lun_{lun.lun}" for lun in array.luns if target.name in lun.targets]
    lines.append("if [ $failed = 1 ]; then tail -n 20 /run/lab-array.log >&2; cat /run/lab-array.feed >&2; exit 1; fi")
    return "\n".join(lines)


def describe(array: Array) -> str:
    return json.dumps({"targets": len(array.targets), "portals": len(portals_of(array)), "luns": len(array.luns)})
