"""What every service's first migration has: outbox and inbox. And a table to act upon."""

import sqlalchemy as sa
from alembic import op

from shared.bus.inbox import create_inbox_v1
from shared.bus.outbox import create_outbox_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_outbox_v1()
    create_inbox_v1()
    op.create_table("applied", sa.Column("id", sa.String(60), primary_key=True), sa.Column("n", sa.Integer))
