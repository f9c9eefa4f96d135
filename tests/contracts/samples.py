"""Arbitrary values of any contract, built from the same annotations that decode it."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from shared.contracts.decoding import fields_of

MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    # JSON text is Unicode: a lone surrogate half cannot travel.
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    bool: st.booleans(),
    int: st.integers(min_value=-(2**53), max_value=2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    datetime: MOMENTS,
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([values(choice) for choice in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=3)
    if is_dataclass(annotation):
        assert isinstance(annotation, type)
        return st.builds(annotation, **{field.name: values(hint) for field, hint in fields_of(annotation)})
    return _SCALARS[annotation]
