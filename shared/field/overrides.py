"""Overrides: commands with an expiry, which release themselves, also after a restart in between.

An override begins when its command was written, and ends when it is released or another command is written to the same
point. What releases it is its inverse command, or the value that stood there before.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.contracts.field import OverrideBegan, OverrideEnded
from shared.contracts.message import Event, Params, Scalar
from shared.field.commands import Outcome, Unconfirmed, Verified
from shared.field.profile import CommandSpec
from shared.field.wish import PLATFORM, Wish

RETRY_S = 60.0
"""A release that an interlock refuses is tried again so often, in city time."""
DEADLINE_S = 30.0


class Overrides:
    """Of one trade in this process. Safe for several threads."""

    def __init__(self, trade: str, clock: Clock, emit: Callable[[Sequence[Event]], None]) -> None:
        self._trade = trade
        self._clock = clock
        self._emit = emit
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], OverrideBegan] = {}
        self._before: dict[str, Scalar] = {}
        self._releasing: dict[str, OverrideBegan] = {}
        self._retry_at: dict[tuple[str, str], datetime] = {}

    def remember(self, overrides: Iterable[OverrideBegan]) -> None:
        """After a restart: these hold, but for those that were replaced meanwhile."""
        with self._lock:
            self._held = {(each.asset, each.point): each for each in overrides} | self._held

    def forget(self, area: str) -> None:
        """Another owner has them now."""
        with self._lock:
            self._held = {key: each for key, each in self._held.items() if each.area != area}

    def starting(self, wish: Wish, spec: CommandSpec, value_before: Scalar) -> None:
        """A command goes out; `value_before` stands in its point."""
        if spec.expires is not None:
            with self._lock:
                self._before[wish.command_id] = value_before

    def ended(self, wish: Wish, spec: CommandSpec, outcome: Outcome) -> None:
        """A command has ended: an override may have begun, or ended by it."""
        key = (wish.asset, spec.point)
        with self._lock:
            value_before = self._before.pop(wish.command_id, None)
            released = self._releasing.pop(wish.command_id, None)
            if not isinstance(outcome, Verified | Unconfirmed):
                return
            held = self._held.pop(key, None)
            begun = self._begun(wish, spec, held, value_before) if released is None else None
            if begun is not None:
                self._held[key] = begun
        events: list[Event] = []
        if held is not None:
            ended = OverrideEnded(
                area=held.area,
                trade=held.trade,
                asset=held.asset,
                point=held.point,
                command_id=held.command_id,
                command=held.command,
                cause="replaced" if released is None else "expired",
            )
            events.append(ended)
        if begun is not None:
            events.append(begun)
        if events:
            self._emit(events)

    def due(self, area: str) -> list[Wish]:
        """The releases to carry out now."""
        now = self._clock.now()
        wishes = []
        with self._lock:
            for key, held in self._held.items():
                if held.area != area or now < held.expires_at or now < self._retry_at.get(key, now):
                    continue
                self._retry_at[key] = now + timedelta(seconds=RETRY_S)
                wish = self._release(held, now)
                self._releasing[wish.command_id] = held
                wishes.append(wish)
        return wishes

    def _begun(
        self, wish: Wish, spec: CommandSpec, held: OverrideBegan | None, value_before: Scalar
    ) -> OverrideBegan | None:
        if spec.expires is None:
            return None
        release, params = spec.inverse or wish.command, _back_to(spec, held, value_before)
        return OverrideBegan(
            area=wish.area,
            trade=self._trade,
            asset=wish.asset,
            point=spec.point,
            command_id=wish.command_id,
            command=wish.command,
            actor=wish.actor.username,
            release=release,
            release_params=params,
            expires_at=self._clock.now() + timedelta(seconds=spec.expires),
        )

    def _release(self, held: OverrideBegan, now: datetime) -> Wish:
        return Wish(
            command_id=uuid.uuid4().hex,
            area=held.area,
            asset=held.asset,
            command=held.release,
            params=held.release_params,
            reason="override_expired",
            origin="automatic",
            actor=PLATFORM,
            requested_at=now,
            deadline=now + timedelta(seconds=DEADLINE_S),
            correlation_id=held.command_id,
        )


def _back_to(spec: CommandSpec, held: OverrideBegan | None, value_before: Scalar) -> Params:
    """What the release writes: nothing of its own when it is an inverse, else what stood there before any override."""
    if spec.inverse is not None:
        return {}
    if held is not None:
        return held.release_params
    assert value_before is not None, "a command that could not be released is refused"
    return {"param": value_before}
