"""Finds entries by the words of their text: an index tells which rows may, the text which do.

The index is FTS5 in SQLite, which keeps the words in hexadecimal (its own notion of letters is older than ours), and a
GIN index over a tsvector in PostgreSQL. Both hold nothing but what `domain/words` made of the text, and the text is
looked at again, so that both give the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history import storage
from services.history.domain.words import Search, tidy, words_of
from services.history.journal.tables import INDEXED, lock_state, set_state, text_table
from services.history.storage import Filters, Told, journal_table

LOOKED_AT_MAX = 4000
"""Rows that the index gave and that are looked at for one page; a page ends there, whatever it has found."""
REACHES = (2000, 50_000)
"""So far back PostgreSQL looks first and then, before it looks at everything: a frequent word is found at once among
the newest rows, and for a rare one the index alone is asked, whatever the planner thinks of it.
"""
TEXTS_MAX = 60
"""Older entries whose text is put in by one piece of upkeep: some 20 ms."""

_newest_text = sa.select(sa.func.max(text_table.c.position))
_add_text = sa.insert(text_table)

_add_words_sqlite = sa.text("insert into journal_words (rowid, words) values (:of, :words)")
_remove_words_sqlite = sa.text("insert into journal_words (journal_words, rowid, words) values ('delete', :of, :words)")
_add_text_postgres = sa.text(
    "insert into journal_text (position, text, words) values (:of, :text, array_to_tsvector(cast(:words as text[])))"
)
_candidates = {
    "sqlite": sa.text(
        "select rowid from journal_words where journal_words match :wish and rowid < :before "
        "order by rowid desc limit :rows_max"
    ),
    "postgresql": sa.text(
        "with hits as materialized (select position from journal_text where words @@ cast(:wish as tsquery) "
        "and position >= :reach and position < :before) "
        "select position from hits order by position desc limit :rows_max"
    ),
}
_ANYWHERE = 2**62


def add(session: Session, position: int, text: str) -> None:
    """From now on the entry, which had no text yet, is found by this one."""
    _add(session, {position: tidy(text)})


def put(session: Session, texts: Mapping[int, str]) -> None:
    """From now on the entries at these positions are found by these texts, and no more by those that they had."""
    known = _texts(session, texts)
    new = {position: tidy(text) for position, text in texts.items()}
    new = {position: text for position, text in new.items() if known.get(position) != text}
    _remove(session, {position: known[position] for position in new if position in known})
    _add(session, new)


def remove(session: Session, positions: Collection[int]) -> None:
    _remove(session, _texts(session, positions))


def find(session: Session, filters: Filters, wish: Search, rows_max: int) -> tuple[list[dict[str, Any]], int | None]:
    """The newest first, and the position before which to go on; None when there is no more."""
    if wish.finds_nothing:
        return [], None
    found: list[dict[str, Any]] = []
    before = filters.before if filters.before is not None else _ANYWHERE
    looked_at, chunk = 0, LOOKED_AT_MAX if filters.narrows else rows_max + 1
    while looked_at < LOOKED_AT_MAX:
        positions = _index(session, wish, before, chunk)
        rows = storage.list_rows(session, filters, len(positions), among=positions)
        matching = _matching(session, [row["position"] for row in rows], wish)
        for row in rows:
            if row["position"] not in matching:
                continue
            if len(found) == rows_max:
                return found, int(found[-1]["position"])
            found.append(row)
        if len(positions) < chunk:
            return found, None
        looked_at, before = looked_at + len(positions), positions[-1]
        chunk = min(4 * chunk, LOOKED_AT_MAX)
    return found, before


def put_older(session: Session, digest: str, told: Told) -> bool:
    """One piece of upkeep: put in the text of entries that have none, or one made of other names; the newest first.

    `digest` tells which names `told` makes texts of. True while more remains.
    """
    state = lock_state(session, INDEXED)
    below = state.position
    if state.text != digest:
        newest = session.scalar(sa.select(sa.func.max(journal_table.c.position))) or 0
        below = newest + 1
    rows = storage.list_rows(session, Filters(before=below), TEXTS_MAX)
    put(session, {row["position"]: told(row) for row in rows})
    below = rows[-1]["position"] if rows else 0
    if (below, digest) != (state.position, state.text):
        set_state(session, INDEXED, below, digest)
    return bool(rows)


def _index(session: Session, wish: Search, before: int, rows_max: int) -> list[int]:
    """Positions that may match, the newest first."""
    if _dialect(session) == "sqlite":
        parts = [f'"{_hexed(word)}"' for word in sorted(wish.words)]
        parts += [f'"{_hexed(word)}"*' for word in sorted(wish.beginnings)]
        given = {"wish": " ".join(parts), "before": before, "rows_max": rows_max}
        return [int(position) for position in session.scalars(_candidates["sqlite"], given)]
    parts = [f"'{word}'" for word in sorted(wish.words)]
    parts += [f"'{word}':*" for word in sorted(wish.beginnings)]
    newest = session.scalar(_newest_text) or 0
    before = min(before, newest + 1)
    found: list[int] = []
    for reach in (*REACHES, before):
        first, wanted = max(0, before - reach), rows_max - len(found)
        given = {"wish": " & ".join(parts), "reach": first, "before": before, "rows_max": wanted}
        found += [int(position) for position in session.scalars(_candidates["postgresql"], given)]
        if len(found) == rows_max or first == 0:
            break
        before = first
    return found


def _matching(session: Session, positions: list[int], wish: Search) -> set[int]:
    """Those whose text matches."""
    return {position for position, text in _texts(session, positions).items() if wish.matches(text)}


def _texts(session: Session, positions: Collection[int]) -> dict[int, str]:
    asked = sa.select(text_table.c.position, text_table.c.text).where(text_table.c.position.in_(positions))
    return {int(position): text for position, text in session.execute(asked)}


def _add(session: Session, texts: Mapping[int, str]) -> None:
    if not texts:
        return
    if _dialect(session) == "sqlite":
        rows = [{"position": position, "text": text} for position, text in texts.items()]
        session.execute(_add_text, rows)
        session.execute(_add_words_sqlite, [{"of": position, "words": _hex(text)} for position, text in texts.items()])
    else:
        given = [{"of": at, "text": text, "words": sorted(words_of(text))} for at, text in texts.items()]
        session.execute(_add_text_postgres, given)


def _remove(session: Session, texts: Mapping[int, str]) -> None:
    """FTS5 keeps no copy of what it was given: it is told the same words again."""
    if not texts:
        return
    if _dialect(session) == "sqlite":
        given = [{"of": position, "words": _hex(text)} for position, text in texts.items()]
        session.execute(_remove_words_sqlite, given)
    session.execute(sa.delete(text_table).where(text_table.c.position.in_(list(texts))))


def _hex(text: str) -> str:
    return " ".join(map(_hexed, sorted(words_of(text))))


def _hexed(word: str) -> str:
    return word.encode("utf-8", "replace").hex()


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
