"""Until when an area was polled, so that the gap of a stopped service is told."""

from shared.field.storage import create_served_v1

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_served_v1()
