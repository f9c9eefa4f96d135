"""Readings as files, written page by page while they are read: neither side ever holds more than a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from gateway.views.city import PointView

Format = Literal["csv", "parquet"]
Resolution = Literal["raw", "1m", "10m", "1h"]
PAGE_TIMEOUT_S = 20.0
ROWS_MAX = 8000
"""Of a page."""

READING_COLUMNS = ("time", "asset", "point", "value", "text", "quality", "unit")
ROLLUP_COLUMNS = (
    "time", "asset", "point", "min", "max", "mean", "last", "count", "good_s", "gain", "resets", "unit",
)  # fmt: skip

Query = Callable[..., Any]
Page = dict[str, list[Any]]


class Pages:
    """The pages of some points, one point after the other, each page by column."""

    def __init__(
        self, query: Query, points: Sequence[PointView], from_us: int, to_us: int, resolution: Resolution
    ) -> None:
        self._query = query
        self._points = points
        self._from_us, self._to_us = from_us, to_us
        self.resolution = resolution
        self.columns = READING_COLUMNS if resolution == "raw" else ROLLUP_COLUMNS
        self._first: dict[str, Any] | None = None

    def first(self) -> None:
        """Ask for the first page. Raises Unavailable, and what the history raised."""
        self._first = self._ask(self._points[0], self._from_us)

    def __iter__(self) -> Iterator[Page]:
        for point in self._points:
            from_us: int | None = self._from_us
            while from_us is not None:
                told, self._first = self._first or self._ask(point, from_us), None
                from_us = told["next_us"]
                if told["at_us"]:
                    yield self._page(point, told)

    def _ask(self, point: PointView, from_us: int) -> dict[str, Any]:
        told: dict[str, Any] = self._query(
            "history",
            "read_page",
            timeout_s=PAGE_TIMEOUT_S,
            asset=point.asset,
            point=point.name,
            resolution=self.resolution,
            from_us=from_us,
            to_us=self._to_us,
            rows_max=ROWS_MAX,
        )
        return told

    def _page(self, point: PointView, told: dict[str, Any]) -> Page:
        count = len(told["at_us"])
        same = {"asset": point.asset, "point": point.name, "unit": point.shown.unit}
        found: Page = {name: [value] * count for name, value in same.items()}
        found["time"] = [datetime.fromtimestamp(at_us / 1e6, UTC) for at_us in told["at_us"]]
        if self.resolution == "raw":
            found["value"] = [None if isinstance(value, str) else value for value in told["value"]]
            found["text"] = [value if isinstance(value, str) else None for value in told["value"]]
            found["quality"] = told["quality"]
        return found | {name: told[name] for name in self.columns if name not in found}


@dataclass(frozen=True, slots=True)
class File:
    """A way to write pages down."""

    ending: str
    media_type: str
    write: Callable[[Pages], Iterator[bytes]]


def write_csv(pages: Pages) -> Iterator[bytes]:
    """RFC 4180, UTF-8 with a byte order mark (spreadsheets read Chinese by it), times as ISO 8601 in UTC."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(pages.columns)
    yield b"\xef\xbb\xbf" + _taken(text)
    for page in pages:
        page["time"] = [moment.isoformat(timespec="microseconds").replace("+00:00", "Z") for moment in page["time"]]
        writer.writerows(zip(*(page[name] for name in pages.columns), strict=True))
        yield _taken(text)


def write_parquet(pages: Pages) -> Iterator[bytes]:
    """A row group a page."""
    import pyarrow as pa  # noqa: PLC0415 - 60 MB that only who exports needs
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {
        "time": pa.timestamp("us", tz="UTC"), "asset": pa.dictionary(pa.int32(), pa.string()),
        "point": pa.dictionary(pa.int32(), pa.string()), "unit": pa.dictionary(pa.int32(), pa.string()),
        "quality": pa.dictionary(pa.int32(), pa.string()), "text": pa.string(), "count": pa.int64(),
        "resets": pa.int64(),
    }  # fmt: skip
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in pages.columns])
    sink = io.BytesIO()
    with pq.ParquetWriter(pa.PythonFile(_Forgetful(sink), mode="w"), schema) as writer:
        for page in pages:
            columns = {name: page[name] for name in pages.columns}
            if "value" in columns:
                columns["value"] = [None if value is None else float(value) for value in page["value"]]
            writer.write_table(pa.table(columns, schema=schema))
            yield _drained(sink)
    yield _drained(sink)


class _Forgetful(io.RawIOBase):
    """Hands on what is written to a sink that is emptied meanwhile, and knows how much it was."""

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink = sink
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        count = self._sink.write(data)
        self._written += count
        return count


FORMATS: dict[Format, File] = {
    "csv": File("csv", "text/csv; charset=utf-8", write_csv),
    "parquet": File("parquet", "application/vnd.apache.parquet", write_parquet),
}


def _taken(text: io.StringIO) -> bytes:
    found = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return found


def _drained(sink: io.BytesIO) -> bytes:
    found = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return found
