"""Which processes run, and what their environment says."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from infra.local.city import check_site, choose_http_port, parts, services
from infra.local.processes import CannotRun
from infra.local.settings import LocalSettings
from shared.site import load_site

SITE = Path("infra/sites/tangshan")


def environments(settings: LocalSettings) -> dict[str, dict[str, str]]:
    made = parts(settings, load_site(settings.site), 8123, lambda name: f"amqp://{name}@broker")
    return {part.name: part.environment() for part in made}


def test_the_simulator_comes_first_and_the_gateway_last(tmp_path: Path) -> None:
    made = list(environments(LocalSettings(data_dir=tmp_path, site=SITE)))
    assert made == ["simulator", *services(), "gateway"]


def test_every_part_shares_site_data_and_clock_and_has_its_own_user(tmp_path: Path) -> None:
    made = environments(LocalSettings(data_dir=tmp_path, site=SITE))
    for name in ("DATA_DIR", "SITE", "CLOCK_FILE", "SITE_VARIABLES"):
        assert len({environment[name] for environment in made.values()}) == 1
    assert made["gateway"]["AMQP_URI"] == "amqp://gateway@broker"
    assert made["gateway"]["HTTP_PORT"] == "8123"
    assert made["gateway"]["ACCOUNTS_FILE"] == str(tmp_path / "accounts")
    assert "AMQP_URI" not in made["simulator"]
    assert f"field_serial={tmp_path / 'serial'}" in made["simulator"]["SITE_VARIABLES"].split(",")


def test_a_site_without_simulation_runs_on_the_walls_time_with_its_own_addresses(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text((SITE / "site.yaml").read_text())
    made = environments(LocalSettings(data_dir=tmp_path / "var", site=site))
    assert "simulator" not in made
    assert "CLOCK_FILE" not in made["gateway"]
    assert "SITE_VARIABLES" not in made["gateway"]


def test_a_broken_site_file_is_one_message_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("site: site/v1\nid: Bad Id\n")
    with pytest.raises(CannotRun, match=r"site\.yaml:2: id"):
        check_site(LocalSettings(data_dir=tmp_path, site=tmp_path))


def test_a_port_that_is_taken_is_named_in_the_refusal(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotRun, match=f"Port {port} is in use"):
            choose_http_port(LocalSettings(data_dir=tmp_path, port=port))
    assert choose_http_port(LocalSettings(data_dir=tmp_path, port=port)) == port
