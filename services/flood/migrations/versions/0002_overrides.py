"""Overrides that release themselves."""

from shared.field.storage import create_overrides_v1

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_overrides_v1()
