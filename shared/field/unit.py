"""One controller at work: what is read of it, what is wrong with it, which commands wait for their proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.contracts.message import Scalar
from shared.field.commands import Outcome, Verification
from shared.field.image import ControllerImage, ImageFacts
from shared.field.judgement import ConditionJudges, Judge
from shared.field.line import Line
from shared.field.profile import CommandSpec, Profile
from shared.field.reporter import Reporter
from shared.field.scanner import Scanner
from shared.field.station import Station
from shared.field.station_line import StationLine
from shared.site import ControllerEntry

LINK_CONDITIONS = ("offline", "wrong_device", "second_master")
"""What every controller may have: it does not answer, it is another device, another master is on it."""

OnOutcome = Callable[[Outcome], None]


@dataclass(slots=True)
class Pending:
    verification: Verification
    answered: bool
    on_outcome: OnOutcome
    pulse: Literal["none", "out", "taken_back", "stuck"] = "none"
    """Of a pulse that we take back ourselves; while it is out, the command has not ended."""
    outcome: Outcome | None = None
    """What the proof said, while a pulse is still out."""
    take_back: Callable[[], None] | None = None
    """Of such a pulse: at once instead of when its time is over."""

    @property
    def point(self) -> str:
        return self.verification.spec.point


@dataclass(frozen=True, slots=True)
class Lost:
    """`since_s`: the last good reading, or when it was first to be read, city time."""

    since_s: float
    cause: Literal["device", "link"]


@dataclass(slots=True)
class Unit:
    """One controller at work: what is read of it, what is wrong with it, which commands wait for their proof."""

    entry: ControllerEntry
    area: str
    image: ControllerImage
    scanner: Scanner | Station
    line: Line | StationLine
    judges: ConditionJudges
    link_judges: dict[str, Judge]
    facts: ImageFacts
    proof: ImageFacts
    """What commands are proven by: what was read, whatever is marked by hand."""
    reporter: Reporter
    pending: list[Pending] = field(default_factory=list)
    judged: bool = False
    lost: Lost | None = None
    """Since when nothing is read of it any more, and why; None while something is."""
    read_before_s: float = 0.0
    """The last good reading under an earlier configuration, else when this one began."""
    marks_judged: Mapping[int, object] = field(default_factory=dict)
    """The marks as they were at the last scan."""
    link_truths: tuple[bool, ...] = ()
    _judged: list[tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        self._judged = [(name, self.image.index[name]) for name in self.judges.points]

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def profile(self) -> Profile:
        return self.image.profile

    def compute(self, name: str, value: Scalar, now_s: float) -> None:
        """Fill in a computed point of the trade's; it travels with the next scan."""
        at = self.image.compute(name, value, now_s)
        if at is not None:
            self.reporter.mark((at,))

    def judged_among(self, changed: Sequence[int]) -> list[str]:
        """The points among those that changed on which conditions hang."""
        found = changed if isinstance(changed, range) else set(changed)
        return [name for name, at in self._judged if at in found]

    def awaits(self, spec: CommandSpec) -> bool:
        """Was this command written, and its proof is still open? Then it is not written a second time."""
        return any(pending.verification.spec is spec for pending in self.pending)

    def knows(self, asset: str, condition: str) -> bool:
        """Is this a condition of the unit's?"""
        code, _, controller = condition.partition(":")
        return (controller == self.id and code in self.link_judges) or self.judges.knows(asset, condition)

    def remember(self, asset: str, condition: str) -> bool:
        """After a restart: this stood. Unknown until it is seen again; False when the unit has no such condition."""
        code, _, controller = condition.partition(":")
        if controller == self.id and code in self.link_judges:
            self.link_judges[code].remember()
        elif not self.judges.remember(asset, condition):
            return False
        self.judged, self.link_truths = False, ()
        return True

    def is_master(self) -> bool:
        """May this process write to the device: no other master's hand is on its watchdog, it is the right one, and it
        is in service."""
        dog = self.scanner.watchdog
        return not (self.scanner.wrong_device or self.scanner.silent) and (dog is None or dog.is_master())

    def last_good_s(self) -> float:
        """The last good reading, city time, or when it was first to be read."""
        return max((at_s for at_s in self.image.last_good_s.values() if at_s is not None), default=self.read_before_s)

    def follow(self, before: Unit) -> None:
        """The same controller under another configuration: what was lost is lost since then."""
        self.lost, self.read_before_s = before.lost, before.last_good_s()

    def speak(self) -> None:
        """It was silent and is in service now: everything is judged as if it were seen for the first time."""
        self.scanner.silent = self.judged = False
        self.link_truths = ()
