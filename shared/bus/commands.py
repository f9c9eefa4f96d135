"""Sending commands: the gateway's side. Confirmed by the broker, refused at once when no service is there to do it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import COMMANDS, command_key
from shared.clock import Clock
from shared.contracts.codec import encode
from shared.contracts.envelope import CONTENT_TYPE, Envelope, TypeName
from shared.contracts.message import Command

KEPT_BEYOND_DEADLINE = timedelta(hours=1)
"""The owner itself says that a command expired, even if it comes back late; the broker only tidies up after that."""


class CommandSender:
    """Safe for several threads."""

    def __init__(self, uri: str, service: str, instance: str, clock: Clock) -> None:
        self._service = service
        self._source = f"{service}/{instance}/-"
        self._clock = clock
        self._publisher = Publisher(uri, f"{instance} commands")

    def send(
        self, to: str, command: Command, deadline: datetime, *, message_id: str | None = None, correlation_id: str = ""
    ) -> Envelope:
        """Returns when the broker has it. Raises Unavailable when it has not, or nobody listens in that area.

        The same `message_id` sent again is done once. `seq` is 0: commands are not counted, their id tells them apart.
        """
        now = self._clock.now()
        identity = message_id or uuid.uuid4().hex
        envelope = Envelope(
            id=identity,
            source=self._source,
            subject=command.area,
            type=TypeName.of(self._service, type(command)),
            time=now,
            correlation_id=correlation_id or identity,
            seq=0,
            deadline=deadline,
        )
        left_s = self._clock.wall_seconds(max(0.0, (deadline - now).total_seconds()))
        kept_ms = int((left_s + KEPT_BEYOND_DEADLINE.total_seconds()) * 1000)
        key = command_key(to, command.area)
        body = encode(command, envelope)
        self._publisher.publish([Outgoing(COMMANDS, key, body, CONTENT_TYPE, mandatory=True, expiration_ms=kept_ms)])
        return envelope

    def close(self) -> None:
        self._publisher.close()
