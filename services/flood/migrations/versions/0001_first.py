"""What every owner of controllers keeps: outbox, inbox, ledger, standing conditions, memory."""

from shared.bus.inbox import create_inbox_v1
from shared.bus.outbox import create_outbox_v1
from shared.field.storage import create_field_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_outbox_v1()
    create_inbox_v1()
    create_field_v1()
