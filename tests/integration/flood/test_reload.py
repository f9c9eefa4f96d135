"""Site files that change while flood control runs: taken over whole, or refused whole, and said in either case."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.field import ConfigurationChanged, ConfigurationRefused
from shared.contracts.message import Event
from tests.integration.flood.conftest import FloodProcess
from tests.integration.flood.station_device import LEVEL, START, WATCHDOG, StationDevice
from tests.waiting import eventually


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "site.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def started(device: StationDevice) -> bool:
    return (5, START, 0xFF00) in device.pulses


def test_a_new_start_level_holds_at_once_and_a_broken_file_changes_nothing(
    flood: FloodProcess, device: StationDevice, folder: Path, events: list[Event]
) -> None:
    flood.start()
    eventually(lambda: (6, WATCHDOG) in [write[:2] for write in device.writes], 30)
    device.inputs[LEVEL] = 1500

    rewrite(folder, "start_levels_m: [1.6]", "start_levels_m: [soon]")

    def said() -> list[Event]:
        return [event for event in events if isinstance(event, ConfigurationChanged | ConfigurationRefused)]

    eventually(said, 15)
    (refused,) = said()
    assert isinstance(refused, ConfigurationRefused)
    assert ("flood", ("site.yaml",), 1) == (refused.trade, refused.files, len(refused.by))
    assert "site.yaml:22: start_levels_m" in refused.detail
    assert not started(device)

    rewrite(folder, "start_levels_m: [soon]", "start_levels_m: [1.3]")
    eventually(lambda: len(said()) > 1, 15)
    changed = said()[1]
    assert isinstance(changed, ConfigurationChanged)
    assert ("rtu",) == changed.controllers
    assert ("rules",) == changed.changes[0].parts
    assert refused.digest == changed.previous != changed.digest
    eventually(lambda: started(device), 20)
