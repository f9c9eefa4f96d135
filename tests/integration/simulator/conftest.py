from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.simulator.city import RunningCity


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    """One running city a module; each test leaves it mended and dry."""
    found = RunningCity(tmp_path_factory.mktemp("city"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def mended(city: RunningCity) -> Iterator[RunningCity]:
    yield city
    city.client.restore()
    city.client.stop_storm()
    city.client.rate(1)
