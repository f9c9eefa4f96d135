"""What a device told this instance and belongs to another one: on its way to the owner of its area."""

from __future__ import annotations

import uuid

from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import REPORTS, report_key
from shared.clock import Clock
from shared.contracts.codec import encode
from shared.contracts.envelope import CONTENT_TYPE, Envelope, TypeName
from shared.contracts.message import Forwarded


class Forwarder:
    """Safe for several threads."""

    def __init__(self, uri: str, service: str, instance: str, clock: Clock) -> None:
        self._service = service
        self._source = f"{service}/{instance}/-"
        self._clock = clock
        self._publisher = Publisher(uri, f"{instance} reports")

    def send(self, message: Forwarded) -> None:
        """Returns when the broker has it. Raises Unavailable when it has not, or the area never had an owner."""
        identity = uuid.uuid4().hex
        envelope = Envelope(
            id=identity,
            source=self._source,
            subject=message.area,
            type=TypeName.of(self._service, type(message)),
            time=self._clock.now(),
            correlation_id=identity,
            seq=0,
        )
        key = report_key(self._service, message.area)
        self._publisher.publish([Outgoing(REPORTS, key, encode(message, envelope), CONTENT_TYPE, mandatory=True)])

    def close(self) -> None:
        self._publisher.close()
