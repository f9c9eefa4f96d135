"""Loop tests: what was checked of a controller before it went into service, and who signed."""

from shared.field.storage import create_loop_tests_v1

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_loop_tests_v1()
