"""This version by the next one, and back, with the pumps running.

The next version is this tree with what a next version may bring: a migration that expands each database, an event that
nobody here knows, and one more field in an event that everybody knows.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.system.rollout import ORDER, Checks, copy_tree, upgrade_and_roll_back

MIGRATION = '''"""What the next version adds."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = {head!r}


def upgrade() -> None:
    op.create_table("of_the_next_version", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("outbox", sa.Column("of_the_next_version", sa.Integer, nullable=True))
'''
EVENT = '''

@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class VersionBegan(Event):
    """Said at each start by the next version."""

    service_name: str
'''


def next_version(target: Path) -> Path:
    copy_tree(target)
    for name in ORDER:
        folder = target / ("gateway" if name == "gateway" else f"services/{name}") / "migrations"
        config = Config()
        config.set_main_option("script_location", str(folder))
        head = ScriptDirectory.from_config(config).get_current_head()
        (folder / "versions" / "9999_next.py").write_text(MIGRATION.format(head=head))
    contracts = target / "shared" / "contracts"
    with (contracts / "history.py").open("a") as file:
        file.write(EVENT)
    _change(
        contracts / "field.py",
        '    controller: str = ""\n    asset: str = ""\n',
        '    controller: str = ""\n    asset: str = ""\n    of_the_next_version: str = "more"\n',
    )
    bus = target / "shared" / "bus" / "bus.py"
    _change(
        bus,
        "            part.start()\n\n    def stop(self)",
        "            part.start()\n"
        '        began = VersionBegan(area="tangshan", service_name=self.service)\n'
        "        self._database.run(lambda session: self.outbox.add(session, began))\n\n    def stop(self)",
    )
    _change(
        bus,
        "from shared.contracts.field import",
        "from shared.contracts.history import VersionBegan\nfrom shared.contracts.field import",
    )
    return target


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} has changed: mend this test"
    path.write_text(text.replace(old, new))


@pytest.mark.timeout(420)
def test_the_next_version_and_back(tmp_path: Path) -> None:
    versions = copy_tree(tmp_path / "this"), next_version(tmp_path / "next")
    found = upgrade_and_roll_back(tmp_path, *versions, settled=_on_the_newer_schema)
    for name in ORDER:
        assert "of_the_next_version" in found["tables"][name], f"{name} ran as the next version"
    assert len(ORDER) - 1 == found["events"]["version_began"], "each service said it once, and it is kept"


def _on_the_newer_schema(checks: Checks) -> bool:
    """This version works again, and says that the databases are the next one's."""
    return {"schema_is_newer"} == {each["schema"]["code"] for each in checks.values() if "schema" in each}
