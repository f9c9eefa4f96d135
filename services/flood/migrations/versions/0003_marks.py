"""Points set by hand."""

from shared.field.storage import create_marks_v1

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_marks_v1()
