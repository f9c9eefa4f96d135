"""`urbanops profile` and `urbanops site`, as an integrator types them."""

import json
from pathlib import Path

from typer.testing import CliRunner

from shared.cli import profile, site

RUN = CliRunner()
PROFILE = "services/flood/profiles/rain-gauge.yaml"


def test_a_sound_profile_is_counted() -> None:
    done = RUN.invoke(profile.app, ["lint", PROFILE, "--parameter", "station_code=7"])
    assert (0, f"{PROFILE}: 5 points in 1 reads, 3 conditions, 0 commands\n") == (done.exit_code, done.stdout)


def test_a_broken_profile_is_told_line_by_line(tmp_path: Path) -> None:
    broken = tmp_path / "rain-gauge.yaml"
    broken.write_text(Path(PROFILE).read_text(encoding="utf-8").replace("type: u32", "type: u33"), encoding="utf-8")
    done = RUN.invoke(profile.app, ["lint", str(broken), "--parameter", "station_code=7"])
    assert 1 == done.exit_code
    assert f"{broken}:16: points.rain_total.type" in done.output


def test_the_schema_is_one() -> None:
    assert "poll_groups" in json.loads(RUN.invoke(profile.app, ["schema"]).stdout)["properties"]


def test_the_city_is_sound() -> None:
    done = RUN.invoke(site.app, ["lint", "infra/sites/tangshan"])
    assert (0, "") == (done.exit_code, done.stderr)


def test_a_controller_that_does_not_fit_its_profile_is_told(tmp_path: Path) -> None:
    text = Path("infra/sites/tangshan/site.yaml").read_text(encoding="utf-8")
    (tmp_path / "site.yaml").write_text(text.replace("station_code: 3501", "code: 3501"), encoding="utf-8")
    done = RUN.invoke(site.app, ["lint", str(tmp_path)])
    assert 1 == done.exit_code
    assert "controller douhe-rtu" in done.output
