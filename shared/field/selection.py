"""Select before operate: while a command is selected, its asset is locked for whoever selected it. Pure.

Kept in memory alone: after a restart nothing is selected, and what was must be selected anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.message import Params, Reason
from shared.field.commands import Refused

SELECTIONS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Selection:
    command_id: str
    asset: str
    command: str
    params: Params
    actor: str
    until: datetime


class Selections:
    """By asset: one at a time."""

    def __init__(self) -> None:
        self._by_asset: dict[str, Selection] = {}

    def lock(self, selection: Selection, now: datetime) -> Refused | None:
        """Refused while somebody else holds the asset; the same person may choose anew."""
        held = self.find(selection.asset, now)
        if held is not None and held.actor != selection.actor:
            return _held(held, now)
        if len(self._by_asset) >= SELECTIONS_MAX:
            return Refused(Reason(code="selections_too_many", params={"count_max": SELECTIONS_MAX}))
        self._by_asset[selection.asset] = selection
        return None

    def find_refusal(self, asset: str, actor: str, now: datetime) -> Refused | None:
        """May this person operate the asset, or has another locked it?"""
        held = self.find(asset, now)
        return _held(held, now) if held is not None and held.actor != actor else None

    def take(
        self, command_id: str, asset: str, command: str, params: Params, actor: str, now: datetime
    ) -> Refused | None:
        """Use up a selection. Refused unless it is exactly this one, in time."""
        held = self.find(asset, now)
        wished = (command_id, command, params, actor)
        if held is None or (held.command_id, held.command, held.params, held.actor) != wished:
            return Refused(Reason(code="selection_missing", params={}))
        del self._by_asset[asset]
        return None

    def release(self, command_id: str) -> None:
        """Its author gave it up, or it is over."""
        self._by_asset = {asset: each for asset, each in self._by_asset.items() if each.command_id != command_id}

    def find(self, asset: str, now: datetime) -> Selection | None:
        held = self._by_asset.get(asset)
        return held if held is not None and now <= held.until else None

    def expired(self, now: datetime) -> list[Selection]:
        """Let go of those whose time is over, and tell which they were."""
        over = [each for each in self._by_asset.values() if now > each.until]
        for each in over:
            del self._by_asset[each.asset]
        return over


def _held(held: Selection, now: datetime) -> Refused:
    left_s = round((held.until - now).total_seconds())
    return Refused(Reason(code="asset_selected", params={"actor": held.actor, "left_s": left_s}))
