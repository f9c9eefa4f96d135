"""Alarms, their journal, outbox and inbox."""

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
        "alarm",
        sa.Column("id", sa.String(250), primary_key=True),
        sa.Column("area", sa.String(128), nullable=False),
        sa.Column("trade", sa.String(32), nullable=False),
        sa.Column("asset", sa.String(100), nullable=False),
        sa.Column("condition", sa.String(150), nullable=False),
        sa.Column("state", sa.String(5), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("acknowledged", sa.Boolean, nullable=False),
        sa.Column("latched", sa.Boolean, nullable=False),
        sa.Column("ack_required", sa.Boolean, nullable=False),
        sa.Column("shelved", sa.Boolean, nullable=False),
        sa.Column("suppressed_by", sa.JSON, nullable=False),
        sa.Column("out_of_service", sa.Boolean, nullable=False),
        sa.Column("news_inside", sa.Boolean, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("occurrence", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("raised_at", UtcDateTime),
        sa.Column("cleared_at", UtcDateTime),
        sa.Column("acknowledged_at", UtcDateTime),
        sa.Column("acknowledged_by", sa.String(100)),
        sa.Column("comment", sa.Text),
        sa.Index("alarm_by_state", "state", "area"),
        sa.Index("alarm_by_trade", "area", "trade", "active"),
    )
    op.create_table(
        "journal",
        sa.Column("alarm_id", sa.String(250), sa.ForeignKey("alarm.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(100)),
        sa.Column("comment", sa.Text),
        sa.Column("priority", sa.SmallInteger),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("latching", sa.Boolean, nullable=False),
        sa.Column("ack_required", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(5), nullable=False),
    )
