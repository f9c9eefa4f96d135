"""How long entries of the journal are kept, by kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

SECURITY = "security"
SECURITY_DAYS_MIN = 183
"""Six months: 中华人民共和国网络安全法 (Cybersecurity Law) article 21 (3), for logs of the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    name: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    kinds: Mapping[str, Kind]
    """By the name of the event."""
    default: Kind

    def kind_of(self, event: str) -> Kind:
        return self.kinds.get(event, self.default)

    def due_before(self, event: str, now: datetime, zone: tzinfo) -> datetime:
        """Entries older than this have been kept long enough: whole days of the city's calendar."""
        today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=self.kind_of(event).days)
