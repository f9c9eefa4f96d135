"""The archive of readings."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_READING = """
create table reading (
    at_us bigint not null, value double precision, series integer not null, quality smallint not null, words text,
    primary key (series, at_us)
) {kept}"""
_ROLLUP = """
create table {name} (
    start_us bigint not null, min double precision, max double precision, mean double precision,
    last double precision, good_s double precision not null, gain double precision,
    series integer not null, count integer not null, resets integer not null,
    primary key (series, start_us)
) {kept}"""


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("point", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(1), nullable=False),
        sa.UniqueConstraint("asset", "point"),
    )
    op.create_table(
        "quality_word",
        sa.Column("code", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("word", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "stream_position",
        sa.Column("stream", sa.String(64), primary_key=True),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("head_us", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "frame_seen",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("area", sa.String(128), primary_key=True),
        sa.Column("epoch", sa.BigInteger, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "telemetry_gap",
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
    op.create_table(
        "reading_hour",
        sa.Column("start_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "rollup_due",
        sa.Column("start_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series", sa.Integer, primary_key=True, autoincrement=False),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_READING.format(kept="without rowid" if sqlite else "partition by range (at_us)"))
    for name in ("rollup_1m", "rollup_10m", "rollup_1h"):
        op.execute(_ROLLUP.format(name=name, kept="without rowid" if sqlite else "partition by range (start_us)"))
