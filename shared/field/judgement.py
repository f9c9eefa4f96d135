"""Readings -> conditions that stand. Pure: state in, time in, changes out.

Order of the filters as in OPC 10000-9: hysteresis, then on-delay, then the state; off-delay before it ends. A
condition that cannot be judged is neither raised nor cleared by that: if it stood it becomes unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

from shared.contracts.message import Params
from shared.field.columns import is_plain
from shared.field.expression import Facts, Truth
from shared.field.profile import Condition, Profile

Standing = Literal["inactive", "active", "unknown"]


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds of city time a condition must last before it is raised, and be gone before it is cleared."""

    on_s: float = 0.0
    off_s: float = 0.0


@dataclass(slots=True)
class Judge:
    """One condition's state. `since_s`: since when the opposite of the state has been seen without a break."""

    delays: Delays
    standing: Standing = "inactive"
    since_s: float | None = None

    def remember(self) -> None:
        """It stood, before anybody looked: unknown until it is seen."""
        self.standing, self.since_s = "unknown", None

    def step(self, truth: Truth, now_s: float) -> Standing | None:
        """The new state when it changes, else None. From unknown, what is seen again is believed at once."""
        match self.standing:
            case "inactive":
                return self._after(truth is True, self.delays.on_s, "active", now_s)
            case "active" | "unknown" if truth is None:
                return self._become("unknown")
            case "unknown" if truth is True:
                return self._become("active")
            case "active" | "unknown":
                return self._after(truth is False, self.delays.off_s, "inactive", now_s)
            case never:
                assert_never(never)

    def waits(self) -> bool:
        """True while a delay runs: the judge must be asked again though nothing changes."""
        return self.since_s is not None

    def _after(self, seen: bool, delay_s: float, then: Standing, now_s: float) -> Standing | None:
        if not seen:
            self.since_s = None
            return None
        if self.since_s is None:
            self.since_s = now_s
        return self._become(then) if now_s - self.since_s >= delay_s else None

    def _become(self, standing: Standing) -> Standing | None:
        self.since_s = None
        if standing == self.standing:
            return None
        self.standing = standing
        return standing


@dataclass(frozen=True, slots=True)
class Judgement:
    """A change of one condition of a controller's profile, or of a trade's own."""

    asset: str
    condition: str
    standing: Standing
    priority: Literal[1, 2, 3, 4]
    params: Params
    at_s: float


class ConditionJudges:
    """The conditions of one controller's profile."""

    def __init__(self, profile: Profile, asset_of: dict[str, str], asset: str) -> None:
        self._judges = [
            _ConditionJudge(name, condition, asset_of[condition.about] if condition.about else asset)
            for name, condition in profile.conditions.items()
        ]
        self._of_point: dict[str, list[int]] = {}
        for number, judge in enumerate(self._judges):
            for point in judge.points:
                self._of_point.setdefault(point, []).append(number)
        self._plain = {number for number, judge in enumerate(self._judges) if _is_seen(profile, judge.condition)}
        """Those that are no more than a number against a bound; whether one has passed it is seen of many at once."""
        self._restless: set[int] = set()
        """Those that stand, are unknown, or wait for a delay."""
        self._timed = {number for number, judge in enumerate(self._judges) if judge.timed}
        self._waiting: set[int] = set()
        """Those for which a delay runs."""

    @property
    def points(self) -> Collection[str]:
        """Those on which conditions hang."""
        return self._of_point.keys()

    def may_rest(self) -> bool:
        """As long as no number passes a threshold, nothing is to be judged."""
        return not self._restless and len(self._plain) == len(self._judges)

    def step(
        self, facts: Facts, changed: Iterable[str], *, all_of_them: bool = False, calm: bool = False
    ) -> list[Judgement]:
        """Judge what the changed points touch, what depends on time, and what waits for a delay.

        `calm`: no point has passed a threshold, so a condition that is no more than that, and at rest, stays so.
        """
        if not self._judges:
            return []
        due = self._timed | self._waiting
        if all_of_them:
            due.update(range(len(self._judges)))
        else:
            touched = {number for point in changed for number in self._of_point.get(point, ())}
            due |= touched - (self._plain - self._restless) if calm else touched
        found = []
        for number in sorted(due):
            judge = self._judges[number]
            judgement = judge.step(facts)
            if judge.judge.waits():
                self._waiting.add(number)
            else:
                self._waiting.discard(number)
            if judge.judge.waits() or judge.judge.standing != "inactive":
                self._restless.add(number)
            else:
                self._restless.discard(number)
            if judgement is not None:
                found.append(judgement)
        return found

    def knows(self, asset: str, condition: str) -> bool:
        return any(judge.asset == asset and judge.name == condition for judge in self._judges)

    def remember(self, asset: str, condition: str) -> bool:
        """After a restart: this condition stood. It is unknown until it is seen. False when there is none such."""
        for number, judge in enumerate(self._judges):
            if judge.asset == asset and judge.name == condition:
                judge.judge.remember()
                self._restless.add(number)
                return True
        return False


def _is_seen(profile: Profile, condition: Condition) -> bool:
    """Does the decoder look whether the condition's number has passed its bound, and nothing else matters?"""
    if condition.suppress_when is not None:  # when that ends, the number may have passed long before
        return False
    threshold = condition.when.threshold
    point = None if threshold is None else profile.points.get(threshold.point)
    return point is not None and is_plain(profile, point)


class _ConditionJudge:
    def __init__(self, name: str, condition: Condition, asset: str) -> None:
        self.name = name
        self.asset = asset
        self.condition = condition
        self.judge = Judge(Delays(condition.on_delay, condition.off_delay))
        suppress = condition.suppress_when
        self.points = condition.when.points | (suppress.points if suppress else frozenset())
        self.timed = condition.when.timed or (suppress is not None and suppress.timed)

    def step(self, facts: Facts) -> Judgement | None:
        condition, before = self.condition, self.judge.standing
        slack = condition.hysteresis if before != "inactive" else 0.0
        truth = condition.when.truth(facts, slack)
        if truth is not False and condition.suppress_when is not None and condition.suppress_when.truth(facts) is True:
            truth = False
        if truth is False and before == "inactive" and not self.judge.waits():
            return None  # as nearly always
        standing = self.judge.step(truth, facts.now_s)
        if standing is None:
            return None
        params: Params = {point: facts.value(point) for point in sorted(condition.when.points)}
        params |= {f"{point}.{limit}": facts.limit(point, limit) for point, limit in sorted(condition.when.limits)}
        return Judgement(self.asset, self.name, standing, condition.priority, params, facts.now_s)
