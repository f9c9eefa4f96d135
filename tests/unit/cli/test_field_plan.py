"""`urbanops field plan` and `site lint` refuse a serial line that is asked too much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from shared.cli import field, site
from tests.unit.field.loads import NAMES, meter

RUN = CliRunner()
AREA = "test/one/area"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A serial line with four meters; 4 reads of 47.4 ms in 250 ms are 75.8 % of its time."""
    (tmp_path / "profiles").mkdir()
    write(tmp_path, "250ms", "rtu:///dev/ttyS0?baud=9600")
    return tmp_path


def write(folder: Path, every: str, address: str) -> None:
    profile = meter(every).model_dump(exclude_unset=True)
    profile["poll_groups"] = {"all": {"every": every, "stale_after": "20s"}}
    place = {"lon": 118, "lat": 39}
    content: dict[str, Any] = {
        "site": "site/v1", "id": "test", "title": NAMES, "time_zone": "Asia/Shanghai",
        "areas": [{"id": AREA, "name": NAMES, "outline": [[118, 39], [118.1, 39], [118, 39.1]]}],
        "assets": [
            {"id": "meters", "trade": "flood", "kind": "meter", "area": AREA, "name": NAMES, "location": place}
        ],
        "lines": [{"id": "bus", "address": address}],
        "controllers": [
            {"id": f"meter-{unit}", "line": "bus", "unit": unit, "asset": "meters", "profile": "meter"}
            for unit in range(1, 5)
        ],
    }  # fmt: skip
    text = yaml.safe_dump(profile, allow_unicode=True)
    (folder / "profiles" / "meter.yaml").write_text(text, encoding="utf-8")
    (folder / "site.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def test_what_fits_is_told_for_each_controller(folder: Path) -> None:
    done = RUN.invoke(field.app, ["plan", str(folder), "--dead", "1"])
    assert 0 == done.exit_code, done.output
    assert "75.8% busy" in done.output
    assert all(f"meter-{unit}" in done.output for unit in range(1, 5))
    assert "dead: meter-1" in done.output


def test_what_does_not_fit_is_refused_by_plan_and_by_lint(folder: Path) -> None:
    write(folder, "200ms", "rtu:///dev/ttyS0?baud=9600")
    sentence = "line bus: at most 80% of its time is expected to be taken by polls (95% planned)"
    for app, command in ((field.app, "plan"), (site.app, "lint")):
        done = RUN.invoke(app, [command, str(folder)])
        assert 1 == done.exit_code
        assert sentence in done.stderr


def test_a_faster_line_carries_it(folder: Path) -> None:
    write(folder, "200ms", "rtu:///dev/ttyS0?baud=19200")
    assert 0 == RUN.invoke(field.app, ["plan", str(folder)]).exit_code


def test_a_measured_round_trip_counts_instead_of_the_estimate(folder: Path) -> None:
    write(folder, "250ms", "rtu+tcp://10.0.0.8:8899")
    assert "0.6% busy" in RUN.invoke(field.app, ["plan", str(folder)]).output
    assert "48.0% busy" in RUN.invoke(field.app, ["plan", str(folder), "--measured", "bus=30"]).output
    assert 2 == RUN.invoke(field.app, ["plan", str(folder), "--measured", "bus=soon"]).exit_code


def test_a_site_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = RUN.invoke(field.app, ["plan", str(tmp_path / "nowhere")])
    assert 1 == done.exit_code
    assert "a readable UTF-8 file" in done.stderr
