"""A line with two addresses: which one is used, when it changes, and that a write is never repeated on the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.field.profile import Table
from shared.field.transports import DeviceException, LinkDown, NoAnswer, TransportError, WriteFunction
from shared.field.transports.backup import BackupTransport, SwitchRule


@dataclass
class FakeWay:
    """An address that answers, or not. It is open from its first request until it is closed."""

    name: str
    fails: TransportError | None = None
    open: bool = False
    asked: list[str] = field(default_factory=list)

    def _ask(self, what: str) -> bytes:
        self.asked.append(what)
        self.open = True
        if self.fails is not None:
            raise self.fails
        return self.name.encode()

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        return self._ask(f"read {address}")

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        self._ask(f"write {address}")

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self._ask(f"mask {address}")

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        return self._ask(f"exchange {write_address}")

    def close(self) -> None:
        self.open = False


class Rig:
    def __init__(self, switch_after: int = 3) -> None:
        self.now_s = 1000.0
        self.primary, self.backup = FakeWay("primary"), FakeWay("backup")
        rule = SwitchRule(switch_after, probe_every_s=30.0)
        self.line = BackupTransport("river", self.primary, self.backup, rule, lambda: self.now_s)

    def read(self, unit: int = 1, address: int = 5) -> str:
        try:
            answer = self.line.read(unit, "holding", address, 1, 1.0).decode()
        except TransportError as error:
            answer = error.quality
        assert not (self.primary.open and self.backup.open), "never both at once"
        return answer

    def write(self, address: int) -> str:
        try:
            self.line.write(1, 6, address, b"\x00\x01", 1.0)
        except TransportError as error:
            return error.quality
        assert not (self.primary.open and self.backup.open)
        return "good"


@pytest.mark.parametrize("failure", [LinkDown("refused"), NoAnswer("silent"), DeviceException(10), DeviceException(11)])
def test_the_backup_takes_over_after_so_many_failures_in_a_row(failure: TransportError) -> None:
    rig = Rig()
    rig.primary.fails = failure
    assert [failure.quality, failure.quality, failure.quality, "backup"] == [rig.read() for _ in range(4)]
    assert "backup" == rig.line.in_use


def test_an_answer_in_between_starts_the_count_anew() -> None:
    rig = Rig()
    for _ in range(5):
        rig.primary.fails = NoAnswer("silent")
        rig.read()
        rig.read()
        rig.primary.fails = DeviceException(2)  # it says no: it is there
        rig.read()
    assert "primary" == rig.line.in_use


def test_the_primary_is_used_again_when_a_probe_is_answered() -> None:
    rig = Rig(switch_after=1)
    rig.primary.fails = LinkDown("refused")
    assert ["bad.not_connected", "backup"] == [rig.read(), rig.read()]
    rig.primary.fails = None
    rig.now_s += 29
    assert "backup" == rig.read()
    rig.now_s += 1
    assert ["primary", "primary"] == [rig.read(), rig.read()]
    assert not rig.backup.open


def test_a_probe_in_vain_costs_no_poll() -> None:
    rig = Rig(switch_after=1)
    rig.primary.fails = LinkDown("refused")
    rig.read()
    rig.read()
    asked = len(rig.primary.asked)
    rig.now_s += 30
    assert ["backup", "backup"] == [rig.read(), rig.read()]
    assert asked + 1 == len(rig.primary.asked)


def test_a_probe_asks_a_unit_that_is_known_to_answer() -> None:
    rig = Rig(switch_after=1)
    rig.primary.fails = LinkDown("refused")
    rig.read()
    assert "backup" == rig.read(unit=1)
    rig.now_s += 30
    rig.primary.fails = None
    assert "backup" == rig.read(unit=2), "of unit 2 nobody knows whether it answers at all"
    assert "primary" == rig.read(unit=2)


@pytest.mark.parametrize("failure", [LinkDown("refused"), NoAnswer("silent")])
def test_a_write_that_failed_is_not_repeated_on_the_other_address(failure: TransportError) -> None:
    rig = Rig(switch_after=1)
    rig.primary.fails = failure
    assert failure.quality == rig.write(9)
    assert "backup" == rig.line.in_use
    assert [] == rig.backup.asked
    assert "good" == rig.write(10)
    assert (["write 9"], ["write 10"]) == (rig.primary.asked, rig.backup.asked)


def test_a_write_is_no_probe() -> None:
    rig = Rig(switch_after=1)
    rig.primary.fails = LinkDown("refused")
    rig.read()
    rig.read()
    rig.now_s += 60
    assert "good" == rig.write(9)
    assert "write 9" == rig.backup.asked[-1]


def test_every_change_is_one_line_in_the_log() -> None:
    rig = Rig(switch_after=2)
    with capture_logs() as told:
        rig.primary.fails = LinkDown("refused")
        for _ in range(4):
            rig.read()
        rig.primary.fails = None
        rig.now_s += 30
        for _ in range(3):
            rig.read()
    assert [("river", "backup", "refused"), ("river", "primary", "answered")] == [
        (line["line"], line["to"], line["reason"]) for line in told
    ]


steps = st.lists(
    st.tuples(
        st.sampled_from(["read", "write", "mask", "wait"]),
        st.integers(1, 3),
        *[st.sampled_from([None, LinkDown("refused"), NoAnswer("silent"), DeviceException(2), DeviceException(11)])]
        * 2,
    ),
    max_size=60,
)


@given(steps, st.integers(1, 4))
def test_whatever_fails_when_no_write_is_sent_twice_and_never_are_both_open(
    steps: list[tuple[str, int, TransportError | None, TransportError | None]], switch_after: int
) -> None:
    rig = Rig(switch_after)
    for at, (step, unit, primary, backup) in enumerate(steps):
        rig.primary.fails, rig.backup.fails = primary, backup
        if step == "read":
            rig.read(unit)
        elif step == "wait":
            rig.now_s += 20
        elif step == "write":
            rig.write(at)
        else:
            try:
                rig.line.mask_write(unit, at, 1, 2, 1.0)
            except TransportError:
                continue
    sent = [each for each in rig.primary.asked + rig.backup.asked if not each.startswith("read")]
    assert len(sent) == len(set(sent))
