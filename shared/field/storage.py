"""What an owner of controllers keeps: the command ledger, the conditions that stand, the trade's memory.

All of it is folded from the events the owner itself says, in the transaction that puts them into its outbox, so the
tables and the bus can never tell two stories. Only the row `sending` of an operator's command is committed before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

from shared.contracts.field import (
    CommandCancelled,
    CommandEvent,
    CommandExpired,
    CommandFailed,
    CommandRefused,
    CommandSelected,
    CommandSending,
    CommandUnconfirmed,
    CommandVerified,
    ConditionBecameUnknown,
    ConditionCleared,
    ConditionRaised,
    ControllerCommissioned,
    OverrideBegan,
    OverrideEnded,
    PointChecked,
    PointMarked,
    PointUnmarked,
    StandingCondition,
)
from shared.contracts.message import Event, Params, Scalar
from shared.database import UtcDateTime

LedgerState = Literal["sending", "verified", "failed", "refused", "unconfirmed", "expired", "cancelled"]

_STATES: dict[type[Event], LedgerState] = {
    CommandSending: "sending",
    CommandVerified: "verified",
    CommandFailed: "failed",
    CommandRefused: "refused",
    CommandUnconfirmed: "unconfirmed",
    CommandExpired: "expired",
    CommandCancelled: "cancelled",
}

_metadata = sa.MetaData()
_ledger = sa.Table(
    "ledger",
    _metadata,
    sa.Column("command_id", sa.String(64), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("asset", sa.String(64), nullable=False),
    sa.Column("command", sa.String(64), nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.JSON),
    sa.Column("point", sa.String(64)),
    sa.Column("value", sa.JSON),
    sa.Column("duration_s", sa.Float),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("ledger_by_asset", "asset", "requested_at"),
    sa.Index("ledger_by_state", "state"),
)
_standing = sa.Table(
    "standing_condition",
    _metadata,
    sa.Column("asset", sa.String(64), primary_key=True),
    sa.Column("condition", sa.String(128), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("trade", sa.String(16), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
)
_overrides_metadata = sa.MetaData()
_override = sa.Table(
    "override",
    _overrides_metadata,
    sa.Column("asset", sa.String(64), primary_key=True),
    sa.Column("point", sa.String(64), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("trade", sa.String(16), nullable=False),
    sa.Column("command_id", sa.String(64), nullable=False),
    sa.Column("command", sa.String(64), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("release", sa.String(64), nullable=False),
    sa.Column("release_params", sa.JSON, nullable=False),
)
_marks_metadata = sa.MetaData()
_mark = sa.Table(
    "mark",
    _marks_metadata,
    sa.Column("asset", sa.String(64), primary_key=True),
    sa.Column("point", sa.String(64), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("trade", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("value", sa.JSON),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
)
_served_metadata = sa.MetaData()
_served = sa.Table(
    "served",
    _served_metadata,
    sa.Column("area", sa.String(128), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
_loop_test_metadata = sa.MetaData()
_loop_test_columns = (
    ("area", sa.String(128)), ("trade", sa.String(16)), ("asset", sa.String(64)), ("profile", sa.String(128)),
    ("remark", sa.Text), ("by", sa.String(64)), ("at", UtcDateTime),
)  # fmt: skip
_loop_check = sa.Table(
    "loop_check",
    _loop_test_metadata,
    sa.Column("controller", sa.String(64), primary_key=True),
    sa.Column("point", sa.String(64), primary_key=True),
    *(sa.Column(name, kind, nullable=False) for name, kind in _loop_test_columns),
    sa.Column("value", sa.JSON),
    sa.Column("quality", sa.String(32), nullable=False),
    sa.Column("expected", sa.Text, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
)
_commissioned = sa.Table(
    "commissioned",
    _loop_test_metadata,
    sa.Column("controller", sa.String(64), primary_key=True),
    *(sa.Column(name, kind, nullable=False) for name, kind in _loop_test_columns),
    sa.Column("points", sa.Integer, nullable=False),
)
_memory = sa.Table(
    "memory",
    _metadata,
    sa.Column("asset", sa.String(64), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)


def create_field_v1() -> None:
    """For the first migration of a service that owns controllers."""
    _metadata.create_all(op.get_bind())


def create_overrides_v1() -> None:
    """For the second migration of a service that owns controllers."""
    _overrides_metadata.create_all(op.get_bind())


def create_marks_v1() -> None:
    """For the third migration of a service that owns controllers."""
    _marks_metadata.create_all(op.get_bind())


def create_served_v1() -> None:
    """For the fourth migration of a service that owns controllers."""
    _served_metadata.create_all(op.get_bind())


def create_loop_tests_v1() -> None:
    """For the fifth migration of a service that owns controllers."""
    _loop_test_metadata.create_all(op.get_bind())


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What became of a command."""

    command_id: str
    area: str
    asset: str
    command: str
    params: Params
    origin: str
    actor: str
    requested_at: datetime
    state: LedgerState
    reason: dict[str, Any] | None
    point: str | None
    value: Scalar
    duration_s: float | None
    updated_at: datetime


