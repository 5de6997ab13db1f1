"""Text: the Ansible inventory of a running lab, with what the white paper asks of its initiators as their variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .array_spec import Array, Lun, wwid
from .fleet import FABRICS, Host
from .ssh import Access, control_options


def render_inventory(hosts: tuple[Host, ...], accesses: dict[str, Access], array: Array) -> str:
    groups: dict[str, Any] = {"initiators": {"hosts": {}}, "arrays": {"hosts": {}}}
    for host in hosts:
        group, facts = ("arrays", array_facts(array)) if host.kind == "array" else ("initiators", initiator_facts(host, array))
        groups[group]["hosts"][host.name] = {**connection(accesses[host.name]), **facts}
    groups["initiators"]["vars"] = white_paper(array)
    return "# Written by tests/lab/lab up\n" + yaml.safe_dump({"all": {"children": groups}}, sort_keys=False, width=200)


def connection(access: Access) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": access.port,
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(access.key),
        "ansible_ssh_common_args": " ".join(["-F none", *known_hosts(access.known_hosts)]),
        "ansible_ssh_args": " ".join(control_options(access)),
    }


def known_hosts(path: Path) -> list[str]:
    return ["-o StrictHostKeyChecking=yes", f"-o UserKnownHostsFile='{path}'", "-o GlobalKnownHostsFile=/dev/null", "-o IdentitiesOnly=yes"]


def initiator_facts(host: Host, array: Array) -> dict[str, Any]:
    addresses = {fabric.name: [address.split("/")[0] for address in host.addresses(fabric)] for fabric in FABRICS}
    return {"lab_addresses": addresses, "lab_system_disk": "/dev/sda", "lab_spare_disk": "/dev/sdb", "lab_volumes": volumes(host, array)}


def white_paper(array: Array) -> dict[str, Any]:
    """The role's variables, so that playbooks/site.yml runs on a lab as it is; any other source of variables wins over them."""
    return {
        "iscsi_multipath_portals": portals_text(array),
        "iscsi_multipath_path_timeout": 30,
        "iscsi_multipath_volumes": "{{ lab_volumes }}",
    }


def volumes(host: Host, array: Array) -> list[dict[str, Any]]:
    """The volume of an initiator: a file system of its own, as long as there are LUNs."""
    volume = {
        "alias": "qsan",
        "policy": "multibus",
        "settings": {"path_selector": "round-robin 0", "failback": "manual", "rr_weight": "priorities", "no_path_retry": 5},
        "fstype": "ext4",
        "mount": "/mnt/DataCoreSAN",
    }
    return [{"wwid": wwid(lun), **volume} for lun in array.luns[host.number - 1 : host.number]]


def array_facts(array: Array) -> dict[str, Any]:
    return {
        "lab_targets": [{"name": target.name, "portals": [str(portal) for portal in target.portals]} for target in array.targets],
        "lab_portals": portals_text(array),
        "lab_luns": [lun_facts(lun) for lun in array.luns],
    }


def portals_text(array: Array) -> list[str]:
    return list(dict.fromkeys(str(portal) for target in array.targets for portal in target.portals))


def lun_facts(lun: Lun) -> dict[str, Any]:
    facts = {"name": lun.name, "lun": lun.lun, "wwid": wwid(lun), "size": lun.size}
    return {**facts, "vendor": lun.vendor, "product": lun.product, "targets": list(lun.targets)}
