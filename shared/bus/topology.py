"""Every name on the broker, what hangs on it, and who may touch it. Nothing else spells a name.

The exchange names are also what `/asyncapi.json` shows. Shared things (exchanges, the telemetry stream, the parked
queue) come from `definitions()` in production, where a service may not create them; on a private node whoever comes
first declares them. A service's own queues are declared by the service.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EVENTS = "city.events"
COMMANDS = "city.commands"
REPORTS = "city.reports"
TELEMETRY = "city.telemetry"
HEALTH = "city.health"
PARKED = "city.parked"
RPC = "nameko-rpc"
"""nameko's own name: its RPC protocol publishes requests and answers to this topic exchange."""

Arguments = dict[str, Any]

MIB = 1_048_576
TELEMETRY_AGE_MAX = "1D"
TELEMETRY_BYTES_MAX = 512 * MIB
QUEUE_BYTES_MAX = 1024 * MIB
"""A reader that has been away so long that this is full holds its publishers up; nothing is thrown away."""
PARKED_MAX = 100_000
DELIVERIES_MAX = 20
"""How often a message may be delivered again (its reader died over it) until the broker parks it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    durable: bool = True
    exclusive: bool = False
    arguments: Arguments = field(default_factory=dict)
    bindings: tuple[tuple[str, str], ...] = ()
    """Pairs of exchange and routing key."""
    sign: Exchange | None = None
    """Declared when all bindings stand: a broker tells whether a queue is there, but not whether it is bound."""


EXCHANGES = (
    Exchange(EVENTS, "topic"),
    Exchange(COMMANDS, "direct"),
    Exchange(REPORTS, "direct"),
    Exchange(TELEMETRY, "fanout"),
    Exchange(HEALTH, "fanout"),
    Exchange(PARKED, "fanout"),
    Exchange(RPC, "topic"),
)

TELEMETRY_STREAM = Queue(
    TELEMETRY,
    arguments={
        "x-queue-type": "stream",
        "x-max-age": TELEMETRY_AGE_MAX,
        "x-max-length-bytes": TELEMETRY_BYTES_MAX,
        "x-stream-max-segment-size-bytes": 16 * MIB,  # retention works by whole segments
    },
    bindings=((TELEMETRY, ""),),
)
PARKED_QUEUE = Queue(PARKED, arguments={"x-queue-type": "quorum", "x-max-length": PARKED_MAX}, bindings=((PARKED, ""),))
SHARED_QUEUES = (TELEMETRY_STREAM, PARKED_QUEUE)

_ORDERED: Arguments = {
    "x-queue-type": "quorum",
    "x-single-active-consumer": True,
    "x-overflow": "reject-publish",  # what at-least-once dead-lettering requires
    "x-max-length-bytes": QUEUE_BYTES_MAX,
    "x-delivery-limit": DELIVERIES_MAX,
    "x-dead-letter-exchange": PARKED,
    "x-dead-letter-strategy": "at-least-once",
}


def dotted(area: str) -> str:
    """The path of an area as words of a routing key."""
    return area.replace("/", ".")


def event_key(area: str, service: str, name: str) -> str:
    return f"{dotted(area)}.{service}.{name}"


def event_queue(service: str, area: str) -> Queue:
    """All events of one area in their order, for one service."""
    name = f"events.{service}.{dotted(area)}"
    bindings = ((EVENTS, f"{dotted(area)}.*.*"),)
    return Queue(name, arguments=_ORDERED, bindings=bindings, sign=Exchange(name, "fanout"))


def queues_that_keep(key: str) -> list[Queue]:
    """The queues that an event with this routing key must find."""
    area = key.rsplit(".", 2)[0].replace(".", "/")
    return [event_queue(process.service, area) for process in PROCESSES if process.hears_all]


def command_key(service: str, area: str) -> str:
    return f"commands.{service}.{dotted(area)}"


def command_queue(service: str, area: str) -> Queue:
    name = command_key(service, area)
    return Queue(name, arguments=_ORDERED, bindings=((COMMANDS, name),))


def report_key(service: str, area: str) -> str:
    return f"reports.{service}.{dotted(area)}"


def report_queue(service: str, area: str) -> Queue:
    """What devices of the area reported to instances that do not own it."""
    name = report_key(service, area)
    return Queue(name, arguments=_ORDERED, bindings=((REPORTS, name),))


def lease_queue(trade: str, area: str) -> Queue:
    """Whoever has it declared owns the area; it dies with its connection."""
    return Queue(f"lease.{trade}.{dotted(area)}", durable=False, exclusive=True)


def rpc_queue(service: str) -> Queue:
    return Queue(f"rpc-{service}", arguments={"x-max-length": 1000}, bindings=((RPC, f"{service}.*"),))


def reply_queue(service: str) -> Queue:
    """For the answers to one client; its name is also their routing key."""
    name = f"rpc.reply-{service}-{secrets.token_hex(8)}"
    return Queue(name, durable=False, exclusive=True, bindings=((RPC, name),))


def tap_queue(service: str) -> Queue:
    """A live view of all events for as long as somebody looks."""
    arguments = {"x-max-length": 50_000}
    name = f"tap.{service}.{secrets.token_hex(8)}"
    return Queue(name, durable=False, exclusive=True, arguments=arguments, bindings=((EVENTS, "#"),))


def health_queue(service: str) -> Queue:
    name = f"health.{service}.{secrets.token_hex(8)}"
    return Queue(name, durable=False, exclusive=True, arguments={"x-max-length": 1000}, bindings=((HEALTH, ""),))


@dataclass(frozen=True, slots=True)
class Process:
    """What a kind of process does on the bus; its permissions follow from it."""

    service: str
    hears_all: bool = False
    """No event may be sent before its queue is there: what nobody keeps is gone."""
    owns_areas: bool = False
    does_commands: bool = False
    sends_commands: bool = False
    reads_telemetry: bool = False


PROCESSES = (
    Process("flood", owns_areas=True, does_commands=True),
    Process("alarms", hears_all=True, does_commands=True),
    Process("history", hears_all=True, reads_telemetry=True),
    Process("gateway", sends_commands=True, reads_telemetry=True),
)


@dataclass(frozen=True, slots=True)
class Permissions:
    """Regular expressions over names: what may be created, written to and read from."""

    configure: str
    write: str
    read: str


def permissions(service: str) -> Permissions:
    """Only the gateway may write to city.commands, and nobody to the default exchange, which leads to every queue."""
    process = next(each for each in PROCESSES if each.service == service)
    own = [rf"events\.{service}\..+", rf"rpc-{service}", rf"rpc\.reply-{service}-.+", rf"(tap|health)\.{service}\..+"]
    write = [EVENTS, HEALTH, PARKED, RPC]
    read = [EVENTS, HEALTH, RPC]
    if process.owns_areas:
        own += [rf"lease\.{service}\..+", rf"reports\.{service}\..+"]
        write += [TELEMETRY, REPORTS]
        read.append(REPORTS)
    if process.does_commands:
        own.append(rf"commands\.{service}\..+")
        read.append(COMMANDS)
    if process.sends_commands:
        write.append(COMMANDS)
    if process.reads_telemetry:
        read.append(TELEMETRY)
    return Permissions(_any(own), _any([*own, *map(_exactly, write)]), _any([*own, *map(_exactly, read)]))


def definitions(passwords: Mapping[str, str], vhosts: Iterable[str] = ("/",)) -> dict[str, Any]:
    """The broker's definitions file: one user a service with its permissions, and all that is shared.

    `passwords` by service; a name in it that is no service of ours becomes an administrator.
    """
    places = list(vhosts)
    ours = {process.service for process in PROCESSES}
    return {
        "users": [
            {
                "name": name,
                "password_hash": password_hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [] if name in ours else ["administrator"],
                "limits": {},
            }
            for name, password in passwords.items()
        ],
        "vhosts": [{"name": vhost} for vhost in places],
        "permissions": [
            {"user": name, "vhost": vhost, **_granted(name if name in ours else None)}
            for vhost in places
            for name in passwords
        ],
        "topic_permissions": [
            # Nobody speaks in another's name: the word before the last of an event's routing key is its service.
            {"user": name, "vhost": vhost, "exchange": EVENTS, "write": rf"^.+\.{name}\.[a-z0-9_]+$", "read": ".*"}
            for vhost in places
            for name in passwords
            if name in ours
        ],
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": vhost,
                "type": exchange.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for vhost in places
            for exchange in EXCHANGES
        ],
        "queues": [
            {"name": queue.name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": queue.arguments}
            for vhost in places
            for queue in SHARED_QUEUES
        ],
        "bindings": [
            {
                "source": exchange,
                "vhost": vhost,
                "destination": queue.name,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for vhost in places
            for queue in SHARED_QUEUES
            for exchange, key in queue.bindings
        ],
    }


def password_hash(password: str) -> str:
    """RabbitMQ's salted SHA-256: base64(salt + sha256(salt + password)), the salt being four bytes."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _granted(service: str | None) -> dict[str, str]:
    granted = Permissions(".*", ".*", ".*") if service is None else permissions(service)
    return {"configure": granted.configure, "write": granted.write, "read": granted.read}


def _any(patterns: Iterable[str]) -> str:
    return "^(" + "|".join(patterns) + ")$"


def _exactly(name: str) -> str:
    return name.replace(".", r"\.")