def fold(session: Session, event: Event, at: datetime) -> None:
    """Note in the tables what an event of this owner says."""
    match event:
        case CommandSelected():
            pass  # nothing is written for it yet
        case OverrideBegan():
            _forget(session, _override, event.asset, event.point)
            session.execute(sa.insert(_override).values(**_columns(_override, event)))
        case OverrideEnded():
            _forget(session, _override, event.asset, event.point)
        case PointMarked():
            _forget(session, _mark, event.asset, event.point)
            session.execute(sa.insert(_mark).values(**_columns(_mark, event)))
        case PointUnmarked():
            _forget(session, _mark, event.asset, event.point)
        case PointChecked():
            same = (_loop_check.c.controller == event.controller) & (_loop_check.c.point == event.point)
            session.execute(sa.delete(_loop_check).where(same))
            session.execute(sa.insert(_loop_check).values(**_columns(_loop_check, event)))
        case ControllerCommissioned():
            session.execute(sa.delete(_commissioned).where(_commissioned.c.controller == event.controller))
            session.execute(sa.insert(_commissioned).values(**_columns(_commissioned, event)))
        case CommandEvent():
            note_command(session, event, at)
        case ConditionRaised():
            _forget_standing(session, event.asset, event.condition)
            session.execute(
                sa.insert(_standing).values(
                    asset=event.asset,
                    condition=event.condition,
                    area=event.area,
                    trade=event.trade,
                    priority=event.priority,
                    params=event.params,
                    since=event.taken_at,
                )
            )
        case ConditionCleared():
            _forget_standing(session, event.asset, event.condition)
        case ConditionBecameUnknown():
            pass  # it still stands; that it is unknown follows from the restart or the readings
        case _:
            pass  # the rest is for others


def note_command(session: Session, event: CommandEvent, at: datetime) -> None:
    """Insert or advance the ledger row of a command; an end is final."""
    values: dict[str, Any] = {"state": _STATES[type(event)], "updated_at": at}
    match event:
        case CommandVerified(point=point, value=value, duration_s=duration_s):
            values |= {"point": point, "value": value, "duration_s": duration_s}
        case (
            CommandFailed(reason=reason)
            | CommandRefused(reason=reason)
            | CommandUnconfirmed(reason=reason)
            | CommandExpired(reason=reason)
            | CommandCancelled(reason=reason)
        ):
            values |= {"reason": {"code": reason.code, "params": reason.params}}
        case _:
            assert isinstance(event, CommandSending)
    row = _ledger.c.command_id == event.command_id
    state = session.scalar(sa.select(_ledger.c.state).where(row))
    if state is None:
        session.execute(
            sa.insert(_ledger).values(
                command_id=event.command_id,
                area=event.area,
                asset=event.asset,
                command=event.command,
                params=event.params,
                origin=event.origin,
                actor=event.actor,
                requested_at=event.requested_at,
                **values,
            )
        )
    elif state == "sending" and values["state"] != "sending":
        session.execute(sa.update(_ledger).where(row).values(**values))


