"""What a service has heard already, kept in the same transaction as what it made of it: applied once, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
import structlog
from alembic import op
from sqlalchemy.orm import Session

from shared.contracts.envelope import Envelope
from shared.database import UtcDateTime

SEEN_FOR = timedelta(days=7)
"""How long the id of a message without a sequence is remembered: far longer than any command lives."""

log = structlog.get_logger()

_metadata = sa.MetaData()
_sequences = sa.Table(
    "inbox_sequence",
    _metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("subject", sa.String(200), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
_seen = sa.Table(
    "inbox_seen",
    _metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
)

_find_seq = sa.select(_sequences.c.seq).where(
    (_sequences.c.source == sa.bindparam("of")) & (_sequences.c.subject == sa.bindparam("about"))
)
_first_seq = sa.insert(_sequences)
_raise_seq = (
    sa.update(_sequences)
    .where((_sequences.c.source == sa.bindparam("of")) & (_sequences.c.subject == sa.bindparam("about")))
    .values(seq=sa.bindparam("now"))
)

OnGap = Callable[[Session, Envelope, int], None]
"""Called with the first message behind a gap and the number of messages missing before it."""


def create_inbox_v1() -> None:
    """For a service's first migration."""
    _metadata.create_all(op.get_bind())


class Inbox:
    """Tells what is new. `seq` 0 means that the sender does not count (commands): then the id decides."""

    def __init__(self, on_gap: OnGap | None = None) -> None:
        self._on_gap = on_gap

    def accept(self, session: Session, envelope: Envelope) -> bool:
        """True when the message is new, and from now on known; False for one that was applied before."""
        return self._accept_id(session, envelope) if envelope.seq == 0 else self._accept_seq(session, envelope)

    def _accept_seq(self, session: Session, envelope: Envelope) -> bool:
        key = {"of": envelope.source, "about": envelope.subject}
        last = session.scalar(_find_seq, key)
        if last is not None and envelope.seq <= last:
            return False
        if last is None:
            row = {"source": envelope.source, "subject": envelope.subject, "seq": envelope.seq}
            session.execute(_first_seq, row)
        else:
            session.execute(_raise_seq, {**key, "now": envelope.seq})
        missing = envelope.seq - (last or 0) - 1
        if missing and self._on_gap is not None:
            self._on_gap(session, envelope, missing)
        return True

    def _accept_id(self, session: Session, envelope: Envelope) -> bool:
        if session.scalar(sa.select(_seen.c.id).where(_seen.c.id == envelope.id)) is not None:
            return False
        session.execute(sa.delete(_seen).where(_seen.c.seen_at < envelope.time - SEEN_FOR))
        session.execute(sa.insert(_seen).values(id=envelope.id, seen_at=envelope.time))
        return True
