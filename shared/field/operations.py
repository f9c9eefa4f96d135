"""Carries out commands, a person's and the platform's own, by one path and with one ledger.

checks -> row `sending` committed -> one write -> proof -> one outcome. A person's command needs the ledger and is
refused without it; an automatic action goes first, and its ledger follows as soon as the database can take it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, assert_never

import structlog

from shared.clock import Clock
from shared.contracts.field import (
    CommandCancelled,
    CommandEvent,
    CommandExpired,
    CommandFailed,
    CommandRefused,
    CommandSelected,
    CommandSending,
    CommandUnconfirmed,
    CommandVerified,
)
from shared.contracts.message import Event, Reason
from shared.errors import Malformed, PlatformError
from shared.field.commands import (
    Cancelled,
    Expired,
    Failed,
    Outcome,
    Refused,
    Unconfirmed,
    Verified,
    check_params,
    find_busy,
    find_refusal,
    interlocks,
)
from shared.field.engine import Engine
from shared.field.overrides import Overrides
from shared.field.profile import CommandSpec
from shared.field.selection import Selection, Selections
from shared.field.unit import Unit
from shared.field.wish import Wish

REMEMBERED_MAX = 1000

_Kind = TypeVar("_Kind", bound=CommandEvent)

_log = structlog.get_logger()


class Ledger(Protocol):
    """The owner's database and its way to the bus."""

    def begin(
        self, wish: Wish, event: CommandSending, also: Sequence[Event], not_more_than: tuple[int, datetime] | None
    ) -> Refused | None:
        """Commit the row `sending`, its event and what belongs to it; Refused: over the rate, and nothing is kept.

        Raises Unavailable when it cannot.
        """
        ...

    def is_known(self, command_id: str) -> bool:
        """Is there a row of this command? Raises Unavailable."""
        ...

    def emit(self, events: Sequence[Event], wish: Wish) -> None:
        """Leave events to be kept and sent; never waits, never fails."""
        ...


OnEnded = Callable[[Wish, Outcome], None]


