from __future__ import annotations

from pathlib import Path

import pytest

from services.alarms.domain.alarm import Rule
from services.alarms.rules import load_rationalisation
from services.alarms.settings import Settings
from shared.documents import MalformedDocument

SHIPPED = Settings.model_fields["rationalisation"].default


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("level_high", Rule()),
        ("pump2_fault", Rule(latching=True)),
        ("offline:xinhua-rtu", Rule(ack_required=False, priority=4)),
        ("smoke_detected", Rule(latching=True, shelvable=False)),
        ("message_parked:tangshan.lubei", Rule(shelvable=False, priority=2)),
    ],
)
def test_the_shipped_rules(condition: str, rule: Rule) -> None:
    assert rule == load_rationalisation(SHIPPED).rule_for(condition)


def test_an_exact_name_goes_before_a_pattern_and_defaults_hold_for_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rationalisation: rationalisation/v1\ndefaults: {ack_required: false}\n"
        "conditions:\n  pump*_fault: {latching: true}\n  pump1_fault: {priority: 1}\n"
    )
    rules = load_rationalisation(path)
    assert Rule(ack_required=False, priority=1) == rules.rule_for("pump1_fault")
    assert Rule(ack_required=False, latching=True) == rules.rule_for("pump2_fault")
    assert Rule(ack_required=False) == rules.rule_for("anything")


def test_a_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("rationalisation: rationalisation/v1\nconditions:\n  a: {latch: true}\n")
    with pytest.raises(MalformedDocument, match=r"rules.yaml:3: conditions\.a\.latch"):
        load_rationalisation(path)
