"""A dispatcher's seat without a gateway."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from shared.bus.commands import CommandSender
from shared.clock import CityClock
from shared.contracts.gateway import CancelOperate, Operate
from shared.contracts.message import Actor, Command, Params, Scope
from shared.errors import Unavailable
from tests.waiting import eventually

AREA = "town/east/one"
ASSET = "well"
DISPATCHER = Actor(username="dispatcher", role="dispatcher", scopes=(Scope(trade="*", area="*", verb="operate"),))


class Desk:
    """A dispatcher's seat: sends commands as the gateway does."""

    def __init__(self, amqp_uri: str, clock_file: Path) -> None:
        self._clock = CityClock(clock_file)
        self.sender = CommandSender(amqp_uri, "gateway", "gateway-1", self._clock)

    def cancel(self, command_id: str) -> None:
        wish = CancelOperate(area=AREA, trade="flood", command_id=command_id, actor=DISPATCHER)
        self.sender.send("flood", wish, self._clock.now() + timedelta(seconds=120))

    def operate(
        self, command: str, actor: Actor = DISPATCHER, *, ttl_s: float = 120.0, params: Params | None = None,
        command_id: str = "",
    ) -> str:  # fmt: skip
        """Sent as soon as somebody listens; its id."""
        now = self._clock.now()
        identity = command_id or uuid.uuid4().hex
        wish = Operate(
            area=AREA, trade="flood", command_id=identity, asset=ASSET, command=command, params=params or {}, reason="",
            actor=actor, requested_at=now,
        )  # fmt: skip

        self.send(wish, ttl_s)
        return identity

    def send(self, wish: Command, ttl_s: float = 120.0) -> None:
        """As soon as somebody listens."""
        deadline = self._clock.now() + timedelta(seconds=ttl_s)

        def sent() -> bool:
            try:
                self.sender.send("flood", wish, deadline)
            except Unavailable:
                return False
            return True

        eventually(sent, within_s=20)
