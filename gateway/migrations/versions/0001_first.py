"""Accounts, sessions, tokens, throttling, idempotency keys, and the outbox of audit events."""

from gateway.storage import create_gateway_v1
from shared.bus.outbox import create_outbox_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_outbox_v1()
    create_gateway_v1()
