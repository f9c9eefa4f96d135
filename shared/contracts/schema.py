"""JSON Schema (2020-12) of a message, from the same annotations that decode it."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin

from shared.contracts.decoding import fields_of, has_default
from shared.contracts.message import Message

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
}


def schema_of(cls: type[Message]) -> Schema:
    """Self-contained; nested dataclasses stand under `$defs`."""
    parts = Parts("#/$defs/")
    schema = object_schema(cls, parts)
    definitions = {"$defs": dict(sorted(parts.schemas.items()))} if parts.schemas else {}
    return {"$schema": DIALECT, "title": cls.__name__, **schema, **definitions}


class Parts:
    """Schemas of nested dataclasses, by class name, that a document keeps under `prefix`."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.schemas: dict[str, Schema] = {}
        self._classes: dict[str, type[Any]] = {}

    def reference(self, cls: type[Any]) -> Schema:
        known = self._classes.setdefault(cls.__name__, cls)
        assert known is cls, f"two contracts are called {cls.__name__}"
        if cls.__name__ not in self.schemas:
            self.schemas[cls.__name__] = {}
            self.schemas[cls.__name__] = object_schema(cls, self)
        return {"$ref": self.prefix + cls.__name__}


def object_schema(cls: type[Any], parts: Parts) -> Schema:
    typed = fields_of(cls)
    schema: Schema = {
        "type": "object",
        "properties": {field.name: _schema(hint, parts) for field, hint in typed},
        "required": [field.name for field, _ in typed if not has_default(field)],
    }
    meaning = (cls.__doc__ or "").strip()
    # A dataclass without a docstring gets its signature for one.
    return schema if not meaning or meaning.startswith(f"{cls.__name__}(") else {"description": meaning, **schema}


def _schema(annotation: Any, parts: Parts) -> Schema:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(choice, parts) for choice in arguments]}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], parts)}
    if origin is dict:
        keys = {} if arguments[0] is str else {"propertyNames": _schema(arguments[0], parts)}
        return {"type": "object", "additionalProperties": _schema(arguments[1], parts), **keys}
    if isinstance(annotation, type) and is_dataclass(annotation):
        return parts.reference(annotation)
    return _SCALARS[annotation]
