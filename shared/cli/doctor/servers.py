"""The settings of this environment, and the broker and the database where they name one."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field, ValidationError

from shared.bus.connection import Link
from shared.cli.doctor.check import Check
from shared.database import reach
from shared.errors import Unavailable
from shared.field.owner import OwnerSettings


class DoctorSettings(OwnerSettings):
    """What an owner of controllers would read here; without a broker, there is none to look at."""

    amqp_uri: str = Field(default="", description="a running broker; without it, none is looked at")


@dataclass(frozen=True, slots=True)
class Settings:
    """`given` is None where the environment cannot be read."""

    given: DoctorSettings | None
    checks: list[Check]


def check_settings() -> Settings:
    """A line a variable that a service would refuse."""
    try:
        given = DoctorSettings.read()
    except ValidationError as error:
        return Settings(None, [_mistake(each["loc"], each["msg"]) for each in error.errors()])
    return Settings(given, [Check("ok", "settings", "a service would take what the environment says")])


def _mistake(place: tuple[int | str, ...], text: str) -> Check:
    name = ".".join(map(str, place)).upper()
    return Check("wrong", "settings", f"{name}: {text}" if name else text, "Mend that variable, or unset it")


def check_broker(uri: str) -> Check:
    """Signs in and leaves again. The address is told without its password."""
    if not uri:
        return Check("ok", "broker", "none given, none needed")
    if not uri.startswith(("amqp://", "amqps://")):
        return Check("wrong", "broker", "its address is none", "Write it amqp(s)://user:password@host:port/vhost")
    link = Link(uri, "doctor")
    try:
        link.channel()
    except (Unavailable, ValueError, KeyError) as error:
        return Check("wrong", "broker", f"{_shown(uri)} does not let us in ({error})", "Start it, or mend AMQP_URI")
    finally:
        link.close()
    return Check("ok", "broker", f"{_shown(uri)} lets us in")


def check_database(url: str | None) -> Check:
    """Signs in and leaves again; creates nothing."""
    if url is None:
        return Check("ok", "database", "none given: SQLite files in the data folder")
    if not url.startswith("postgresql"):
        return Check("wrong", "database", "its address is none", "Write it postgresql://user:password@host:port/name")
    try:
        reach(url)
    except Unavailable as error:
        todo = "Start it, or mend DATABASE_URL"
        return Check("wrong", "database", f"{_shown(url)} does not let us in ({error})", todo)
    return Check("ok", "database", f"{_shown(url)} lets us in")


def _shown(uri: str) -> str:
    """The address from the host on, without user, password and options."""
    scheme, _, rest = uri.partition("?")[0].rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
