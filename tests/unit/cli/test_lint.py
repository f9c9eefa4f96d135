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


def test_a_warning_fails_only_where_it_is_wished(tmp_path: Path) -> None:
    doubtful = tmp_path / "rain-gauge.yaml"
    text = Path(PROFILE).read_text(encoding="utf-8").replace("stale_after: 20s", "stale_after: 9s")
    doubtful.write_text(text, encoding="utf-8")
    told = f"{doubtful}:13: poll_groups.all.stale_after: two polls or more (10 s): one may be lost [warning: stale]\n"
    for options, code in (([], 0), (["--strict"], 1)):
        done = RUN.invoke(profile.app, ["lint", str(doubtful), *options])
        assert (code, told) == (done.exit_code, done.stderr)
        assert done.stdout.endswith("3 conditions, 0 commands; 1 warning\n")
    doubtful.write_text(text.replace("stale_after: 9s}", "stale_after: 9s}  # lint accepts stale: a slow radio"))
    assert (0, "") == ((done := RUN.invoke(profile.app, ["lint", str(doubtful), "--strict"])).exit_code, done.stderr)


def test_the_schema_is_one() -> None:
    assert "poll_groups" in json.loads(RUN.invoke(profile.app, ["schema"]).stdout)["properties"]


def test_the_city_is_sound() -> None:
    done = RUN.invoke(site.app, ["lint", "infra/sites/tangshan"])
    assert (0, "") == (done.exit_code, done.stderr)


def test_what_the_site_sets_is_linted_with_its_profile(tmp_path: Path) -> None:
    text = Path("infra/sites/tangshan/site.yaml").read_text(encoding="utf-8")
    (tmp_path / "site.yaml").write_text(text.replace("station_code: 3501", "station_code: 3501, level_hh: 40"))
    done = RUN.invoke(site.app, ["lint", str(tmp_path)])
    assert 1 == done.exit_code
    assert "river-gauge.yaml:17: points.level.limits.hh: a limit within -2-30 (given: 40) [error: limit]" in done.stderr


def test_a_controller_that_does_not_fit_its_profile_is_told(tmp_path: Path) -> None:
    text = Path("infra/sites/tangshan/site.yaml").read_text(encoding="utf-8")
    (tmp_path / "site.yaml").write_text(text.replace("station_code: 3501", "code: 3501"), encoding="utf-8")
    done = RUN.invoke(site.app, ["lint", str(tmp_path)])
    assert 1 == done.exit_code
    assert "controller douhe-rtu" in done.output
