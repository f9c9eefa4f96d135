"""Which processes make up the city on this machine, and what each is told in its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.processes import CannotRun, free_block, free_ports, is_free
from infra.local.settings import LocalSettings
from shared.errors import PlatformError
from shared.site import Site, load_site

ROOT = Path(__file__).resolve().parents[2]
HTTP_PORT_PREFERRED = 8080
FIELD_PORTS = 64
"""Contiguous ports for the simulated lines; the site file counts from `field_port`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the city; `environment` is asked at each start, for the broker's address may have changed."""

    name: str
    argv: Sequence[str]
    environment: Callable[[], dict[str, str]]


def services() -> list[str]:
    """Every folder of services/ that can be started."""
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/__main__.py"))


def check_site(settings: LocalSettings) -> Site:
    """Read the site file before anything is started. Raises CannotRun."""
    try:
        return load_site(settings.site, settings.site_variables)
    except PlatformError as error:
        raise CannotRun(str(error)) from None


def choose_http_port(settings: LocalSettings) -> int:
    """The port that was asked for, or a free one. Raises CannotRun."""
    if settings.port is not None:
        if not is_free(settings.port, settings.http_host):
            raise CannotRun(f"Port {settings.port} is in use: choose another one with PORT=... or leave it out.")
        return settings.port
    return HTTP_PORT_PREFERRED if is_free(HTTP_PORT_PREFERRED, settings.http_host) else free_ports(1)[0]


def parts(settings: LocalSettings, site: Site, http_port: int, uri_for: Callable[[str], str]) -> list[Part]:
    """The simulator first (when the site has one), then the services, then the gateway."""
    data = settings.data_dir.resolve()
    simulated = (settings.site / "simulation.yaml").is_file()
    common = _inherited() | {
        "DATA_DIR": str(data),
        "SITE": str(settings.site.resolve()),
        "LOG_LEVEL": settings.log_level,
        "PYTHONUNBUFFERED": "1",
    }
    variables = dict(settings.site_variables)
    if simulated:
        variables.setdefault("field_port", str(free_block(FIELD_PORTS)))
        variables.setdefault("field_serial", str(data / "serial"))
        if site.demonstration:
            common["CLOCK_FILE"] = str(settings.clock_file or data / "clock.json")
    elif settings.clock_file is not None:
        common["CLOCK_FILE"] = str(settings.clock_file)
    if variables:
        common["SITE_VARIABLES"] = ",".join(f"{name}={value}" for name, value in variables.items())
    if settings.database_url is not None:
        common["DATABASE_URL"] = settings.database_url
    gateway = {"HTTP_HOST": settings.http_host, "HTTP_PORT": str(http_port), "ACCOUNTS_FILE": str(data / "accounts")}

    def environment(name: str, extra: dict[str, str]) -> Callable[[], dict[str, str]]:
        return lambda: common | {"AMQP_URI": uri_for(name)} | extra

    listed = [Part("simulator", _module("infra.simulator"), lambda: common)] if simulated else []
    listed += [Part(name, _module(f"services.{name}"), environment(name, {})) for name in services()]
    return [*listed, Part("gateway", _module("gateway"), environment("gateway", gateway))]


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _inherited() -> dict[str, str]:
    """The environment of the person who starts the city, without what is decided here."""
    secrets = {"AMQP_URI", "AMQP_URI_FILE", "DATABASE_URL", "DATABASE_URL_FILE"}
    decided = secrets | {"CLOCK_FILE", "SITE_VARIABLES", "INSTANCE", "RESTARTS", "PORT"}
    return {name: value for name, value in os.environ.items() if name not in decided}
