"""Files that were changed and cannot be read are refused, whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.field import ConfigurationRefused
from shared.errors import Malformed
from shared.field.configuration import Configuration, load_configuration
from shared.field.reloading import Reloader
from shared.site.files import ConfigurationFiles
from tests.integration.field.gauges import write_site


@pytest.mark.parametrize("error", [Malformed("document_malformed"), OSError("gone"), KeyError("a defect of ours")])
def test_what_cannot_be_read_is_refused_and_shown(tmp_path: Path, error: Exception) -> None:
    lines = {"bus": "tcp://127.0.0.1:1"}
    write_site(tmp_path, lines, [("bus", 1)])
    broken: list[Exception] = []

    def load() -> Configuration:
        for each in broken:
            raise each
        return load_configuration("flood", tmp_path)

    reloader = Reloader("flood-1", load, ConfigurationFiles(tmp_path))
    before = reloader.current
    assert reloader.check().ok

    write_site(tmp_path, lines, [("bus", 1), ("bus", 2)])
    broken.append(error)
    assert reloader.look() is None
    refused = reloader.look()
    assert isinstance(refused, ConfigurationRefused)
    assert ("site.yaml",) == refused.files
    assert (False, before) == (reloader.check().ok, reloader.current)
