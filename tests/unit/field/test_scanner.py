"""One controller: what its polls are when its device refuses, is silent, or is another."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from shared.clock import FakeClock
from shared.field.breaker import LossBudget
from shared.field.image import ControllerImage
from shared.field.plan import NETWORK
from shared.field.profile import Profile, Table
from shared.field.scanner import RETRY_MISSING_S, Scanner
from shared.field.transports import DeviceException, NoAnswer, WriteFunction
from tests.unit.field.profiles import profile


@dataclass
class Device:
    """Register `n` holds `n`; it has none of `holes`, and answers at most `count_max` at once."""

    holes: set[int] = field(default_factory=set)
    count_max: int = 125
    silent: bool = False
    refusals: int = 0
    """So many reads it refuses for no reason."""
    reads: list[tuple[int, int]] = field(default_factory=list)

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        self.reads.append((address, count))
        if self.silent:
            raise NoAnswer("no answer")
        if self.refusals:
            self.refusals -= 1
            raise DeviceException(2)
        if count > self.count_max or any(address <= hole < address + count for hole in self.holes):
            raise DeviceException(2)
        return struct.pack(f">{count}H", *range(address, address + count))

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        raise AssertionError("nothing is written here")

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        raise AssertionError("nothing is written here")

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        raise AssertionError("nothing is written here")

    def close(self) -> None: ...


@dataclass
class Desk:
    device: Device
    found: Profile
    clock: FakeClock = field(default_factory=FakeClock)
    losses: LossBudget | None = None

    def __post_init__(self) -> None:
        self.image = ControllerImage("rtu", self.found, dict.fromkeys(self.found.points, "asset"))
        self.scanner = Scanner(self.image, 1, self.device, self.clock, 12.0, expected=NETWORK, losses=self.losses)

    def poll(self, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            self.scanner.poll("fast")
            self.clock.advance(1.0)
        return {name: (self.image.value(at), self.image.quality(at)) for name, at in self.image.index.items()}


def registers(count: int, **modbus: Any) -> Profile:
    return profile({f"p{at}": {"address": at} for at in range(count)}, modbus=modbus)


def test_registers_that_the_device_does_not_have_are_found_and_the_others_stay_good() -> None:
    desk = Desk(Device(holes={13, 48, 77}), registers(100))
    readings = desk.poll(4)
    assert {13, 48, 77} == {at for _, at in desk.scanner.learned.illegal}
    for at in range(100):
        missing = at in (13, 48, 77)
        assert ((None, "bad.exception(2)") if missing else (at, "good")) == readings[f"p{at}"]
    desk.device.reads.clear()
    assert desk.scanner.poll("fast").answered
    assert [(0, 13), (14, 34), (49, 28), (78, 22)] == desk.device.reads


def test_a_hole_between_points_is_found_too() -> None:
    points = {f"p{at}": {"address": at} for at in (0, 1, 2, 8, 9)}
    desk = Desk(Device(holes={5}), profile(points))
    assert {(at, "good") for at in (0, 1, 2, 8, 9)} == set(desk.poll(3).values())
    assert {("holding", 5)} == desk.scanner.learned.illegal
    assert [(0, 3), (8, 2)] == [(block.address, block.count) for block in desk.scanner.blocks("fast")]


def test_a_device_that_answers_less_at_once_than_its_profile_says_is_read_in_parts() -> None:
    desk = Desk(Device(count_max=40), registers(100))
    assert {(at, "good") for at in range(100)} == set(desk.poll(4).values())
    assert not desk.scanner.learned.illegal


def test_a_device_that_refuses_everything_is_not_searched_again_and_again() -> None:
    desk = Desk(Device(holes=set(range(10))), registers(10))
    assert {(None, "bad.exception(2)")} == set(desk.poll(3).values())
    desk.device.reads.clear()
    desk.poll(3)
    assert [(0, 10)] * 3 == desk.device.reads
    desk.device.holes.clear()
    assert {(at, "good") for at in range(10)} == set(desk.poll().values())


def test_a_register_that_appears_later_is_read_again() -> None:
    desk = Desk(Device(holes={3}), registers(10))
    assert (None, "bad.exception(2)") == desk.poll(3)["p3"]
    desk.device.holes.clear()
    desk.clock.advance(RETRY_MISSING_S)
    assert (3, "good") == desk.poll(2)["p3"]
    assert [(0, 10)] == [(block.address, block.count) for block in desk.scanner.blocks("fast")]


def test_the_legal_points_stay_good_while_a_missing_one_is_tried_again() -> None:
    desk = Desk(Device(holes={3}), registers(10))
    desk.poll(3)
    desk.clock.advance(RETRY_MISSING_S)
    readings = desk.poll()
    assert {"good"} == {readings[f"p{at}"][1] for at in range(10) if at != 3}
    assert (None, "bad.exception(2)") == readings["p3"]


def test_a_silent_controller_is_probed_ever_less_often_and_once_each_time() -> None:
    desk = Desk(Device(silent=True), registers(10, read_retries=1, breaker={"open_after": 3, "probe": ["5s", "15s"]}))
    readings = desk.poll(3)
    assert {(None, "bad.timeout")} == set(readings.values())
    assert 1 + 1 + 1 + 1 == len(desk.device.reads)  # the first poll is tried twice
    assert not desk.scanner.online
    desk.poll(60)
    assert 4 + 4 == len(desk.device.reads)  # after 5 s, then every 15 s
    assert desk.scanner.counts.withheld == 60 - 4


def test_the_silent_ones_of_a_shared_line_wait_for_its_budget() -> None:
    spent = LossBudget(share=0.0, burst_s=1.0, left_s=-1.0)
    desk = Desk(Device(), registers(10), losses=spent)
    assert {(at, "good") for at in range(10)} == set(desk.poll().values())
    desk.device.silent = True
    desk.poll()
    asked = len(desk.device.reads)
    desk.poll(5)
    assert asked == len(desk.device.reads), "it missed an answer, and the line has nothing left to lose"


def test_a_block_that_was_refused_for_a_moment_is_read_whole_again() -> None:
    desk = Desk(Device(refusals=1), registers(10))
    desk.poll(2)
    assert {(at, "good") for at in range(10)} == set(desk.poll().values())
    assert [(0, 10)] == [(block.address, block.count) for block in desk.scanner.blocks("fast")]


def two_groups(points: dict[str, dict[str, Any]]) -> Profile:
    groups = {name: {"every": "1s", "stale_after": "9s"} for name in ("fast", "slow")}
    return profile(points, poll_groups=groups)


def test_what_is_missing_in_one_group_is_tried_again_whatever_the_other_does() -> None:
    points = {f"p{at}": {"address": at, "poll": "fast" if at < 5 else "slow"} for at in range(10)}
    desk = Desk(Device(holes={2, 7}), two_groups(points))
    for group in ("fast", "slow") * 3:
        desk.scanner.poll(group)
    assert {2, 7} == {at for _, at in desk.scanner.learned.illegal}
    desk.device.holes.clear()
    desk.clock.advance(RETRY_MISSING_S + 1)
    for group in ("fast", "fast", "slow", "slow"):
        desk.scanner.poll(group)
    assert not desk.scanner.learned.illegal


def test_how_much_is_answered_at_once_is_learnt_for_the_group_in_which_it_was_seen() -> None:
    points = {f"p{at}": {"address": at, "poll": "fast" if at < 50 else "slow"} for at in range(60)}
    desk = Desk(Device(count_max=40), two_groups(points))
    for group in ("fast", "slow") * 3:
        desk.scanner.poll(group)
    assert [10] == [block.count for block in desk.scanner.blocks("slow")]
    assert [25, 25] == [block.count for block in desk.scanner.blocks("fast")]
