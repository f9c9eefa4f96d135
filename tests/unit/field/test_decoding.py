"""A block is decoded as its points would be one by one, whatever their order, types and gaps."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.field.decoding import Answer, BlockDecoder, decode_together
from shared.field.image import ControllerImage, ImageFacts
from shared.field.judgement import ConditionJudges
from shared.field.plan import Block, plan_reads
from shared.field.profile import Profile
from shared.field.reporter import Reporter
from tests.unit.field.profiles import profile

TYPES = ["u16", "i16", "u32", "i32", "u64", "f32", "f64", "bcd16", "bits32", "bool"]
SIZES = {"u32": 2, "i32": 2, "u64": 4, "f32": 2, "f64": 4, "bits32": 2}


@st.composite
def maps(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    points: dict[str, dict[str, Any]] = {}
    address = 0
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(TYPES))
        point: dict[str, Any] = {"address": address, "type": kind}
        if kind == "bool":
            point["bit"] = draw(st.integers(0, 15))
        elif kind not in ("bits32",):
            point["scale"] = draw(st.sampled_from([1, 0.1, 0.01, 0.25, 3]))
            point["offset"] = draw(st.sampled_from([0, -5, 0.5]))
        point["word_order"] = draw(st.sampled_from(["big", "little"]))
        point["byte_order"] = draw(st.sampled_from(["big", "little"]))
        if draw(st.booleans()) and kind != "bool":
            point["valid"] = [-100, 1000]
        if draw(st.integers(0, 4)) == 0 and kind == "u16":
            point["nan"] = [0x7FFF]
        points[f"p{number}"] = point
        address += SIZES.get(kind, 1) + draw(st.integers(0, 2))
    return points


def image_of(found: Profile) -> ControllerImage:
    return ControllerImage("rtu", found, dict.fromkeys(found.points, "asset"))


@settings(max_examples=60, deadline=None)
@given(maps(), st.data())
def test_a_block_is_what_its_points_are(points: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    found = profile(points)
    image = image_of(found)
    (block,) = plan_reads(found, "fast")
    decoder = BlockDecoder(image, block)
    for at in range(2):
        raw = data.draw(st.binary(min_size=2 * block.count, max_size=2 * block.count))
        before = {name: (image.value(i), image.quality(i)) for name, i in image.index.items()}
        changed = decoder.decode(raw, float(at)).changed
        for name, point in found.points.items():
            i = image.index[name]
            value, quality = one_by_one(found, name, raw[2 * point.address :])
            assert (repr(value), quality) == (repr(image.value(i)), image.quality(i)), name
            assert ((value, quality) != before[name]) == (i in changed), name
            assert image.taken_s(i) == float(at)


def one_by_one(found: Profile, name: str, raw: bytes) -> tuple[Any, str]:
    """By the codec of the point alone."""
    point = found.points[name]
    codec = point.codec(found.modbus)
    piece = raw[: 2 * point.count]
    if point.type == "bcd16" and not f"{codec.raw_number(piece):04x}".isdecimal():
        return None, "bad.decode"
    value = codec.decode(piece)
    if value is None or (point.nan and codec.raw_number(piece) in point.nan):
        return None, "bad.sensor_fault"
    if not isinstance(value, bool | str) and point.valid and not point.valid[0] <= value <= point.valid[1]:
        return value, "uncertain.out_of_range"
    return value, "good"


def test_a_captured_block_may_hold_points_of_several_poll_groups() -> None:
    found = profile(
        {
            "level": {"address": 0, "type": "u16", "scale": 0.1},
            "hours": {"address": 1, "type": "u16", "poll": "slow"},
            "limit": {"address": 2, "type": "u16", "scale": 3, "poll": "slow"},
        },
        poll_groups={name: {"every": "1s", "stale_after": "5s"} for name in ("fast", "slow")},
    )
    image = image_of(found)
    BlockDecoder(image, Block("holding", 0, 3, tuple(found.points))).decode(struct.pack(">3H", 17, 5, 7), 1.0)
    assert {"level": 1.7, "hours": 5, "limit": 21} == {name: image.value(at) for name, at in image.index.items()}


def test_all_that_changed_in_a_row_is_one_range() -> None:
    found = profile({f"p{at}": {"address": at, "scale": 0.1} for at in range(20)})
    image = image_of(found)
    decoder = BlockDecoder(image, plan_reads(found, "fast")[0])
    decoder.decode(struct.pack(">20H", *range(20)), 0.0)
    assert range(20) == decoder.decode(struct.pack(">20H", *range(1, 21)), 1.0).changed
    assert [0.1, 0.2, 0.3] == [image.value(at) for at in range(3)]
    assert () == decoder.decode(struct.pack(">20H", *range(1, 21)), 2.0).changed
    assert [3] == list(decoder.decode(struct.pack(">20H", 1, 2, 3, 9, *range(5, 21)), 3.0).changed)


def test_after_a_lost_poll_everything_is_new_though_the_bytes_are_not() -> None:
    found = profile({"a": {"address": 0}, "b": {"address": 1}})
    image = image_of(found)
    decoder = BlockDecoder(image, plan_reads(found, "fast")[0])
    decoder.decode(b"\0\1\0\2", 0.0)
    assert [0, 1] == decoder.spoil("bad.timeout")
    assert [None, None] == [image.value(at) for at in range(2)]
    assert [0, 1] == list(decoder.decode(b"\0\1\0\2", 1.0).changed)
    assert [1, 2] == [image.value(at) for at in range(2)]


def test_a_value_that_moves_too_fast_is_uncertain_by_the_time_since_it_was_seen_last() -> None:
    found = profile({"level": {"address": 0, "rate_max": 10}})
    image = image_of(found)
    decoder = BlockDecoder(image, plan_reads(found, "fast")[0])
    seen = []
    for at, level in enumerate([100, 100, 100, 115, 115, 125]):
        decoder.decode(struct.pack(">H", level), float(at))
        seen.append(image.quality(0))
    assert ["good", "good", "good", "uncertain.out_of_range", "good", "good"] == seen


@settings(max_examples=40, deadline=None)
@given(maps(), st.integers(2, 5), st.data())
def test_controllers_that_are_decoded_together_are_as_if_alone(
    points: dict[str, dict[str, Any]], controllers: int, data: st.DataObject
) -> None:
    found = profile(points)
    (block,) = plan_reads(found, "fast")
    together, alone = ([BlockDecoder(image_of(found), block) for _ in range(controllers)] for _ in range(2))
    size = 2 * block.count
    raws = st.sampled_from([data.draw(st.binary(min_size=size, max_size=size)) for _ in range(3)])
    for at in range(4):
        answers = [Answer(decoder, data.draw(raws), float(at)) for decoder in together]
        decode_together(answers)
        for answer, decoder in zip(answers, alone, strict=True):
            expected = decoder.decode(answer.raw, float(at))
            assert set(expected.changed) == set(answer.changed)
            assert expected.calm == answer.calm
            assert told_by(expected) == told_by(answer)
            assert repr(columns(decoder.image)) == repr(columns(answer.decoder.image))


def told_by(answer: Answer) -> tuple[set[int], set[int]]:
    return set(answer.news.indices() if answer.news else ()), set(answer.rest)


def columns(image: ControllerImage) -> list[tuple[Any, ...]]:
    return [(*image.shown(at), at in image.requalified) for at in range(len(image.names))]


@settings(max_examples=60, deadline=None)
@given(maps(), st.data())
def test_what_is_told_is_what_left_its_deadband_or_changed_its_quality(
    points: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    for point in points.values():
        point["deadband"] = data.draw(st.sampled_from([0, 0, 5, 200]))
    found = profile(points)
    image = image_of(found)
    (block,) = plan_reads(found, "fast")
    decoder, reporter = BlockDecoder(image, block), Reporter(image)
    told: dict[int, Any] = {}
    size = 2 * block.count
    raws = st.sampled_from([data.draw(st.binary(min_size=size, max_size=size)) for _ in range(4)])
    for at in range(5):
        before = {each: image.quality(each) for each in image.index.values()}
        answer = decoder.decode(data.draw(raws), at / 100)
        due = reporter.due([answer.news] if answer.news else [], answer.rest, at / 100)
        now = {*due.indices, *(each for news in due.news for each in news.indices())}
        assert len(now) == len(due.indices) + sum(len(news.indices()) for news in due.news)
        for name, each in image.index.items():
            value = image.value(each)
            left = has_left(value, told.get(each), found.points[name].deadband) and each in answer.changed
            assert (at == 0 or left or image.quality(each) != before[each]) == (each in now), name
            if each in now:
                told[each] = value


def has_left(value: Any, told: Any, deadband: float) -> bool:
    if value is None or told is None:
        return value is not told
    return not abs(value - told) <= deadband


def test_what_was_suppressed_is_judged_when_that_ends_though_its_number_stays() -> None:
    """The level is past its limit and does not move; the key that suppressed it is in another block."""
    titles = {"zh": "高", "en": "High"}
    found = profile(
        {"level": {"address": 0, "limits": {"h": 6}}, "key": {"address": 0, "table": "coil", "type": "bool"}},
        conditions={
            "high": {
                "priority": 2, "about": "level", "title": titles, "action": titles,
                "when": "level >= level.h", "suppress_when": "key",
            }
        },
    )  # fmt: skip
    image = image_of(found)
    decoders = {block.table: BlockDecoder(image, block) for block in plan_reads(found, "fast")}
    judges, facts = ConditionJudges(found, dict.fromkeys(found.names, "asset"), "asset"), ImageFacts(image)
    told = []
    for at, key in enumerate([b"\1", b"\1", b"\0"]):
        answers = [decoders["holding"].decode(b"\0\7", float(at)), decoders["coil"].decode(key, float(at))]
        facts.now_s, calm = float(at), all(answer.calm for answer in answers)
        if not (calm and judges.may_rest()):
            changed = [image.names[each] for answer in answers for each in answer.changed]
            told += judges.step(facts, changed, calm=calm)
    assert [("high", "active", 2.0)] == [(each.condition, each.standing, each.at_s) for each in told]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.sampled_from(["0s", "2s"]), st.sampled_from([0, 2]))
def test_what_passed_no_threshold_need_not_be_judged(levels: list[int], delay: str, hysteresis: float) -> None:
    titles = {"zh": "高", "en": "High"}
    common = {"priority": 2, "about": "level", "title": titles, "action": titles, "on_delay": delay, "off_delay": delay}
    found = profile(
        {"level": {"address": 0, "limits": {"l": 2, "h": 6}}, "flow": {"address": 1}},
        conditions={
            "high": {**common, "when": "level >= level.h", "hysteresis": hysteresis},
            "low": {**common, "when": "level < level.l", "hysteresis": hysteresis},
            "still": {**common, "when": "level > 3 and flow < 1"},
            "dry": {**common, "when": "flow < 2", "suppress_when": "level > 7"},
        },
    )
    image = image_of(found)
    decoder = BlockDecoder(image, plan_reads(found, "fast")[0])
    sparing, thorough = (ConditionJudges(found, dict.fromkeys(found.names, "asset"), "asset") for _ in range(2))
    facts = ImageFacts(image)
    for at, level in enumerate(levels):
        answer = decoder.decode(struct.pack(">2H", level, levels[at - 1]), float(at))
        facts.now_s = float(at)
        changed = [image.names[each] for each in answer.changed]
        found_by = [] if answer.calm and sparing.may_rest() else sparing.step(facts, changed, calm=answer.calm)
        assert thorough.step(facts, changed, all_of_them=True) == found_by
