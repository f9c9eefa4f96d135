"""An engine and its operations with one controller in memory, for commands from wish to end."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.bus.frames import Readings
from shared.clock import WallClock
from shared.contracts.field import CommandSending
from shared.contracts.message import Actor, Event, Params, Scalar, Scope
from shared.field.commands import Outcome, Refused
from shared.field.configuration import Configuration
from shared.field.engine import Engine
from shared.field.judgement import Judgement
from shared.field.operations import Operations
from shared.field.overrides import Overrides
from shared.field.profile import Profile, Table
from shared.field.scanner import Scan
from shared.field.transports import DeviceException, NoAnswer, WriteFunction
from shared.field.unit import Lost, Unit
from shared.field.wish import Wish
from shared.site import Site
from tests.waiting import eventually

AREA = "test/one/area"
NAMES = {"zh": "测试", "en": "Test"}
ANYBODY = Scope(trade="*", area="*", verb="operate")


@dataclass
class Registers:
    """A device whose holding registers and coils are a table."""

    holding: dict[int, int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    written: list[tuple[int, int, bytes]] = field(default_factory=list)
    deaf_to: set[bytes] = field(default_factory=set)
    """Writes of these data get no answer."""
    refuses: bool = False
    """It answers every write with exception 4."""

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        if table == "coil":
            bits = sum(1 << at for at in range(count) if self.coils.get(address + at))
            return bits.to_bytes((count + 7) // 8, "little")
        return struct.pack(f">{count}H", *(self.holding.get(address + at, 0) for at in range(count)))

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        self.written.append((function, address, data))
        if self.refuses:
            raise DeviceException(4)
        if data in self.deaf_to:
            raise NoAnswer("no answer")
        if function == 5:
            self.coils[address] = data != b"\0"
        else:
            for at, (word,) in enumerate(struct.iter_unpack(">H", data), address):
                self.holding[at] = word

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self.written.append((22, address, struct.pack(">HH", and_mask, or_mask)))
        self.holding[address] = self.holding.get(address, 0) & and_mask | or_mask & ~and_mask

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        raise AssertionError("no command reads and writes in one")

    def close(self) -> None: ...


class Ledger:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.known: set[str] = set()

    def begin(
        self, wish: Wish, event: CommandSending, also: Sequence[Event], not_more_than: tuple[int, datetime] | None
    ) -> Refused | None:
        self.known.add(wish.command_id)
        self.events += [event, *also]
        return None

    def is_known(self, command_id: str) -> bool:
        return command_id in self.known

    def emit(self, events: Sequence[Event], wish: Wish | None = None) -> None:
        self.events += events


class Quiet:
    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        raise AssertionError("no point here is computed")

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None: ...

    def on_report(self, unit: Unit, indices: Sequence[int], scan: Scan) -> None: ...

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None: ...

    def on_backfill(self, unit: Unit, readings: Readings) -> None: ...

    def on_scan(self, unit: Unit, scan: Scan) -> None: ...


class Shifted(WallClock):
    """The wall's clock, and as far ahead of it as a test has moved it."""

    ahead_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead_s)

    def now_s(self) -> float:
        return super().now_s() + self.ahead_s


class Desk:
    """Wishes, and what became of them."""

    def __init__(self, found: Profile) -> None:
        self.device = Registers()
        self.clock = Shifted()
        self.ledger = Ledger()
        self.ended: dict[str, Outcome] = {}
        self.engine = Engine(
            Configuration("flood", _site(), {"rtu": found}),
            self.clock,
            Quiet(),
            takeover_quiet_s=0.0,
            transport_for=lambda _address: self.device,
        )
        self.overrides = Overrides("flood", self.clock)
        self.operations = Operations(
            self.engine,
            "flood",
            self.ledger,
            self.clock,
            self.overrides,
            on_started=lambda _wish: None,
            on_ended=lambda wish, outcome: self.ended.update({wish.command_id: outcome}),
        )

    def wish(self, identity: str, params: Params | None = None, *, by: str = "wang", command: str = "do") -> Wish:
        now = self.clock.now()
        return Wish(
            command_id=identity,
            area=AREA,
            asset="pump",
            command=command,
            params=params or {},
            reason="because",
            origin="operator",
            actor=Actor(username=by, role="dispatcher", scopes=(ANYBODY,)),
            requested_at=now,
            deadline=now + timedelta(seconds=10),
            correlation_id=identity,
        )

    def operate(self, identity: str, params: Params | None = None, **more: Any) -> None:
        self.operations.operate(self.wish(identity, params, **more), lambda: True)

    def select(self, identity: str, params: Params | None = None, **more: Any) -> None:
        self.operations.select(self.wish(identity, params, **more), lambda: True)

    def approve(self, identity: str, params: Params | None = None, **more: Any) -> None:
        """As the gateway sends it: without the reason, which the selection has."""
        self.operations.operate(replace(self.wish(identity, params, **more), reason=""), lambda: True)

    def move(self, seconds: float) -> None:
        """City time goes on, and the device is polled after it."""
        self.clock.ahead_s += seconds
        now_s = self.clock.now_s()
        facts = self.engine.units["rtu"].facts
        eventually(lambda: facts.now_s >= now_s, 5)

    def reason(self, identity: str) -> str:
        outcome = self.ended[identity]
        return outcome.reason.code if hasattr(outcome, "reason") else type(outcome).__name__

    def said(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.ledger.events if isinstance(event, kind)]


@contextmanager
def desk(found: Profile) -> Iterator[Desk]:
    sitting = Desk(found)
    sitting.engine.run()
    sitting.engine.take(AREA)
    sitting.engine.start(AREA)
    try:
        yield sitting
    finally:
        sitting.engine.stop()


def _site() -> Site:
    return Site.model_validate(
        {
            "site": "site/v1", "id": "test", "title": NAMES, "time_zone": "Asia/Shanghai",
            "areas": [{"id": AREA, "name": NAMES, "outline": [[118, 39], [118.1, 39], [118, 39.1]]}],
            "assets": [{"id": "pump", "trade": "flood", "kind": "pump", "area": AREA, "name": NAMES,
                        "location": {"lon": 118, "lat": 39}}],
            "lines": [{"id": "line", "address": "tcp://127.0.0.1:502"}],
            "controllers": [{"id": "rtu", "line": "line", "unit": 1, "profile": "test", "asset": "pump"}],
        }
    )  # fmt: skip