class Operations:
    """The commands of one trade in this process."""

    def __init__(
        self,
        engine: Engine,
        trade: str,
        ledger: Ledger,
        clock: Clock,
        overrides: Overrides,
        *,
        on_started: Callable[[Wish], None],
        on_ended: OnEnded,
    ) -> None:
        self._engine = engine
        self._trade = trade
        self._ledger = ledger
        self._clock = clock
        self._overrides = overrides
        self._on_started = on_started
        self._on_ended = on_ended
        self._cancelled: list[str] = []
        self._selections = Selections()
        self._selected: dict[str, Wish] = {}
        self.live: set[str] = set()
        """Commands that are on the wire or wait for their proof in this process."""

    def operate(self, wish: Wish, owned: Callable[[], bool]) -> None:
        """A person's command. Every refusal is said as an event; only a lost ledger is raised (Unavailable)."""
        if wish.command_id in self.live or self._ledger.is_known(wish.command_id):
            _log.info("command_repeated", command_id=wish.command_id, asset=wish.asset)
            return
        selected = self._selected.pop(wish.command_id, None)
        if selected is not None:
            wish = replace(wish, reason=selected.reason)
        found = self._engine.find_unit_for(wish.asset, wish.command)
        if found is not None and found[1].select is not None and selected is None:
            self._end(wish, _refused("selection_missing"))
            return
        refusal = self._find_refusal(wish, found, owned)
        if refusal is not None or found is None:
            self._selections.release(wish.command_id)
            self._end(wish, refusal or _refused("command_unknown", command=wish.command, asset=wish.asset))
            return
        unit, spec = found
        now = self._clock.now()
        if spec.select is not None:
            missing = self._selections.take(
                wish.command_id, wish.asset, wish.command, wish.params, wish.actor.username, now
            )
            if missing is not None:
                self._end(wish, missing)
                return
        rate = (spec.rate.count, now - timedelta(seconds=spec.rate.per)) if spec.rate else None
        also = self._overrides.starting(wish, spec, unit.facts.value(spec.point))
        assert also is not None, "nobody releases an override by hand"
        try:
            over = self._ledger.begin(wish, _event(CommandSending, self._trade, wish), also, rate)
        except PlatformError as error:  # nothing is written, and nothing was kept
            self._overrides.ended(wish, _refused(error.code))
            raise
        if over is not None:
            self._overrides.ended(wish, over)
            self._end(wish, over)
            return
        self._send(wish, unit, spec, owned)

    def select(self, wish: Wish, owned: Callable[[], bool]) -> None:
        """Check everything as for `operate`, and lock the asset for it. Every refusal is said as an event."""
        if wish.command_id in self._selected or wish.command_id in self.live or self._ledger.is_known(wish.command_id):
            _log.info("command_repeated", command_id=wish.command_id, asset=wish.asset)
            return
        found = self._engine.find_unit_for(wish.asset, wish.command)
        refusal = self._find_refusal(wish, found, owned)
        if refusal is not None or found is None or found[1].select is None:
            self._end(wish, refusal or _refused("selection_needless"))
            return
        now = self._clock.now()
        earlier = self._selections.find(wish.asset, now)
        until = now + timedelta(seconds=found[1].select)
        held = self._selections.lock(
            Selection(wish.command_id, wish.asset, wish.command, wish.params, wish.actor.username, until), now
        )
        if held is not None:
            self._end(wish, held)
            return
        if earlier is not None:
            self.cancel(earlier.command_id)
        self._selected[wish.command_id] = wish
        self._ledger.emit([_event(CommandSelected, self._trade, wish, until=until)], wish)

    def expire_selections(self) -> None:
        """Say of what was selected and never operated that it has expired. Called now and then."""
        for selection in self._selections.expired(self._clock.now()):
            wish = self._selected.pop(selection.command_id, None)
            if wish is not None:
                self._end(wish, Expired(Reason(code="selection_expired", params={})))

    def act(self, wish: Wish) -> None:
        """An automatic action: interlocks hold for it too, the ledger follows.

        Refused when the configuration has changed since it was decided, and has no such command any more; an override
        that it was to release has then ended.
        """
        found = self._engine.find_unit_for(wish.asset, wish.command)
        if found is None:
            self._end(wish, _refused("command_unknown", command=wish.command, asset=wish.asset))
            gone = self._overrides.gone(wish)
            if gone:
                self._ledger.emit(gone, wish)
            return
        unit, spec = found
        refusal = self._find_wrong_moment(wish) or _find_interlock(unit, spec, wish, self._clock)
        if refusal is not None:
            self._ended(wish, refusal)
            return
        also = self._overrides.starting(wish, spec, unit.facts.value(spec.point))
        if also is None:
            self._ended(wish, _refused("override_replaced"))
            return
        self._ledger.emit([_event(CommandSending, self._trade, wish), *also], wish)
        self._send(wish, unit, spec, lambda: True)

    def cancel(self, command_id: str) -> None:
        """Not if it is on the wire already; then what is known of it stands."""
        self._cancelled = [*self._cancelled[-REMEMBERED_MAX:], command_id]
        self._selections.release(command_id)
        wish = self._selected.pop(command_id, None)
        if wish is not None:
            self._end(wish, Cancelled(Reason(code="command_cancelled", params={})))

    def _find_refusal(
        self, wish: Wish, found: tuple[Unit, CommandSpec] | None, owned: Callable[[], bool]
    ) -> Outcome | None:
        if found is None:
            return _refused("command_unknown", command=wish.command, asset=wish.asset)
        unit, spec = found
        if not wish.actor.may("operate", self._trade, wish.area) or unit.area != wish.area:
            return _refused("command_forbidden", actor=wish.actor.username)
        if wish.actor.role not in spec.roles:
            return _refused("command_role", roles=", ".join(spec.roles))
        if not owned():
            return _refused("owner_cut_off")
        if spec.reason_required and not wish.reason.strip():
            return _refused("command_reason_required")
        try:
            check_params(spec, wish.params)
        except Malformed as error:
            return Refused(Reason(code=error.code, params=error.params))
        return (
            self._find_wrong_moment(wish)
            or self._selections.find_refusal(wish.asset, wish.actor.username, self._clock.now())
            or _find_interlock(unit, spec, wish, self._clock)
            or _find_unreleasable(unit, spec)
        )

    def _find_wrong_moment(self, wish: Wish) -> Outcome | None:
        if wish.command_id in self._cancelled:
            return Cancelled(Reason(code="command_cancelled", params={}))
        now = self._clock.now()
        if now > wish.deadline:
            late_s = round((now - wish.deadline).total_seconds(), 1)
            return Expired(Reason(code="command_expired", params={"late_s": late_s}))
        return None

    def _send(self, wish: Wish, unit: Unit, spec: CommandSpec, owned: Callable[[], bool]) -> None:
        self.live.add(wish.command_id)
        self._on_started(wish)
        try:
            self._engine.send(
                unit,
                spec,
                wish.params,
                still_wanted=lambda: (
                    self._find_wrong_moment(wish)
                    or (None if owned() else _refused("owner_cut_off"))
                    or _find_interlock(unit, spec, wish, self._clock)
                ),
                on_outcome=lambda outcome: self._ended(wish, outcome),
            )
        except PlatformError as error:
            self._ended(wish, Refused(Reason(code=error.code, params=error.params)))  # it cannot be put into registers

    def _ended(self, wish: Wish, outcome: Outcome) -> None:
        self._end(wish, outcome)
        taken_back = self._overrides.ended(wish, outcome)
        if taken_back:
            self._ledger.emit(taken_back, wish)

    def _end(self, wish: Wish, outcome: Outcome) -> None:
        event = outcome_event(self._trade, wish, outcome)
        self._ledger.emit([event], wish)
        self.live.discard(wish.command_id)
        _log.info(
            "command_ended",
            command_id=wish.command_id,
            asset=wish.asset,
            command=wish.command,
            origin=wish.origin,
            outcome=type(outcome).__name__,
            reason=None if isinstance(outcome, Verified) else outcome.reason.code,
            correlation_id=wish.correlation_id,
        )
        self._on_ended(wish, outcome)


