"""The pacer takes what comes soon and hands over what does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.clock import WallClock
from shared.field.pacer import Pacer
from tests.waiting import eventually


@dataclass
class Line:
    """Asks `questions` in a row; each is answered at the `looks`-th look."""

    questions: int
    looks: int
    log: list[str] = field(default_factory=list)
    _looked: int = 0

    def begin(self, due_s: float) -> bool:
        self.log.append("begin")
        return self.questions > 0

    def is_answered(self) -> bool:
        self._looked += 1
        return self._looked >= self.looks

    def go_on(self) -> bool:
        self.log.append("answer")
        self.questions -= 1
        self._looked = 0
        return self.questions > 0

    def hand_over(self) -> None:
        self.log.append("handed over")


def run(*lines: Line) -> None:
    clock = WallClock()
    pacer = Pacer(clock)
    pacer.start()
    now_s = clock.monotonic()
    for line in lines:
        pacer.at(now_s, line)
    eventually(lambda: all(line.log and line.log[-1] in ENDS for line in lines if line.questions), 5)
    pacer.stop()


ENDS = ("handed over",)


def test_answers_are_taken_in_rounds() -> None:
    quick, quicker = Line(questions=3, looks=2), Line(questions=1, looks=1)
    slow = Line(questions=1, looks=10**9)
    run(quick, quicker, slow)
    assert ["begin", "answer", "answer", "answer"] == quick.log
    assert ["begin", "answer"] == quicker.log
    assert ["begin", "handed over"] == slow.log


def test_a_line_that_begins_by_itself_is_left_alone() -> None:
    itself, slow = Line(questions=0, looks=1), Line(questions=1, looks=10**9)
    run(itself, slow)
    assert ["begin"] == itself.log


def test_a_trickle_of_answers_holds_up_nobody_for_longer_than_a_tenth_of_a_second() -> None:
    trickle = Line(questions=10**9, looks=1)
    run(trickle)
    assert "handed over" == trickle.log[-1]
