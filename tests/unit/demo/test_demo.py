"""The demonstration's verdict and report, from a look at a real initiator of the lab, and from looks at broken ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import demo
import pytest

SEEN = json.loads((Path(__file__).parent / "fixtures/demo-0.1.0-seen.json").read_text())


@pytest.fixture
def seen():
    return copy.deepcopy(SEEN)


def test_the_result_is_what_the_host_shows(seen):
    result = demo.result_of(seen)
    assert {key: result[key] for key in ("mounted", "device", "active_paths", "sessions", "fstype")} == {
        "mounted": True,
        "device": "/dev/mapper/qsan",
        "active_paths": 2,
        "sessions": 2,
        "fstype": "ext4",
    }
    assert result["report"] == "build/demo/report.html"


def test_the_report_shows_map_paths_mount_and_measurement(seen):
    html = demo.render(seen)
    for words in ("over 2 active paths", "36001378901d000100004000800000000", "512 MiB", "10.10.10.100:3260", "192.168.195.22:3260", "_netdev,nofail", "50 %"):
        assert words in html


def test_a_path_that_went_away_while_it_was_measured_has_no_figures(seen):
    for mode in ("read", "write"):
        seen["benchmark"][mode]["paths"][0].update(read_mb=None, written_mb=None, share=None)
    html = demo.render(seen)
    assert html.count("went away") == 2 and "None" not in html


def test_a_failed_path_does_not_count(seen):
    seen["map"]["path_groups"][0]["paths"][0]["dm_st"] = "failed"
    assert demo.result_of(seen)["active_paths"] == 1


@pytest.mark.parametrize(
    "missing",
    [
        {"map": None, "map_size": 0},
        {"mount": None, "fstab": ""},
        {"sessions": []},
        {"benchmark": {}},
        {"map": None, "mount": None, "sessions": [], "benchmark": {}},
    ],
)
def test_a_report_is_made_of_a_host_where_something_is_missing(seen, missing):
    seen.update(missing)
    assert demo.render(seen).startswith("<!DOCTYPE html>")
    assert demo.result_of(seen)["mounted"] is (seen["mount"] is not None)


def test_a_mount_from_a_single_path_is_not_mounted_from_the_map(seen):
    seen["mount"]["source"] = "/dev/sdc"
    assert demo.result_of(seen)["mounted"] is False
    assert "is not mounted from the map" in demo.render(seen)
