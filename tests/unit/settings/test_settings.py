"""Passwords come from the environment or from files, and one of the two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings as GatewaySettings
from infra.backup.settings import BackupSettings
from infra.local.settings import LocalSettings
from infra.simulator.settings import SimulatorSettings
from services.alarms.settings import Settings as AlarmsSettings
from services.flood.settings import Settings as FloodSettings
from services.history.settings import Settings as HistorySettings
from shared.settings import CommonSettings

AMQP = "amqps://flood:secret@broker:5671/?cacertfile=/run/secrets/ca"
DATABASE = "postgresql+psycopg://flood:secret@database/urbanops?sslmode=verify-full"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AMQP_URI", "AMQP_URI_FILE", "DATABASE_URL", "DATABASE_URL_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_secrets_are_read_from_the_files_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "amqp_uri").write_text(f"{AMQP}\n")
    (tmp_path / "database_url").write_text(DATABASE)
    monkeypatch.setenv("AMQP_URI_FILE", str(tmp_path / "amqp_uri"))
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "database_url"))
    for kind in (CommonSettings, GatewaySettings, SimulatorSettings):
        settings = kind.read()
        assert (AMQP, DATABASE) == (settings.amqp_uri, settings.database_url)


def test_without_files_the_environment_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URI", AMQP)
    settings = CommonSettings.read()
    assert (AMQP, None) == (settings.amqp_uri, settings.database_url)


def test_none_of_both_and_both_are_mistakes_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="amqp_uri"):
        CommonSettings.read()
    (tmp_path / "amqp_uri").write_text(AMQP)
    monkeypatch.setenv("AMQP_URI", AMQP)
    monkeypatch.setenv("AMQP_URI_FILE", str(tmp_path / "amqp_uri"))
    with pytest.raises(ValidationError, match="AMQP_URI and AMQP_URI_FILE are both given"):
        CommonSettings.read()


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), (b" \n", "empty"), (b"\xff\xfe", "cannot be")])
def test_a_file_without_a_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "amqp_uri").write_bytes(content)
    monkeypatch.setenv("AMQP_URI_FILE", str(tmp_path / "amqp_uri"))
    with pytest.raises(ValidationError, match=f"AMQP_URI_FILE names .*{said}"):
        CommonSettings.read()


def test_the_operators_guide_explains_every_setting() -> None:
    guide = Path("docs/guides/operator.md").read_text(encoding="utf-8").partition("## Settings")[2]
    kinds = (CommonSettings, FloodSettings, AlarmsSettings, HistorySettings, GatewaySettings, SimulatorSettings)
    names = {name.upper() for kind in (*kinds, LocalSettings, BackupSettings) for name in kind.model_fields}
    first_column = [row.split("|")[1] for row in guide.splitlines() if row.startswith("|")]
    explained = {name for cell in first_column for name in re.findall(r"`([A-Z0-9_]+)`", cell)}
    assert names == explained
