"""Two masters never write to one device."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.field.watchdog import MasterWatchdog

EVERY_S, QUIET_S = 5.0, 12.0


def watchdog() -> MasterWatchdog:
    return MasterWatchdog(EVERY_S, QUIET_S)


def test_a_new_master_reads_first_and_writes_when_the_counter_stood_still() -> None:
    dog = watchdog()
    dog.saw(7, 0.0)
    assert dog.next_value(11.9) is None
    dog.saw(8, 11.9)
    assert dog.next_value(20.0) is None
    assert 9 == dog.next_value(24.0)
    assert not dog.is_master()
    dog.wrote(9, 24.0)
    assert dog.is_master()
    assert dog.next_value(28.9) is None
    assert 10 == dog.next_value(29.0)


def test_another_hand_on_the_counter_stops_the_writing() -> None:
    dog = watchdog()
    dog.saw(7, 0.0)
    dog.wrote(8, 12.0)
    dog.saw(8, 12.5)
    dog.saw(20, 13.0)
    assert (False, True) == (dog.is_master(), dog.foreign)
    assert dog.next_value(24.0) is None
    assert 21 == dog.next_value(25.0)


def test_a_write_that_was_not_answered_may_have_arrived() -> None:
    dog = watchdog()
    dog.saw(7, 0.0)
    dog.wrote(8, 12.0)
    dog.could_not_write(9, 17.0)
    dog.saw(9, 17.5)
    assert (True, False) == (dog.is_master(), dog.foreign)


def test_stillness_that_nobody_saw_does_not_count() -> None:
    dog = watchdog()
    dog.saw(7, 0.0)
    dog.lost_sight()
    dog.saw(7, 30.0)
    assert dog.next_value(41.0) is None


def test_the_counter_wraps() -> None:
    dog = watchdog()
    dog.saw(65535, 0.0)
    assert 0 == dog.next_value(12.0)


class TwoMasters(RuleBasedStateMachine):
    """Two processes on one device, each polling every second when it can."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s, self.counter = 0.0, 0
        self.dogs = [watchdog(), watchdog()]
        self.cut = [False, False]
        self.both_s = 0.0

    @rule(ticks=st.integers(1, 30))
    def pass_time(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now_s += 1.0
            for dog, cut in zip(self.dogs, self.cut, strict=True):
                if cut:
                    dog.lost_sight()
                    continue
                dog.saw(self.counter, self.now_s)
                value = dog.next_value(self.now_s)
                if value is not None:
                    self.counter = value
                    dog.wrote(value, self.now_s)
            reachable = [dog.is_master() and not cut for dog, cut in zip(self.dogs, self.cut, strict=True)]
            self.both_s = self.both_s + 1.0 if all(reachable) else 0.0

    @rule(which=st.sampled_from([0, 1]))
    def cut_off(self, which: int) -> None:
        self.cut[which] = True

    @rule(which=st.sampled_from([0, 1]))
    def reconnect(self, which: int) -> None:
        self.cut[which] = False

    @rule(which=st.sampled_from([0, 1]))
    def restart(self, which: int) -> None:
        self.dogs[which] = watchdog()

    @invariant()
    def never_two_for_longer_than_a_write_period(self) -> None:
        assert self.both_s <= EVERY_S + 1.0


TestTwoMasters = TwoMasters.TestCase
TestTwoMasters.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
