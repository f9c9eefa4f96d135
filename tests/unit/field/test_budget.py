"""How busy a line is, and how old its points become."""

import pytest

from shared.field.forecast import worst_ages
from tests.unit.field.loads import loaded, meter

CHARACTER_S = 10 / 9600
GAP_S = 3.5 * 11 / 9600
READ_S = (8 + 5 + 20) * CHARACTER_S + 2 * GAP_S + 0.005


def test_a_poll_costs_its_characters_two_silences_and_the_devices_time() -> None:
    load = loaded(1, meter("2s"))
    assert load.utilisation == pytest.approx(READ_S / 2)
    assert [pytest.approx(READ_S)] == [group.poll_s for group in load.controllers[0].groups]


def test_the_devices_own_time_is_the_profiles() -> None:
    slow = loaded(1, meter("2s", {"answer_time": "105ms"}))
    assert slow.utilisation == pytest.approx((READ_S + 0.1) / 2)


def test_the_rest_between_two_reads_counts_once_for_two() -> None:
    two = meter("2s", {"max_registers": 5, "request_gap": "100ms"})
    (group,) = loaded(1, two).controllers[0].groups
    assert 2 == len(group.blocks)
    assert group.poll_s == pytest.approx(2 * (READ_S - 10 * CHARACTER_S) + 0.1)


def test_the_masters_counter_is_a_write_each_time() -> None:
    counter = {"table": "holding", "address": 10, "type": "u16", "poll": "all", "access": "rw"}
    points = {"alive": counter}
    fed = meter(
        "2s", points=points, watchdog={"write": "alive", "every": "10s", "device_fallback": {"zh": "-", "en": "-"}}
    )
    without = meter("2s", points=points)
    write_s = 17 * CHARACTER_S + 2 * GAP_S + 0.005
    assert loaded(1, fed).utilisation - loaded(1, without).utilisation == pytest.approx(write_s / 10)


@pytest.mark.parametrize(("units", "refused"), [(33, False), (35, True)])
def test_a_serial_line_above_80_percent_is_refused_with_a_sentence(units: int, refused: bool) -> None:
    load = loaded(units, meter("2s"))
    assert refused == (load.overload is not None)
    if refused:
        assert load.overload is not None
        assert "line bus: at most 80% of its time" in load.overload


def test_a_network_is_never_refused() -> None:
    assert loaded(200, meter("50ms"), "tcp://10.0.0.7").overload is None


def test_alone_on_its_line_a_point_is_never_older_than_its_period() -> None:
    assert worst_ages(loaded(1, meter("2s"))).worst_s == pytest.approx(2.0)


def test_a_line_that_cannot_keep_up_misses_whole_periods() -> None:
    assert 60 * READ_S < worst_ages(loaded(60, meter("2s"))).worst_s < 3 * 60 * READ_S


def test_silent_units_make_the_others_older_and_the_dearest_are_taken() -> None:
    load = loaded(10, meter("2s", {"timeout": "500ms", "read_retries": 1}))
    none, one, three = (worst_ages(load, dead).worst_s for dead in (0, 1, 3))
    lost_s = 2 * 0.5 + 0.5  # two timeouts, and the silence before the same unit is asked again
    assert none == pytest.approx(2.0)
    assert none < one <= none + lost_s + READ_S * 2
    assert one < three <= none + 3 * (lost_s + READ_S * 2) + 2.0


def test_silent_units_of_a_line_that_is_quiet_enough_cost_no_silence() -> None:
    patient = loaded(10, meter("2s", {"timeout": "500ms"}))
    hasty = loaded(10, meter("2s", {"timeout": "500ms"}), "rtu:///dev/ttyS0?baud=9600&quiet_ms=0")
    assert worst_ages(hasty, 1).worst_s < worst_ages(patient, 1).worst_s


def test_on_a_network_a_silent_unit_costs_its_timeouts_only() -> None:
    load = loaded(2, meter("2s", {"timeout": "500ms"}), "tcp://10.0.0.7")
    assert worst_ages(load, 1).worst_s <= 2.0 + 2 * 0.5 + 0.01
