"""Tables beside the journal. `journal_text` has one more column in PostgreSQL, `words`, and SQLite one more table."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.database import UtcDateTime

metadata = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

text_table = sa.Table(
    "journal_text",
    metadata,
    sa.Column("position", _BIG, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
)
chain_table = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("number", _BIG, primary_key=True, autoincrement=False),
    sa.Column("position", _BIG, nullable=False, unique=True),
    sa.Column("event_id", sa.String(100), nullable=False),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
mark_table = sa.Table(
    "audit_mark",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("number", _BIG, nullable=False),
    sa.Column("position", _BIG, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
state_table = sa.Table(
    "journal_state",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("position", _BIG, nullable=False),
    sa.Column("text", sa.String(64), nullable=False),
)
trimmed_table = sa.Table(
    "journal_trimmed",
    metadata,
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column("rows", _BIG, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("number", _BIG, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)

HEAD, ANCHOR = "head", "anchor"
INDEXED, TRIM, RETENTION = "indexed", "trim", "retention"
"""Names of states: below which position words are due and by which names; up to where a removal may go now, 0 when none
does; on which day everything due was removed."""


@dataclass(frozen=True, slots=True)
class State:
    position: int
    text: str


def lock_state(session: Session, name: str) -> State:
    """As it is, and nobody else's to change in this transaction."""
    found = sa.select(state_table.c.position, state_table.c.text).where(state_table.c.name == name).with_for_update()
    return State(*session.execute(found).one())


def set_state(session: Session, name: str, position: int, text: str) -> None:
    session.execute(sa.update(state_table).where(state_table.c.name == name).values(position=position, text=text))
