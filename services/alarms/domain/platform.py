"""What is wrong with the platform itself, from the heartbeats of its processes. Pure: times are given.

A check that fails for ON_S is a condition of its service, one for each instance. A service of which nothing is heard is
silent, whichever of its instances ran before; what an instance said that is silent now is unknown. Silence proves
nothing while we do not hear ourselves: then it is our own link that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.message import Params

ON_S = 10.0
OFF_S = 5.0
SILENT_S = 15.0
FORGOTTEN_S = 60.0
"""An instance that was never heard for so long, while another one of its service runs, is not coming back."""
SERVICE_SILENT = "service_silent"

BECAUSE: Mapping[str, frozenset[str]] = {
    "database_away": frozenset({"disk_full"}),
    "database_slow": frozenset({"disk_full"}),
    "events_wait": frozenset({"disk_full", "database_away", "database_slow"}),
    "events_kept": frozenset({"disk_full", "database_away", "database_slow"}),
    "archive_waits": frozenset({"disk_full", "database_away", "database_slow"}),
    "archive_behind": frozenset({"disk_full", "database_away", "database_slow"}),
}
"""What follows from another failing check of the same process, and so is no condition beside it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`code`: of the check that fails, or SERVICE_SILENT; then without an instance."""

    service: str
    code: str
    instance: str = ""

    @property
    def condition(self) -> str:
        return f"{self.code}:{self.instance}" if self.instance else self.code

    @classmethod
    def of(cls, service: str, condition: str) -> Fault:
        code, _, instance = condition.partition(":")
        return cls(service, code, instance)


@dataclass(frozen=True, slots=True)
class Change:
    fault: Fault
    kind: Literal["raised", "cleared", "unknown"]
    time: datetime
    params: Params


@dataclass(slots=True)
class _Failing:
    since_s: float
    since: datetime
    params: Params


class Platform:
    """Conditions of the platform as they stand."""

    def __init__(self, own: tuple[str, str], expected: Iterable[str], began_s: float) -> None:
        """`own`: our service and instance. `expected`: services that must be there, heard of or not."""
        self._own = own
        self._expected = frozenset(expected)
        self._began_s = began_s
        self._heard_s: dict[tuple[str, str], float] = {}
        self._listening_since_s: float | None = None
        self._failing: dict[Fault, _Failing] = {}
        self._well_since_s: dict[Fault, float] = {}
        self._standing: dict[Fault, Literal["raised", "unknown"]] = {}

    def recall(self, stood: Iterable[Fault]) -> None:
        """What stood before we began: nobody can say yet whether it still does."""
        for fault in stood:
            self._standing.setdefault(fault, "unknown")

    def hear(self, service: str, instance: str, failing: Mapping[str, Params], now_s: float, now: datetime) -> None:
        """A heartbeat; `failing`: by code, the checks that are not well. `now`: city time."""
        if (service, instance) == self._own:
            before = self._heard_s.get(self._own)
            if before is None or now_s - before > SILENT_S:
                self._listening_since_s = now_s
        self._heard_s[service, instance] = now_s
        told = {code: params for code, params in failing.items() if not BECAUSE.get(code, frozenset()) & failing.keys()}
        for code, params in told.items():
            fault = Fault(service, code, instance)
            known = self._failing.get(fault)
            self._failing[fault] = (
                _Failing(known.since_s, known.since, params) if known else _Failing(now_s, now, params)
            )
            self._well_since_s.pop(fault, None)
        for fault in {*self._failing, *self._standing}:
            if (fault.service, fault.instance) == (service, instance) and fault.code not in told:
                self._failing.pop(fault, None)
                self._well_since_s.setdefault(fault, now_s)

    def look(self, now_s: float, now: datetime) -> list[Change]:
        """What has begun, ended, or cannot be told any more since the last look."""
        changes = [*self._of_checks(now_s, now), *self._of_silence(now_s, now)]
        for change in changes:
            if change.kind == "cleared":
                del self._standing[change.fault]
                self._well_since_s.pop(change.fault, None)
            else:
                self._standing[change.fault] = change.kind
        return changes

    def _of_checks(self, now_s: float, now: datetime) -> list[Change]:
        found = [
            Change(fault, "raised", failing.since, {**failing.params, "process": fault.instance})
            for fault, failing in self._failing.items()
            if now_s - failing.since_s >= ON_S
            and self._standing.get(fault) != "raised"
            and not self._is_silent(fault, now_s)
        ]
        for fault, state in self._standing.items():
            if not fault.instance or (fault in self._failing and not self._is_silent(fault, now_s)):
                continue
            if now_s - self._well_since_s.get(fault, now_s) >= OFF_S or self._is_forgotten(fault, now_s):
                found.append(Change(fault, "cleared", now, {}))
            elif state == "raised" and self._is_silent(fault, now_s):
                found.append(Change(fault, "unknown", now, {}))
        return found

    def _of_silence(self, now_s: float, now: datetime) -> list[Change]:
        heard_s = self._last_heard_s()
        found = []
        for service in {*self._expected, *heard_s, *(fault.service for fault in self._standing)} - {self._own[0]}:
            fault, standing = Fault(service, SERVICE_SILENT), self._standing.get(Fault(service, SERVICE_SILENT))
            silent = self._listens(now_s) and now_s - heard_s.get(service, self._began_s) > SILENT_S
            gone = service not in self._expected and service not in heard_s
            if silent and not gone and standing != "raised":
                found.append(Change(fault, "raised", now, {"service": service}))
            elif standing is not None and (gone or (service in heard_s and now_s - heard_s[service] <= SILENT_S)):
                found.append(Change(fault, "cleared", now, {}))
        return found

    def _listens(self, now_s: float) -> bool:
        since_s = self._listening_since_s
        return since_s is not None and now_s - since_s >= SILENT_S and now_s - self._heard_s[self._own] < ON_S

    def _is_silent(self, fault: Fault, now_s: float) -> bool:
        heard_s = self._heard_s.get((fault.service, fault.instance), self._began_s)
        return self._listens(now_s) and now_s - heard_s > SILENT_S

    def _is_forgotten(self, fault: Fault, now_s: float) -> bool:
        never = (fault.service, fault.instance) not in self._heard_s
        return never and fault.service in self._last_heard_s() and now_s - self._began_s >= FORGOTTEN_S

    def _last_heard_s(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for (service, _), heard_s in self._heard_s.items():
            found[service] = max(heard_s, found.get(service, heard_s))
        return found
