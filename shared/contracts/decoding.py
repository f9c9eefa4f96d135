"""Typed decoding: plain JSON values into dataclasses, and back. A value that does not fit is refused with its path.

Decoders are built once a type from its annotations. Fields that a class does not have are ignored, so that a producer
may add optional ones before its readers know them.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from shared.errors import Malformed

T = TypeVar("T")
Decoder = Callable[[object, str], Any]


def decode_as(cls: type[T], value: object, path: str = "data") -> T:
    """Raises Malformed with the path of the first value that does not fit and what was expected there."""
    annotation: Any = cls
    decoded: T = _decoder(annotation)(value, path)
    return decoded


def plain(value: object, path: str = "data") -> Any:
    """The JSON value of a dataclass. Raises Malformed for a number that JSON does not have."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name), f"{path}.{field.name}") for field in fields(value)}
    if isinstance(value, datetime):
        return format_time(value, path)
    if isinstance(value, dict):
        return {key: plain(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, f"{path}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        _refuse(path, "a finite number")
    return value


def format_time(value: datetime, path: str) -> str:
    """UTC with a `Z`, to the microsecond."""
    if value.utcoffset() is None:
        _refuse(path, "a time with its offset")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(value: object, path: str) -> datetime:
    """An RFC 3339 time with its offset, as aware UTC. Raises Malformed."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        _refuse(path, "an RFC 3339 time with its offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        _refuse(path, "a time between the years 1 and 9999")


def fields_of(cls: type[Any]) -> list[tuple[Field[Any], Any]]:
    """The fields of a dataclass with their resolved annotations."""
    hints = get_type_hints(cls)
    return [(field, hints[field.name]) for field in fields(cls)]


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


@cache
def _decoder(annotation: Any) -> Decoder:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _literal(arguments)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is tuple:
        assert len(arguments) == 2, f"only tuple[X, ...] travels, not {annotation}"
        assert arguments[1] is Ellipsis
        return _sequence(_decoder(arguments[0]))
    if origin is dict:
        return _mapping(_decoder(arguments[0]), _decoder(arguments[1]))
    if isinstance(annotation, type) and is_dataclass(annotation):
        return _dataclass(annotation)
    return _SCALARS[annotation]


def _dataclass(cls: type[Any]) -> Decoder:
    parts = [(field.name, _decoder(hint), has_default(field)) for field, hint in fields_of(cls)]

    def decode(value: object, path: str) -> Any:
        if not isinstance(value, dict):
            _refuse(path, "an object")
        found: dict[str, Any] = {}
        for name, decoder, optional in parts:
            if name in value:
                found[name] = decoder(value[name], f"{path}.{name}")
            elif not optional:
                _refuse(f"{path}.{name}", "a value; it is missing")
        return cls(**found)

    return decode


def _sequence(item: Decoder) -> Decoder:
    def decode(value: object, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            _refuse(path, "an array")
        return tuple(item(each, f"{path}[{index}]") for index, each in enumerate(value))

    return decode


def _mapping(key: Decoder, item: Decoder) -> Decoder:
    def decode(value: object, path: str) -> dict[Any, Any]:
        if not isinstance(value, dict):
            _refuse(path, "an object")
        return {key(name, path): item(each, f"{path}.{name}") for name, each in value.items()}

    return decode


def _literal(allowed: tuple[object, ...]) -> Decoder:
    expected = "one of " + ", ".join(map(str, allowed))

    def decode(value: object, path: str) -> object:
        for choice in allowed:
            if choice == value and type(choice) is type(value):
                return choice
        _refuse(path, expected)

    return decode


def _union(choices: tuple[Any, ...]) -> Decoder:
    decoders = [_decoder(choice) for choice in choices]

    def decode(value: object, path: str) -> object:
        refusals: list[Malformed] = []
        for decoder in decoders:
            try:
                return decoder(value, path)
            except Malformed as refusal:
                refusals.append(refusal)
        deepest = max(refusals, key=lambda refusal: len(str(refusal.params["path"])))
        if deepest.params["path"] != path:
            raise deepest
        _refuse(path, " or ".join(str(refusal.params["expected"]) for refusal in refusals))

    return decode


def _of_type(kind: type[Any], expected: str) -> Decoder:
    def decode(value: object, path: str) -> object:
        if type(value) is not kind:
            _refuse(path, expected)
        return value

    return decode


def _number(value: object, path: str) -> float:
    if type(value) not in (int, float):
        _refuse(path, "a number")
    assert isinstance(value, int | float)
    return float(value)


_SCALARS: dict[Any, Decoder] = {
    str: _of_type(str, "a string"),
    bool: _of_type(bool, "true or false"),
    int: _of_type(int, "a whole number"),
    float: _number,
    type(None): _of_type(type(None), "null"),
    datetime: parse_time,
}


def _refuse(path: str, expected: str) -> NoReturn:
    raise Malformed("message_malformed", path=path, expected=expected)
