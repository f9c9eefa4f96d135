"""Writes the schema snapshots, and a golden for each message that has none: `python -m tests.contracts.snapshot`."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from shared.contracts.codec import PRODUCERS, encode
from shared.contracts.decoding import fields_of
from shared.contracts.envelope import Envelope, TypeName
from shared.contracts.message import Message, list_contracts, message_name
from shared.contracts.schema import schema_of

SNAPSHOTS = Path(__file__).parent / "snapshots"
GOLDENS = Path(__file__).parent / "goldens"

_NOON = datetime(2026, 7, 29, 12, 0, tzinfo=UTC)
_FIRST: dict[Any, object] = {str: "text", bool: True, int: 1, float: 1.5, datetime: _NOON, type(None): None}


def snapshot_name(cls: type[Message]) -> str:
    return f"{message_name(cls)}.v{cls.version}.json"


def snapshot_text(cls: type[Message]) -> str:
    return json.dumps(schema_of(cls), indent=2, ensure_ascii=False) + "\n"


def example(annotation: Any) -> Any:
    """The plainest value of a type, with one item in every collection."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return (example(arguments[0]),)
    if origin is dict:
        return {example(arguments[0]): example(arguments[1])}
    if origin is not None or not isinstance(annotation, type):
        return example(arguments[0])
    if is_dataclass(annotation):
        return annotation(**{field.name: example(hint) for field, hint in fields_of(annotation)})
    return _FIRST[annotation]


def write() -> None:
    for old in SNAPSHOTS.glob("*.json"):
        old.unlink()
    for cls in list_contracts():
        (SNAPSHOTS / snapshot_name(cls)).write_text(snapshot_text(cls), encoding="utf-8")
        golden = GOLDENS / snapshot_name(cls)
        if not golden.exists():
            golden.write_bytes(_golden(cls) + b"\n")


def _golden(cls: type[Message]) -> bytes:
    message = example(cls)
    service = cls.__module__.rpartition(".")[2]
    envelope = Envelope(
        id="01J3Z0000000000000000000",
        source=f"{service}/{service}-1/5f2c",
        subject=message.area,
        type=TypeName.of(service, cls),
        time=_NOON,
        correlation_id="01J3Z0000000000000000001",
        causation_id="01J3Z0000000000000000002",
        seq=1,
    )
    return encode(message, envelope)


if __name__ == "__main__":
    assert PRODUCERS
    write()
