"""Messages to bytes and back: structured-mode CloudEvents JSON with typed content.

A reader gets the newest version of a message that it knows: upcasters lift v1 to v2 before decoding. Every producer
module is imported here, so that whoever can decode knows every contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from shared.contracts import alarms, field, flood, gateway, history
from shared.contracts.decoding import decode_as, format_time, parse_time, plain
from shared.contracts.envelope import SPEC_VERSION, Envelope, TypeName
from shared.contracts.message import Message, find_contract
from shared.errors import Malformed

PRODUCERS = (alarms, field, flood, gateway, history)
"""The modules whose import registers the contracts."""

Data = dict[str, Any]
Upcaster = Callable[[Data], Data]

BODY_BYTES_MAX = 1_048_576
"""A message bigger than this is nobody's honest event."""

_SEQ_MAX = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came: its envelope, and its content not yet decoded."""

    envelope: Envelope
    data: Data


class Upcasters:
    """Lifts the content of an old version to the next one. One step a version, so that steps are never rewritten."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, int], Upcaster] = {}

    def add(self, name: str, version: int, step: Upcaster) -> None:
        assert (name, version) not in self._steps
        self._steps[name, version] = step

    def lift(self, name: str, version: int, data: Data) -> tuple[int, Data]:
        while step := self._steps.get((name, version)):
            version, data = version + 1, step(data)
        return version, data


UPCASTERS = Upcasters()


def encode(message: Message, envelope: Envelope) -> bytes:
    """Raises Malformed when the message holds something that JSON cannot carry."""
    attributes: dict[str, object] = {
        "specversion": SPEC_VERSION,
        "id": envelope.id,
        "source": envelope.source,
        "subject": envelope.subject,
        "type": str(envelope.type),
        "time": format_time(envelope.time, "time"),
        "datacontenttype": "application/json",
        "correlationid": envelope.correlation_id,
        "seq": envelope.seq,
    }
    if envelope.causation_id is not None:
        attributes["causationid"] = envelope.causation_id
    if envelope.deadline is not None:
        attributes["deadline"] = format_time(envelope.deadline, "deadline")
    attributes["data"] = plain(message)
    try:
        return orjson.dumps(attributes)
    except orjson.JSONEncodeError as error:
        raise Malformed("message_malformed", path="data", expected=f"what JSON can carry ({error})") from error


def open_letter(body: bytes) -> Letter:
    """Read the envelope and leave the content alone: a reader may not care for it. Raises Malformed."""
    if len(body) > BODY_BYTES_MAX:
        _refuse("(body)", f"at most {BODY_BYTES_MAX} bytes")
    try:
        attributes = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _refuse("(body)", f"JSON ({error})", error)
    if not isinstance(attributes, dict):
        _refuse("(body)", "a JSON object")
    if attributes.get("specversion") != SPEC_VERSION:
        _refuse("specversion", f'"{SPEC_VERSION}"')
    data = attributes.get("data")
    if not isinstance(data, dict):
        _refuse("data", "an object")
    return Letter(_envelope(attributes), data)


def decode(letter: Letter) -> Message:
    """The content as the newest version this build knows. Raises Malformed, also for a message nobody here knows."""
    name = letter.envelope.type.name
    version, data = UPCASTERS.lift(name, letter.envelope.type.version, letter.data)
    cls = find_contract(name, version)
    if cls is None:
        _refuse("type", f"a message this build knows, not {letter.envelope.type}")
    message = decode_as(cls, data)
    if message.area != letter.envelope.subject:
        _refuse("data.area", f"the envelope's subject {letter.envelope.subject}")
    return message


def _envelope(attributes: Data) -> Envelope:
    seq = attributes.get("seq")
    if type(seq) is not int or not 0 <= seq <= _SEQ_MAX:
        _refuse("seq", "a whole number of at least 0")
    deadline = attributes.get("deadline")
    return Envelope(
        id=_text(attributes, "id"),
        source=_text(attributes, "source"),
        subject=_text(attributes, "subject"),
        type=TypeName.parse(_text(attributes, "type")),
        time=parse_time(attributes.get("time"), "time"),
        correlation_id=_text(attributes, "correlationid"),
        causation_id=_text(attributes, "causationid") if "causationid" in attributes else None,
        seq=seq,
        deadline=None if deadline is None else parse_time(deadline, "deadline"),
    )


def _text(attributes: Data, name: str) -> str:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        _refuse(name, "a string that is not empty")
    return value


def _refuse(path: str, expected: str, cause: Exception | None = None) -> NoReturn:
    raise Malformed("message_malformed", path=path, expected=expected) from cause
