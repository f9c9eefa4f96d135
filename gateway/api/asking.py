"""A command to an owner that is answered by an event: sent, and waited for."""

from __future__ import annotations

import uuid
from datetime import timedelta

from gateway.wiring import Gateway
from shared.contracts.gateway import AuditEvent
from shared.contracts.message import Command, Event
from shared.errors import Unavailable

DEADLINE_S = 10.0
"""Wall time; later the owner does not do it any more."""


def ask_owner(gateway: Gateway, trade: str, command: Command, audit: AuditEvent) -> Event:
    """Audited, sent, and the event that it caused. Raises Unavailable when nobody answers in time."""
    gateway.database.run(lambda session: gateway.audit(session, audit))
    request_id = uuid.uuid4().hex
    waiting = gateway.feed.expect(request_id)
    deadline = gateway.clock.now() + timedelta(seconds=DEADLINE_S * gateway.clock.rate)
    try:
        gateway.sender.send(trade, command, deadline, message_id=request_id)
        return waiting.result(gateway.settings.answer_wait_s)
    except TimeoutError:
        raise Unavailable("owner_silent", trade=trade) from None
    finally:
        gateway.feed.forget(request_id)
