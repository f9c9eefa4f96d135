"""Overrides: commands with an expiry, which release themselves, also after a restart in between.

An override begins with the ledger row of its command, before anything is written: a process that dies in the middle
leaves one that will be released. It ends when its release, or another command, is written to the same point. What was
noted for a write that never reached the device is taken back. One whose release is no longer configured ends as it is:
nobody can release it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.contracts.field import OverrideBegan, OverrideEnded, OverrideEnding
from shared.contracts.message import Event, Params, Scalar
from shared.field.commands import Outcome, may_have_acted
from shared.field.held import Held, Key
from shared.field.profile import CommandSpec
from shared.field.wish import PLATFORM, Wish

RETRY_S = 60.0
"""A release that was not written (an interlock, a lost link) is tried again so often, in city time."""
DEADLINE_S = 30.0


class Overrides:
    """Of one trade in this process. Safe for several threads."""

    def __init__(self, trade: str, clock: Clock) -> None:
        self._trade = trade
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Held[OverrideBegan] = Held()
        self._open: dict[str, tuple[Key, OverrideBegan | None]] = {}
        """Commands on their way, and what held on their point before."""
        self._releases: dict[str, OverrideBegan] = {}
        """Commands that release an override."""
        self._retry_at: dict[Key, datetime] = {}

    def remember(self, area: str, overrides: Iterable[OverrideBegan]) -> list[Event]:
        """After a restart: these hold in an area, in place of what was read before. The ends of those that a command of
        this run has replaced before they were known."""
        with self._lock:
            _, replaced = self._held.remember(area, overrides)
        return [_ended(each, "replaced") for each in replaced]

    def forget(self, area: str) -> None:
        """Another owner has them now."""
        with self._lock:
            self._held.forget(area)

    def starting(self, wish: Wish, spec: CommandSpec, value_before: Scalar) -> list[Event] | None:
        """A command goes out to a point in which `value_before` stands: what is to be kept with its ledger row.

        None: it would release what another command has replaced meanwhile, so it must not be written.
        """
        key = (wish.asset, spec.point)
        with self._lock:
            released = self._releases.get(wish.command_id)
            if released is not None and self._held.find(key) != released:
                return None
            held = self._held.end(key, wish.area)
            self._open[wish.command_id] = (key, held)
            if released is not None:
                return [_ended(released, "expired")]
            begun = self._begun(wish, spec, held, value_before)
            if begun is not None:
                self._held.set(begun)
                return [begun]
        return [] if held is None else [_ended(held, "replaced")]

    def ended(self, wish: Wish, outcome: Outcome) -> list[Event]:
        """The command is over: nothing, or what takes back what was noted of a write that never was."""
        with self._lock:
            self._releases.pop(wish.command_id, None)
            opened = self._open.pop(wish.command_id, None)
            if opened is None or may_have_acted(outcome):
                return []
            key, before = opened
            now = self._held.find(key)
            ours = now is not None and now.command_id == wish.command_id
            if before is not None and (now is None or ours):
                self._held.set(before)
                return [before]
            if now is not None and ours:
                self._held.end(key, now.area)
                return [_ended(now, "not_written")]
            self._held.unchange(key)
        return []

    def gone(self, wish: Wish) -> list[Event]:
        """The command that was to release an override is no longer configured: what was written stays as it is."""
        with self._lock:
            released = self._releases.pop(wish.command_id, None)
            if released is None or self._held.find((released.asset, released.point)) != released:
                return []
            self._held.end((released.asset, released.point), released.area)
            return [_ended(released, "command_gone")]

    def due(self, area: str) -> list[Wish]:
        """The releases to carry out now."""
        now = self._clock.now()
        wishes = []
        with self._lock:
            for held in self._held:
                key = held.asset, held.point
                if held.area != area or now < held.expires_at or now < self._retry_at.get(key, now):
                    continue
                self._retry_at[key] = now + timedelta(seconds=RETRY_S)
                wish = _release(held, now)
                self._releases[wish.command_id] = held
                wishes.append(wish)
        return wishes

    def _begun(
        self, wish: Wish, spec: CommandSpec, held: OverrideBegan | None, value_before: Scalar
    ) -> OverrideBegan | None:
        if spec.expires is None:
            return None
        return OverrideBegan(
            area=wish.area,
            trade=self._trade,
            asset=wish.asset,
            point=spec.point,
            command_id=wish.command_id,
            command=wish.command,
            actor=wish.actor.username,
            release=spec.inverse or wish.command,
            release_params=_back_to(spec, held, value_before),
            expires_at=self._clock.now() + timedelta(seconds=spec.expires),
        )


def _release(held: OverrideBegan, now: datetime) -> Wish:
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


def _ended(held: OverrideBegan, cause: OverrideEnding) -> OverrideEnded:
    return OverrideEnded(
        area=held.area,
        trade=held.trade,
        asset=held.asset,
        point=held.point,
        command_id=held.command_id,
        command=held.command,
        cause=cause,
    )
