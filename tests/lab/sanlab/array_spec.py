"""Text: an array specification (YAML) to records, every mistake named by its place."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Any

import yaml

from .errors import LabError
from .fleet import FABRICS

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
FAULTS = ("refuse", "blackhole")
LIO, TGT = "lio", "tgt"
LUNS = "/srv/luns"
ISNS_PORT = 3205


@dataclass(frozen=True)
class Chap:
    username: str
    password: str
    username_in: str | None = None  # what the target says of itself: mutual CHAP
    password_in: str | None = None


@dataclass(frozen=True)
class Portal:
    address: str
    port: int
    fabric: str
    prefix: int
    fault: str | None = None

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Target:
    name: str
    portals: tuple[Portal, ...]
    chap: Chap | None = None
    initiators: tuple[str, ...] = ()  # empty: any initiator
    server: str = LIO


@dataclass(frozen=True)
class Lun:
    name: str
    lun: int
    size: int
    serial: str
    vendor: str
    product: str
    oui: str
    blank: bool
    write_back: bool
    targets: tuple[str, ...]

    @property
    def backing_file(self) -> str:
        return f"{LUNS}/{self.name}.img"


@dataclass(frozen=True)
class Array:
    targets: tuple[Target, ...]
    luns: tuple[Lun, ...]
    discovery_chap: Chap | None = None  # of LIO
    isns: Portal | None = None  # where an iSNS server listens, which knows all targets

    def of(self, server: str) -> Array:
        """Its part that one implementation serves."""
        targets = tuple(target for target in self.targets if target.server == server)
        names = {target.name for target in targets}
        return replace(self, targets=targets, luns=tuple(lun for lun in self.luns if names & set(lun.targets)))


def parse_array(text: str) -> Array:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LabError(f"array specification: not YAML: {' '.join(str(error).split())}") from error
    top = check("array specification", document, {"targets", "luns"}, {"discovery_chap", "isns"})
    targets = tuple(target for number, entry in enumerate(listed("targets", top["targets"])) for target in targets_of(f"targets[{number}]", entry))
    names = tuple(target.name for target in targets)
    luns = tuple(lun for number, entry in enumerate(listed("luns", top["luns"])) for lun in luns_of(f"luns[{number}]", entry, names))
    unique("targets", names)
    unique("luns", [lun.name for lun in luns])
    unique("luns: WWID", [wwid(lun) for lun in luns])
    for name in names:
        unique(f"luns of {name}: number", [lun.lun for lun in luns if name in lun.targets])
    isns = portal_of("isns", top["isns"], ISNS_PORT) if top.get("isns") else None
    array = Array(targets, luns, chap_of("discovery_chap", top.get("discovery_chap")), isns)
    check_servers(array)
    return array


def check_servers(array: Array) -> None:
    """What tgtd cannot do, and the one entity at the iSNS server cannot have."""
    if array.isns and len({target.portals for target in array.targets}) != 1:
        raise LabError("isns: every target has the same portals, and there is one")
    lio, tgt = array.of(LIO), array.of(TGT)
    portals = [portal for target in lio.targets for portal in target.portals]
    for target in tgt.targets:
        if not target.portals or target.portals != tgt.targets[0].portals:
            raise LabError(f"targets: {target.name}: every target of tgt has the same portals")
        if set(target.portals) & set(portals):
            raise LabError(f"targets: {target.name}: a portal of tgt is none of a target of LIO")
    for lun in tgt.luns:
        if lun in lio.luns:
            raise LabError(f"luns: {lun.name}: tgt and LIO do not share a LUN")
        if lun.lun == 0:
            raise LabError(f"luns: {lun.name}: number 0 is tgt's own")


def listed(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise LabError(f"{where}: a list is needed")
    return value


def check(where: str, value: Any, needed: set[str], allowed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LabError(f"{where}: keys and values are needed, this is {type(value).__name__}")
    missing, unknown = needed - set(value), set(value) - needed - allowed
    if missing:
        raise LabError(f"{where}: {', '.join(sorted(missing))} is missing")
    if unknown:
        raise LabError(f"{where}: {', '.join(sorted(map(str, unknown)))} is not known; known are {', '.join(sorted(needed | allowed))}")
    return value


def unique(where: str, values: Any) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise LabError(f"{where}: {value} is there twice")
        seen.add(value)


def counted(where: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """count: 16 stands for 16 entries; {n} and {n:04x} in any of their values is the number, from 0."""
    count = entry.get("count", 1)
    if not isinstance(count, int) or not 1 <= count <= 4096:
        raise LabError(f"{where}.count: {count!r} is no number from 1 to 4096")
    if "count" not in entry:
        return [entry]
    rest = {key: value for key, value in entry.items() if key != "count"}
    return [numbered(where, rest, number) for number in range(count)]


def numbered(where: str, value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {key: numbered(where, item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [numbered(where, item, number) for item in value]
    if isinstance(value, str):
        try:
            return value.format(n=number)
        except (KeyError, IndexError, ValueError) as error:
            raise LabError(f"{where}: {value!r}: only {{n}} can be replaced ({error})") from error
    return value


def targets_of(where: str, entry: Any) -> list[Target]:
    check(where, entry, {"name", "portals"}, {"count", "chap", "initiators", "server"})
    return [target_of(where, one) for one in counted(where, entry)]


def target_of(where: str, entry: dict[str, Any]) -> Target:
    name = entry["name"]
    if not isinstance(name, str) or not re.fullmatch(r"(iqn|eui|naa)\.[a-z0-9.:-]{1,219}", name):
        raise LabError(f"{where}.name: {name!r} is no iSCSI name")
    portals = [portal_of(f"{where}.portals[{number}]", portal) for number, portal in enumerate(listed(f"{where}.portals", entry["portals"]))]
    initiators = tuple(listed(f"{where}.initiators", entry.get("initiators", [])))
    server = matched(f"{where}.server", entry.get("server", LIO), f"{LIO}|{TGT}")
    return Target(name, tuple(portals), chap_of(f"{where}.chap", entry.get("chap")), initiators, server)


def portal_of(where: str, entry: Any, usual_port: int = 3260) -> Portal:
    check(where, entry, {"address", "fabric"}, {"port", "prefix", "fault"})
    try:
        address = ipaddress.ip_address(entry["address"])
    except ValueError as error:
        raise LabError(f"{where}.address: {error}") from error
    if entry["fabric"] not in [fabric.name for fabric in FABRICS]:
        raise LabError(f"{where}.fabric: {entry['fabric']!r} is no fabric; there are {', '.join(fabric.name for fabric in FABRICS)}")
    if entry.get("fault") not in (None, *FAULTS):
        raise LabError(f"{where}.fault: {entry['fault']!r} is not known; known are {', '.join(FAULTS)}")
    port = number_of(f"{where}.port", entry.get("port", usual_port), 1, 65535)
    widest = 24 if address.version == 4 else 64
    prefix = number_of(f"{where}.prefix", entry.get("prefix", widest), 1, address.max_prefixlen)
    return Portal(str(address), port, entry["fabric"], prefix, entry.get("fault"))


def luns_of(where: str, entry: Any, names: tuple[str, ...]) -> list[Lun]:
    optional = {"count", "vendor", "product", "oui", "blank", "write_back", "targets"}
    check(where, entry, {"name", "lun", "size", "serial"}, optional)
    return [lun_of(where, one, names) for one in counted(where, entry)]


def lun_of(where: str, entry: dict[str, Any], names: tuple[str, ...]) -> Lun:
    targets = tuple(listed(f"{where}.targets", entry.get("targets", list(names))))
    for target in targets:
        if target not in names:
            raise LabError(f"{where}.targets: {target} is none of the targets")
    return Lun(
        name=matched(f"{where}.name", entry["name"], r"[A-Za-z0-9_-]{1,16}"),
        lun=number_of(f"{where}.lun", entry["lun"], 0, 16383),
        size=size_of(f"{where}.size", entry["size"]),
        serial=matched(f"{where}.serial", entry["serial"], r"[0-9a-f-]{8,40}"),
        vendor=matched(f"{where}.vendor", entry.get("vendor", "LIO-ORG"), r"[ -~]{1,8}"),
        product=matched(f"{where}.product", entry.get("product", "FILEIO"), r"[ -~]{1,16}"),
        oui=matched(f"{where}.oui", entry.get("oui", "001405"), r"[0-9a-f]{6}"),
        blank=entry.get("blank", False) is True,
        write_back=entry.get("write_back", True) is True,
        targets=targets,
    )


def matched(where: str, value: Any, pattern: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise LabError(f"{where}: {value!r} does not match {pattern} (quote a number that is meant as text)")
    return value


def number_of(where: str, value: Any, least: int, most: int) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        raise LabError(f"{where}: {value!r} is no number from {least} to {most}")
    return int(text)


def size_of(where: str, value: Any) -> int:
    match = re.fullmatch(r"([0-9]+)([KMGT]?)", str(value))
    size = int(match[1]) * UNITS[match[2]] if match else 0
    if size < 1 << 20 or size % 4096:
        raise LabError(f"{where}: {value!r} is no size of at least 1M in steps of 4096 bytes (512M, 2G)")
    return size


def chap_of(where: str, entry: Any) -> Chap | None:
    if entry is None:
        return None
    check(where, entry, {"username", "password"}, {"username_in", "password_in"})
    values = {key: matched(f"{where}.{key}", value, r"[!-~]{1,255}") for key, value in entry.items()}
    if ("username_in" in values) != ("password_in" in values):
        raise LabError(f"{where}: username_in and password_in belong together")
    return Chap(**values)


def wwid(lun: Lun) -> str:
    """As udev and multipath show it: NAA 6, the company, and 25 hex digits of the serial (kernel: spc_gen_naa_6h)."""
    digits = re.sub(r"[^0-9a-f]", "", lun.serial)
    return f"36{lun.oui}{digits[:25]:0<25}"
