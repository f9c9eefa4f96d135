"""What the archive answers, as it goes over the bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.history.archive.collector import WORDS
from services.history.archive.trend import Trend
from services.history.domain.buckets import Buckets
from services.history.domain.rows import Rows, with_none
from shared.contracts.message import Scalar


def trend_answer(trend: Trend) -> dict[str, Any]:
    """Columns: a third of the bytes of an object a sample."""
    return {
        "kind": trend.kind,
        "width_us": trend.width_us,
        "samples": None if trend.rows is None else _samples(trend.rows, trend.kind, trend.words),
        "buckets": None if trend.buckets is None else _buckets(trend.buckets),
        "gaps": [[gap.from_us, gap.to_us, gap.cause] for gap in trend.gaps],
    }


def page_answer(rows: Rows, kind: str, words: Sequence[str], rows_max: int) -> dict[str, Any]:
    """A page of readings."""
    more = len(rows) == rows_max
    return {"next_us": int(rows.at_us[-1]) + 1 if more else None, **_samples(rows, kind, words)}


def rollup_page_answer(buckets: Buckets, next_us: int | None) -> dict[str, Any]:
    """A page of rollups."""
    told = _buckets(buckets)
    return {"next_us": next_us, "at_us": told.pop("start_us"), **told}


def values_of(rows: Rows, kind: str) -> list[Scalar]:
    """As they were told: words, whole numbers, true and false."""
    values: list[Scalar] = list(with_none(rows.value))
    if kind == "b":
        values = [None if value is None else bool(value) for value in values]
    elif kind == "i":
        values = [None if value is None else int(value) for value in values]
    elif kind == WORDS:
        values = [rows.texts.get(at, value) for at, value in enumerate(values)]
    return values


def _samples(rows: Rows, kind: str, words: Sequence[str]) -> dict[str, Any]:
    return {"at_us": rows.at_us.tolist(), "value": values_of(rows, kind), "quality": list(words)}


def _buckets(buckets: Buckets) -> dict[str, Any]:
    numbers = {name: with_none(getattr(buckets, name)) for name in ("min", "max", "mean", "last", "good_s", "gain")}
    whole = {name: getattr(buckets, name).tolist() for name in ("start_us", "count", "resets")}
    return numbers | whole
