"""Settings that every process has. Each service adds its own class on top; `os.environ` is read nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _pairs(text: object) -> object:
    if not isinstance(text, str):
        return text
    pairs = (item.partition("=") for item in text.split(",") if item.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


SECRETS = ("amqp_uri", "database_url")
"""They hold passwords; `<NAME>_FILE` names a file to read each from, which keeps it out of the environment."""


class CommonSettings(BaseSettings):
    """Read once at the start from the environment; every duration and limit carries its unit in its name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", secrets_dir=None)

    amqp_uri: str = Field(description="amqp(s)://user:password@host:port/vhost of the broker")
    database_url: str | None = Field(
        default=None, description="postgresql+psycopg://...; without it, SQLite in DATA_DIR"
    )
    amqp_uri_file: Path | None = Field(default=None, description="file with what AMQP_URI would say")
    database_url_file: Path | None = Field(default=None, description="file with what DATABASE_URL would say")
    data_dir: Path = Path("var")
    disk_low_mb: float = Field(default=1000.0, ge=0, description="so little free on the disk of DATA_DIR is an alarm")
    site: Path = Path("infra/sites/tangshan")
    site_variables: Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)] = Field(
        default={}, description="name=value,name=value: replaces the site file's own variables"
    )
    clock_file: Path | None = Field(default=None, description="city time of a demonstration; without it, the wall's")
    instance: str | None = Field(default=None, description="name of this process among its equals")
    restarts: int = Field(default=0, ge=0, description="how often the supervisor has started it again")
    log_level: str = "INFO"
    heartbeat_every_s: float = 2.0
    alive_file: Path | None = Field(default=None, description="file touched at each heartbeat, for a health check")

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, Any]) -> dict[str, Any]:
        read = {name: _content(given, name) for name in SECRETS if given.get(f"{name}_file")}
        return given | read

    @classmethod
    def read(cls) -> Self:
        """Read the environment; a missing or wrong variable ends the process with a sentence that names it."""
        return cls()


def _content(given: dict[str, Any], name: str) -> str:
    variable, path = f"{name}_file".upper(), Path(given[f"{name}_file"])
    if given.get(name):
        raise ValueError(f"{name.upper()} and {variable} are both given: which one is meant?")
    try:
        content = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable} names a file that cannot be read: {error}") from None
    if not content:
        raise ValueError(f"{variable} names an empty file: {path}")
    return content
