"""The journal, outbox and inbox."""

import sqlalchemy as sa
from alembic import op

from shared.bus.inbox import create_inbox_v1
from shared.bus.outbox import create_outbox_v1
from shared.database import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_outbox_v1()
    create_inbox_v1()
    op.create_table(
        "journal",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("event_id", sa.String(100), nullable=False, unique=True),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("service", sa.String(32), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("area", sa.String(128), nullable=False),
        sa.Column("asset", sa.String(100)),
        sa.Column("actor", sa.String(100)),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("correlation_id", sa.String(100), nullable=False),
        sa.Column("causation_id", sa.String(100)),
        sa.Column("data", sa.Text, nullable=False),
        sa.Index("journal_by_asset", "asset", "position"),
        sa.Index("journal_by_area", "area", "position"),
        sa.Index("journal_by_service", "service", "position"),
        sa.Index("journal_by_time", "time"),
    )
