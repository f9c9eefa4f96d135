"""Words to search the journal by, the chain of the audit, retention; what is written once stays as it was written."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_GENESIS = "0" * 64

_SQLITE = (
    """
    create virtual table journal_words using fts5(words, content='', detail=none, tokenize='ascii')
    """,
    """
    create trigger journal_unchanged before update on journal begin
        select raise(abort, 'the journal is append-only');
    end
    """,
    """
    create trigger journal_kept before delete on journal
    when old.position > coalesce((select position from journal_state where name = 'trim'), 0) begin
        select raise(abort, 'the journal is append-only');
    end
    """,
    """
    create trigger audit_chain_unchanged before update on audit_chain begin
        select raise(abort, 'the chain of the audit is append-only');
    end
    """,
    """
    create trigger audit_chain_kept before delete on audit_chain
    when old.position > coalesce((select position from journal_state where name = 'trim'), 0) begin
        select raise(abort, 'the chain of the audit is append-only');
    end
    """,
    """
    create trigger audit_mark_kept before delete on audit_mark begin
        select raise(abort, 'head and anchor of the audit stay');
    end
    """,
)
_POSTGRES = """
alter table journal_text add column words tsvector;
create index journal_by_words on journal_text using gin (words) with (gin_pending_list_limit = 256);
create function journal_guard() returns trigger language plpgsql as $$
declare
    allowed bigint;
begin
    if tg_op = 'DELETE' and tg_table_name <> 'audit_mark' then
        execute format('select position from %I.journal_state where name = ''trim''', tg_table_schema) into allowed;
        if old.position <= coalesce(allowed, 0) then
            return old;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;
create trigger journal_kept before update or delete on journal for each row execute function journal_guard();
create trigger journal_not_emptied before truncate on journal for each statement execute function journal_guard();
create trigger audit_chain_kept before update or delete on audit_chain for each row execute function journal_guard();
create trigger audit_chain_not_emptied before truncate on audit_chain
    for each statement execute function journal_guard();
create trigger audit_mark_kept before delete on audit_mark for each row execute function journal_guard();
create trigger audit_mark_not_emptied before truncate on audit_mark for each statement execute function journal_guard();
"""


def upgrade() -> None:
    op.create_table(
        "journal_text",
        sa.Column("position", _BIG, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_chain",
        sa.Column("number", _BIG, primary_key=True, autoincrement=False),
        sa.Column("position", _BIG, nullable=False, unique=True),
        sa.Column("event_id", sa.String(100), nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    marks = op.create_table(
        "audit_mark",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("number", _BIG, nullable=False),
        sa.Column("position", _BIG, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    states = op.create_table(
        "journal_state",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("position", _BIG, nullable=False),
        sa.Column("text", sa.String(64), nullable=False),
    )
    op.create_table(
        "journal_trimmed",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("rows", _BIG, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("journal_by_event", "journal", ["event", "position"])
    op.create_index("journal_by_actor", "journal", ["actor", "position"])
    op.bulk_insert(marks, [{"name": name, "number": 0, "position": 0, "hash": _GENESIS} for name in ("head", "anchor")])
    op.bulk_insert(states, [{"name": name, "position": 0, "text": ""} for name in ("indexed", "trim", "retention")])
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)
    else:
        op.execute(_POSTGRES)