def outcome_event(trade: str, wish: Wish, outcome: Outcome) -> CommandEvent:
    """The event that says how a command ended."""
    match outcome:
        case Verified(point=point, value=value, duration_s=duration_s):
            return _event(CommandVerified, trade, wish, point=point, value=value, duration_s=round(duration_s, 3))
        case Failed(reason=reason):
            return _event(CommandFailed, trade, wish, reason=reason)
        case Refused(reason=reason):
            return _event(CommandRefused, trade, wish, reason=reason)
        case Unconfirmed(reason=reason):
            return _event(CommandUnconfirmed, trade, wish, reason=reason)
        case Expired(reason=reason):
            return _event(CommandExpired, trade, wish, reason=reason)
        case Cancelled(reason=reason):
            return _event(CommandCancelled, trade, wish, reason=reason)
        case never:
            assert_never(never)


def _event(kind: type[_Kind], trade: str, wish: Wish, **more: Any) -> _Kind:
    return kind(
        area=wish.area,
        trade=trade,
        asset=wish.asset,
        command_id=wish.command_id,
        command=wish.command,
        params=wish.params,
        origin=wish.origin,
        actor=wish.actor.username,
        requested_at=wish.requested_at,
        **more,
    )


def _find_interlock(unit: Unit, spec: CommandSpec, wish: Wish, clock: Clock) -> Outcome | None:
    unit.facts.now_s = clock.now().timestamp()
    if unit.scanner.silent:
        return _refused("not_commissioned", controller=unit.id)
    if not unit.scanner.online:
        return _refused("controller_offline", controller=unit.id)
    if unit.awaits(spec):
        return _refused("command_pending", command=wish.command)
    return find_busy(spec, unit.facts) or find_refusal(interlocks(spec, unit.facts, wish.params))


def _find_unreleasable(unit: Unit, spec: CommandSpec) -> Refused | None:
    """An override without an inverse goes back to what stood there before, so that must be known."""
    if spec.expires is None or spec.inverse is not None or unit.facts.value(spec.point) is not None:
        return None
    return _refused("override_unreleasable", point=spec.point)


def _refused(code: str, **params: object) -> Refused:
    return Refused(Reason(code=code, params={name: str(value) for name, value in params.items()}))
