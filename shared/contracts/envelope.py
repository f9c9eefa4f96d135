"""The CloudEvents 1.0 envelope around every message on the bus, in structured JSON mode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.message import Message, message_name
from shared.errors import Malformed

CONTENT_TYPE = "application/cloudevents+json"
SPEC_VERSION = "1.0"

_TYPE = re.compile(r"urbanops\.(?P<service>[a-z0-9]+)\.(?P<name>[a-z0-9_]+)\.v(?P<version>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class TypeName:
    """Who says it, what it is called, and in which version: `urbanops.flood.condition_raised.v1`."""

    service: str
    name: str
    version: int

    def __str__(self) -> str:
        return f"urbanops.{self.service}.{self.name}.v{self.version}"

    @classmethod
    def of(cls, service: str, message: type[Message]) -> TypeName:
        return cls(service, message_name(message), message.version)

    @classmethod
    def parse(cls, text: str) -> TypeName:
        """Raises Malformed."""
        found = _TYPE.fullmatch(text)
        if found is None:
            raise Malformed("message_malformed", path="type", expected="urbanops.<service>.<name>.v<version>")
        return cls(found["service"], found["name"], int(found["version"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known about a message beside its content.

    `source` is `<service>/<instance>/<store id>`, `subject` the area. `seq` grows by one per (source, subject), from 1.
    `time` and `deadline` are city time. `correlation_id` is the same from register to screen and from click to
    register; `causation_id` is the id of the message that led to this one.
    """

    id: str
    source: str
    subject: str
    type: TypeName
    time: datetime
    correlation_id: str
    causation_id: str | None = None
    seq: int
    deadline: datetime | None = None

    @property
    def service(self) -> str:
        return self.source.partition("/")[0]
