from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.bus.spool import Spool


def test_records_come_back_in_order_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 10_000)
    assert all(spool.append(b"record %d" % number) for number in range(100))
    spool.forget(10)
    spool.close()
    again = Spool(tmp_path / "spool", 10_000)
    assert [b"record %d" % number for number in range(10, 100)] == again.peek(1000)
    again.close()


def test_what_is_full_refuses_and_takes_again_when_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 100)
    taken = [spool.append(b"x" * 12) for _ in range(10)]
    assert [True] * 5 + [False] * 5 == taken
    spool.forget(2)
    assert [True, True, False] == [spool.append(b"y" * 12) for _ in range(3)]
    assert (tmp_path / "spool").stat().st_size <= 200
    spool.close()


@pytest.mark.parametrize("cut", range(1, 25))
def test_a_damaged_end_costs_only_the_last_record(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "spool"
    spool = Spool(path, 1000)
    for number in range(3):
        spool.append(b"whole record %04d" % number)
    spool.close()
    path.write_bytes(path.read_bytes()[:-cut])
    again = Spool(path, 1000)
    assert [b"whole record 0000", b"whole record 0001"] == again.peek(10)
    assert again.append(b"next")
    assert b"next" == again.peek(10)[-1]
    again.close()


@given(st.binary(max_size=300))
def test_a_file_of_garbage_is_an_empty_spool(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    path = tmp_path_factory.mktemp("spool") / "spool"
    path.write_bytes(b"\xff" * 8 + garbage)
    spool = Spool(path, 1000)
    assert 0 == len(spool)
    assert spool.append(b"sound")
    assert [b"sound"] == spool.peek(1)
    spool.close()


class SpoolMachine(RuleBasedStateMachine):
    """Against a plain list, with restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name) / "spool"
        self.spool = Spool(self.path, 300)
        self.model: list[bytes] = []

    @rule(record=st.binary(max_size=60))
    def append(self, record: bytes) -> None:
        if self.spool.append(record):
            self.model.append(record)
        else:
            assert sum(len(each) + 8 for each in self.model) + len(record) + 8 > 300

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.model)))
        self.spool.forget(count)
        del self.model[:count]

    @rule()
    def restart(self) -> None:
        self.spool.close()
        self.spool = Spool(self.path, 300)

    @invariant()
    def same(self) -> None:
        assert self.model == self.spool.peek(1000)
        assert len(self.model) == len(self.spool)
        assert self.path.stat().st_size <= 600

    def teardown(self) -> None:
        self.spool.close()
        self._folder.cleanup()


TestSpoolMachine = SpoolMachine.TestCase


FULL_DISK = """
import resource, sys
from pathlib import Path
from shared.bus.spool import Spool

def room(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

spool = Spool(Path(sys.argv[1]) / "spool", 10_000)
room(100)
kept = [spool.append(b"x" * 12) for _ in range(8)]
print(kept.index(False), any(kept[kept.index(False):]), spool.unwritable, len(spool))
room(resource.RLIM_INFINITY)
print(spool.append(b"y" * 12), spool.unwritable, spool.peek(9)[-1])
spool.close()
print(len(Spool(Path(sys.argv[1]) / "spool", 10_000)))
"""


def test_a_full_disk_loses_what_comes_and_nothing_that_was_there(tmp_path: Path) -> None:
    """A file that may not grow stands for the disk; in a process of its own, for the limit is the process's."""
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in told.stdout.splitlines() if "spool cannot be written" not in line]
    assert ["5 False True 5", "True False b'yyyyyyyyyyyy'", "6"] == lines, told.stderr
