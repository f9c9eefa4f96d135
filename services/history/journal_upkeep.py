"""What the journal needs beside its events, in small pieces between them: chaining what an older build wrote, texts of
entries that have none or other names, removing what has been kept long enough.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from services.history.journal import chain, search
from services.history.journal.trimming import Trimmer
from services.history.storage import Told
from services.history.upkeep import Task
from shared.bus.outbox import Outbox
from shared.database import DatabaseThread, Session


def journal_tasks(
    database: DatabaseThread,
    told: Callable[[], tuple[str, Told]],
    trimmer: Trimmer,
    now: Callable[[], datetime],
    outbox: Outbox,
) -> list[Task]:
    """`told`: by which names rows are told now, and how."""

    def put_older(session: Session) -> bool:
        return search.put_older(session, *told())

    def trim(session: Session) -> bool:
        removals = trimmer.piece(session, now())
        for event in removals or ():
            outbox.add(session, event)
        return removals is None

    return [partial(database.run, piece) for piece in (chain.extend, put_older, trim)]
