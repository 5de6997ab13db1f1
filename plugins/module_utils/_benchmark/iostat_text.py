# Copyright: linuxsan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of iostat, as JSON or as the table that older ones print."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from ansible_collections.linuxsan.host.plugins.module_utils._errors import ParseError

# The units of iostat are powers of two, whatever their names say (iostat(1), iostat.c: sectors / 2, sectors / 2048).
UNIT_BYTES = {"kB": 1 << 10, "MB": 1 << 20, "Blk": 512}
READ = re.compile(r"(kB|MB|Blk)_read/s")
WRITTEN = re.compile(r"(kB|MB|Blk)_wrtn/s")
VERSION = re.compile(r"sysstat version ([0-9]+)\.([0-9]+)\.([0-9]+)")
# JSON came with 11.5.1, and is closed at a SIGINT since 12.0.4 and 12.1.4 (sysstat 82ab9085 and 23b840c1).
FIRST_TO_CLOSE_JSON = (12, 0, 4)
CLOSE_IT_NOT = ((12, 1, 0), (12, 1, 4))
# Around the tables: the load of the processors, and the time of a report.
OUTSIDE = re.compile(r"avg-cpu:$|[0-9]")
HEADING = re.compile(r"Device:?")


@dataclass(frozen=True)
class Sample:
    """What one device did in one interval. report: counted from 0. read, written: bytes per second. tps: transfers per second."""

    report: int
    device: str
    tps: float
    read: float
    written: float


def parse_iostat(text):
    """The output of `iostat -d -k` or `-m`, JSON or table -> tuple of Sample. Raises ParseError."""
    return _from_json(text) if text.lstrip().startswith("{") else _from_table(text)


def closes_json(version):
    """Whether the iostat of this `iostat -V` output has -o JSON and closes it when it is interrupted."""
    match = VERSION.search(version)
    numbers = tuple(int(number) for number in match.groups()) if match else ()
    first, fixed = CLOSE_IT_NOT
    return numbers >= FIRST_TO_CLOSE_JSON and not first <= numbers < fixed


def _from_json(text):
    try:
        (host,) = json.loads(text)["sysstat"]["hosts"]
        reports = [report["disk"] for report in host["statistics"] if "disk" in report]
        rows = [(number, row) for number, disks in enumerate(reports) for row in disks]
        return tuple(_sample(number, row["disk_device"], row) for number, row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ParseError(f"iostat: not its JSON: {text[:200]!r}. Report it with the version of sysstat.") from error


def _from_table(text):
    samples, columns, report = [], None, -1
    # An interrupted iostat may have cut off its last line.
    lines = text.split("\n")[:-1]
    if not lines or not lines[0].startswith("Linux "):
        raise ParseError(f"iostat line 1: not its heading: {text[:200]!r}. Report it with the version of sysstat.")
    for number, line in enumerate(lines[1:], 2):
        fields = line.split()
        if not fields:
            columns = None
        elif HEADING.fullmatch(fields[0]):
            columns, report = fields[1:], report + 1
        elif columns is not None:
            if len(fields) != len(columns) + 1:
                raise ParseError(f"iostat line {number}: not a row of its table: {line!r}. Report it with the version of sysstat.")
            samples.append(_row(report, fields[0], dict(zip(columns, fields[1:])), number))
        elif not OUTSIDE.match(fields[0]):
            raise ParseError(f"iostat line {number}: not known: {line!r}. Report it with the version of sysstat.")
    return tuple(samples)


def _row(report, device, values, number):
    try:
        return _sample(report, device, values)
    except (ValueError, KeyError) as error:
        raise ParseError(f"iostat line {number}: not the rates of {device}: {values}. Report it with the version of sysstat.") from error


def _sample(report, device, values):
    return Sample(report, device, _number(values["tps"]), _rate(READ, values), _rate(WRITTEN, values))


def _number(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _rate(pattern, values):
    for name, value in values.items():
        match = pattern.fullmatch(name)
        if match:
            return _number(value) * UNIT_BYTES[match.group(1)]
    raise KeyError(pattern.pattern)
