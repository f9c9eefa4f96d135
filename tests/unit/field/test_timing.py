"""What a read costs: by the address of the line, and by measuring."""

import random

import pytest

from shared.field.address import parse_address
from shared.field.plan import NETWORK, ReadCost
from shared.field.timing import CostMeter, line_cost


def test_a_network_and_a_serial_line() -> None:
    assert NETWORK == line_cost(parse_address("tcp://10.0.0.7"))
    slow = line_cost(parse_address("rtu:///dev/ttyS0?baud=9600&parity=N"), answer_s=0.0)
    character_s = 10 / 9600
    assert slow.register_s == pytest.approx(2 * character_s)
    assert slow.request_s == pytest.approx((8 + 5) * character_s + 2 * 3.5 * 11 / 9600)


def test_the_cost_is_learnt_from_reads_of_different_length() -> None:
    meter = CostMeter(NETWORK)
    chance = random.Random(5)
    for _ in range(400):
        count = chance.randint(1, 100)
        meter.note(count, 0.02 + 0.002 * count + chance.uniform(-0.001, 0.001))
    learnt = meter.cost()
    assert learnt.request_s == pytest.approx(0.02, rel=0.05)
    assert learnt.register_s == pytest.approx(0.002, rel=0.05)


def test_reads_of_one_length_tell_nothing_about_a_register() -> None:
    meter = CostMeter(ReadCost(0.1, 0.002))
    for _ in range(100):
        meter.note(50, 0.2)
    learnt = meter.cost()
    assert learnt.register_s == 0.002
    assert learnt.request_s == pytest.approx(0.1)


def test_a_few_reads_change_nothing() -> None:
    meter = CostMeter(NETWORK)
    meter.note(50, 3.0)
    assert NETWORK == meter.cost()