def find_command(session: Session, command_id: str) -> LedgerRow | None:
    row = session.execute(sa.select(_ledger).where(_ledger.c.command_id == command_id)).mappings().first()
    return None if row is None else LedgerRow(**row)


def list_commands(session: Session, asset: str, rows_max: int) -> list[LedgerRow]:
    """The newest first."""
    query = sa.select(_ledger).where(_ledger.c.asset == asset).order_by(_ledger.c.requested_at.desc()).limit(rows_max)
    return [LedgerRow(**row) for row in session.execute(query).mappings()]


def list_sending(session: Session, areas: Sequence[str], before: datetime) -> list[LedgerRow]:
    """Commands that were on the wire when the process ended, `before` which this one did not take the areas."""
    older = (_ledger.c.state == "sending") & (_ledger.c.updated_at < before)
    query = sa.select(_ledger).where(older & _ledger.c.area.in_(areas))
    return [LedgerRow(**row) for row in session.execute(query).mappings()]


def count_sent(session: Session, asset: str, command: str, since: datetime) -> int:
    """How often a command was written since then, for its rate."""
    written = _ledger.c.state.in_(("sending", "verified", "failed", "unconfirmed"))
    same = (_ledger.c.asset == asset) & (_ledger.c.command == command) & (_ledger.c.requested_at >= since)
    return int(session.scalar(sa.select(sa.func.count()).where(same & written)) or 0)


def list_standing(session: Session, area: str) -> list[StandingCondition]:
    """What stood when the process ended; nothing of it is known yet."""
    return [
        StandingCondition(
            trade=row["trade"],
            asset=row["asset"],
            condition=row["condition"],
            state="unknown",
            priority=row["priority"],
            params=row["params"],
            since=row["since"],
        )
        for row in session.execute(sa.select(_standing).where(_standing.c.area == area)).mappings()
    ]


def list_overrides(session: Session, area: str) -> list[OverrideBegan]:
    """The overrides that hold in an area, as they began."""
    rows = session.execute(sa.select(_override).where(_override.c.area == area)).mappings()
    return [OverrideBegan(**row) for row in rows]


def list_marks(session: Session, area: str) -> list[PointMarked]:
    """What people have set in an area and has not ended."""
    rows = session.execute(sa.select(_mark).where(_mark.c.area == area)).mappings()
    return [PointMarked(**row) for row in rows]


def list_loop_tests(session: Session, area: str) -> tuple[list[PointChecked], list[ControllerCommissioned]]:
    """What was checked and signed of an area's controllers."""
    checks = session.execute(sa.select(_loop_check).where(_loop_check.c.area == area)).mappings()
    signed = session.execute(sa.select(_commissioned).where(_commissioned.c.area == area)).mappings()
    return [PointChecked(**row) for row in checks], [ControllerCommissioned(**row) for row in signed]


def note_served(session: Session, area: str, at: datetime) -> None:
    """Somebody polls the area at this moment."""
    session.execute(sa.delete(_served).where(_served.c.area == area))
    session.execute(sa.insert(_served).values(area=area, at=at))


def find_served(session: Session, area: str) -> datetime | None:
    return session.scalar(sa.select(_served.c.at).where(_served.c.area == area))


def remember(session: Session, asset: str, content: dict[str, Any]) -> None:
    """Keep what the trade must know of an asset after a restart."""
    session.execute(sa.delete(_memory).where(_memory.c.asset == asset))
    session.execute(sa.insert(_memory).values(asset=asset, content=json.dumps(content)))


def find_memory(session: Session, asset: str) -> dict[str, Any] | None:
    content = session.scalar(sa.select(_memory.c.content).where(_memory.c.asset == asset))
    return None if content is None else dict(json.loads(content))


def _forget_standing(session: Session, asset: str, condition: str) -> None:
    session.execute(sa.delete(_standing).where((_standing.c.asset == asset) & (_standing.c.condition == condition)))


def _forget(session: Session, table: sa.Table, asset: str, point: str) -> None:
    session.execute(sa.delete(table).where((table.c.asset == asset) & (table.c.point == point)))


def _columns(table: sa.Table, event: Event) -> dict[str, Any]:
    return {column.name: getattr(event, column.name) for column in table.columns}
