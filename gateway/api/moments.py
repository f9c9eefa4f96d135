"""Moments as a query gives them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BeforeValidator


def _iso(given: object) -> object:
    """A number is a moment to some libraries; to people it is a slip."""
    if isinstance(given, str) and given[:1].isdigit() and "-" in given:
        return given
    raise ValueError("a moment like 2026-07-29T18:52:07+08:00")


Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]
From = Annotated[Moment | None, Query(alias="from", description="ISO 8601 with its offset")]
To = Annotated[Moment | None, Query(description="ISO 8601 with its offset")]
