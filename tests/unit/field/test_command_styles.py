"""How commands are written: level, pulse, handshake, one bit of a register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.message import Scalar
from shared.documents import MalformedDocument
from shared.field.commands import Failed, Outcome, Refused, Verification, Verified, find_busy, reset_telegram, telegram
from shared.field.profile import Profile
from tests.unit.field.facts import Table
from tests.unit.field.operating import AREA, desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually


def command(points: dict[str, dict[str, Any]], write: dict[str, Any], point: str = "out", **more: Any) -> Profile:
    """A profile with one command, `do`, that writes `out` and is proven by `level`."""
    proof = {"point": "level", "expect": "> 5", "within": "10s"}
    return profile(
        {"level": {"address": 0}, **points},
        commands={"do": {"title": TITLE, "point": point, "write": write, "verify": proof, **more}},
    )


def mistake(build: Callable[[], object]) -> str:
    with pytest.raises(MalformedDocument) as refusal:
        build()
    return str(refusal.value)


BIT = {"out": {"address": 7, "type": "bool", "bit": 3, "access": "rw"}}


class TestMasked:
    """Function 22: content AND and-mask, OR or-mask (V1.1b3, 6.16)."""

    @pytest.mark.parametrize(
        ("more", "value", "data"),
        [
            ({}, True, "fff7" + "0008"),
            ({}, False, "fff7" + "0000"),
            ({"byte_order": "little"}, True, "f7ff" + "0800"),
            ({"bit": 15}, True, "7fff" + "8000"),
        ],
    )
    def test_one_bit_is_written_and_no_other(self, more: dict[str, Any], value: bool, data: str) -> None:
        found = command({"out": {**BIT["out"], **more}}, {"value": value, "style": "masked"})
        sent = telegram(found, found.commands["do"], {})
        assert (22, 7, data) == (sent.function, sent.address, sent.data.hex())

    @given(st.integers(0, 0xFFFF), st.integers(0, 15), st.booleans(), st.sampled_from(["big", "little"]))
    def test_the_neighbours_keep_what_they_have(self, content: int, bit: int, value: bool, order: str) -> None:
        points = {"out": {**BIT["out"], "bit": bit, "byte_order": order}}
        found = command(points, {"value": value, "style": "masked"})
        data = telegram(found, found.commands["do"], {}).data
        keep, bits = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
        after = content & keep | bits & ~keep
        codec = found.points["out"].codec(found.modbus)
        assert value is codec.decode(after.to_bytes(2, "big"))
        assert bin(content ^ after).count("1") <= 1

    def test_a_bit_is_written_masked_or_not_at_all(self) -> None:
        assert "commands.do.write.style" in mistake(lambda: command(BIT, {"value": True}))
        coil = {"out": {"address": 7, "table": "coil", "type": "bool", "access": "rw"}}
        assert "commands.do.write.style" in mistake(lambda: command(coil, {"value": True, "style": "masked"}))


HAND = {"point": "answer", "taken": 2, "refused": 3, "within": "4s"}
SHAKEN = {
    "out": {"address": 10, "access": "rw"},
    "answer": {"address": 11},
}


def follow(spec_of: Profile, seen: list[tuple[Scalar, Scalar]]) -> list[Outcome | None]:
    """What is said second by second; `seen`: the answer register and the level after each second."""
    verification = Verification(spec_of.commands["do"], {"param": 30.0}, sent_at_s=0.0)
    said: list[Outcome | None] = []
    for at, (answer, level) in enumerate(seen, start=1):
        taken = {"answer": at - 0.1, "level": at - 0.1}
        facts = Table({"answer": answer, "level": level}, taken=taken, now_s=float(at))
        said.append(verification.step(facts))
    return said


WRITE = {"param": {"min": 0, "max": 100, "step": 1}, "style": "handshake", "handshake": HAND}


class TestHandshake:
    def test_it_is_verified_when_the_device_took_it_and_the_feedback_agrees(self) -> None:
        found = command(SHAKEN, WRITE)
        said = follow(found, [(0, 9), (2, 1), (2, 9)])
        assert [None, None] == said[:2]
        assert isinstance(said[2], Verified)

    def test_a_feedback_that_agrees_proves_nothing_before_the_device_took_it(self) -> None:
        assert [None, None] == follow(command(SHAKEN, WRITE), [(0, 9), (0, 9)])

    def test_what_the_device_refuses_has_failed_at_once(self) -> None:
        said = follow(command(SHAKEN, WRITE), [(0, 1), (3, 1)])
        assert isinstance(said[1], Failed)
        assert "handshake_refused" == said[1].reason.code

    def test_a_device_that_says_nothing_has_failed_in_time(self) -> None:
        said = follow(command(SHAKEN, WRITE), [(0, 1)] * 5)
        assert [None] * 4 == said[:4]
        assert isinstance(said[4], Failed)
        assert "handshake_silent" == said[4].reason.code

    @pytest.mark.parametrize(("answer", "busy"), [(0, False), (1, True), (2, True), (None, True)])
    def test_nothing_is_written_while_it_is_busy(self, answer: Scalar, busy: bool) -> None:
        found = command(SHAKEN, {**WRITE, "handshake": {**HAND, "idle": 0}})
        refusal = find_busy(found.commands["do"], Table({"answer": answer}))
        assert busy is isinstance(refusal, Refused)

    def test_its_point_must_exist(self) -> None:
        wrong = {**WRITE, "handshake": {**HAND, "point": "nowhere"}}
        assert "commands.do.write.handshake.point" in mistake(lambda: command(SHAKEN, wrong))
        assert "handshake" in mistake(lambda: command(SHAKEN, {"value": 1, "style": "handshake"}))


COIL = {"out": {"address": 4, "table": "coil", "type": "bool", "access": "rw"}}


class TestPulse:
    def test_it_is_taken_back_by_the_opposite(self) -> None:
        found = command(COIL, {"value": True, "style": "pulse", "reset_after": "500ms"})
        assert b"\x01" == telegram(found, found.commands["do"], {}).data
        assert b"\x00" == reset_telegram(found, found.commands["do"]).data

    @pytest.mark.parametrize(("deaf_to", "ending"), [(set(), "Verified"), ({b"\0"}, "pulse_not_taken_back")])
    def test_it_ends_when_it_was_taken_back_and_not_before(self, deaf_to: set[bytes], ending: str) -> None:
        found = profile(
            {"level": {"address": 0}, **COIL},
            poll_groups={"fast": {"every": "50ms", "stale_after": "5s"}},
            commands={
                "do": {
                    "title": TITLE, "point": "out", "verify": {"point": "level", "expect": "> 5", "within": "2s"},
                    "write": {"value": True, "style": "pulse", "reset_after": "300ms"},
                }
            },
        )  # fmt: skip
        with desk(found) as at:
            at.device.holding[0], at.device.deaf_to = 9, deaf_to
            eventually(lambda: at.engine.units["rtu"].facts.value("level") == 9, 5)
            at.operate("1")
            eventually(lambda: "1" in at.ended, 5)
            assert [(5, 4, b"\x01"), (5, 4, b"\x00")] == at.device.written
            assert ending == at.reason("1")

    def test_it_is_taken_back_before_its_line_is_closed(self) -> None:
        found = profile(
            {"level": {"address": 0}, **COIL},
            commands={
                "do": {
                    "title": TITLE, "point": "out", "verify": {"point": "level", "expect": "> 5", "within": "60s"},
                    "write": {"value": True, "style": "pulse", "reset_after": "60s"},
                }
            },
        )  # fmt: skip
        with desk(found) as at:
            at.operate("1")
            assert [(5, 4, b"\x01")] == at.device.written
            at.engine.release(AREA)
            assert [(5, 4, b"\x01"), (5, 4, b"\x00")] == at.device.written
            assert "owner_stopped" == at.reason("1")

    def test_only_a_pulse_is_taken_back(self) -> None:
        assert "reset_after" in mistake(lambda: command(COIL, {"value": True, "reset_after": "500ms"}))


def test_an_override_that_expires_can_be_released() -> None:
    assert "commands.do.expires" in mistake(lambda: command(COIL, {"value": True}, expires="1h"))
    command(SHAKEN, {"param": {"min": 0, "max": 9, "step": 1}}, expires="1h")
