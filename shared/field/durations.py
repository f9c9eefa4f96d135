"""Lengths of time as YAML writes them: `300ms`, `10s`, `5m`, `2h`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from shared.errors import Malformed
from shared.field.expression import parse_duration


def _seconds(given: object) -> float:
    try:
        return parse_duration(str(given))
    except Malformed as error:
        raise ValueError(str(error)) from error


Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h)$"})
]
