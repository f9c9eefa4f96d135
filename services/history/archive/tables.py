"""The small tables of the archive, and what the big ones are called; postgres.py and sqlite.py know how those lie."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

metadata = sa.MetaData()

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

series_table = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asset", sa.String(64), nullable=False),
    sa.Column("point", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(1), nullable=False, comment="f, i, b: a number, whole, true or false; s: words"),
    sa.UniqueConstraint("asset", "point"),
)

quality_table = sa.Table(
    "quality_word",
    metadata,
    sa.Column("code", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("word", sa.String(64), nullable=False, unique=True),
)

position_table = sa.Table(
    "stream_position",
    metadata,
    sa.Column("stream", sa.String(64), primary_key=True),
    sa.Column("taken", sa.BigInteger, nullable=False, comment="offset of the last message whose rows are here"),
    sa.Column("head_us", sa.BigInteger, nullable=False, comment="city time at which the newest of them was sent"),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="readings that came, ever"),
)

seen_table = sa.Table(
    "frame_seen",
    metadata,
    sa.Column("source", sa.String(100), primary_key=True),
    sa.Column("area", sa.String(128), primary_key=True),
    sa.Column("epoch", sa.BigInteger, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
)

gap_table = sa.Table(
    "telemetry_gap",
    metadata,
    sa.Column("event_id", sa.String(100), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("trade", sa.String(32), nullable=False),
    sa.Column("controller", sa.String(64), nullable=False),
    sa.Column("cause", sa.String(16), nullable=False),
    sa.Column("from_us", sa.BigInteger, nullable=False),
    sa.Column("to_us", sa.BigInteger, nullable=False),
    sa.Column("batches_lost", sa.Integer, nullable=False),
    sa.Index("telemetry_gap_by_area", "area", "to_us"),
)

hour_table = sa.Table(
    "reading_hour",
    metadata,
    sa.Column("start_us", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.SmallInteger, nullable=False),
)
"""Hours of which there are readings, and how far their rollups are."""

due_table = sa.Table(
    "rollup_due",
    metadata,
    sa.Column("start_us", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("series", sa.Integer, primary_key=True, autoincrement=False),
)
"""Series to which something was added in an hour that was rolled up before."""


@dataclass(frozen=True, slots=True)
class Level:
    """A table with a row a series and piece of time; `partition_us` is how much of it PostgreSQL keeps together."""

    name: str
    table: str
    width_us: int
    partition_us: int


READING = Level("raw", "reading", 0, DAY_US)
ROLLUPS = (
    Level("1m", "rollup_1m", 60_000_000, 7 * DAY_US),
    Level("10m", "rollup_10m", 600_000_000, 28 * DAY_US),
    Level("1h", "rollup_1h", HOUR_US, 364 * DAY_US),
)
"""The finest first; the last is what the others fit into."""
LEVELS = (READING, *ROLLUPS)
