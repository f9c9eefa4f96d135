"""Files that change while a process runs take effect whole, or not at all and somebody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.field import site_watch
from shared.field.catalogue import load_libraries
from shared.field.site_watch import SiteWatch
from shared.site import Site, load_site
from shared.site.files import ConfigurationFiles, site_folders
from tests.integration.field.gauges import write_site
from tests.waiting import eventually


@contextmanager
def watched(folder: Path) -> Iterator[tuple[SiteWatch, Callable[[], Site]]]:
    write_site(folder, {"bus": "tcp://127.0.0.1:1"}, [("bus", 1)])
    current = [load_site(folder)]

    def adopt(site: Site, _profiles: Any) -> None:
        current[0] = site

    files = ConfigurationFiles(*site_folders(folder))
    watch = SiteWatch(files, lambda: load_libraries(folder, {}), lambda: current[0], adopt)
    watch.start()
    yield watch, lambda: current[0]
    watch.stop()


def write(path: Path, text: str) -> None:
    other = path.with_suffix(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_watch, "LOOK_EVERY_S", 0.01)


def test_a_changed_file_is_taken_over(tmp_path: Path) -> None:
    with watched(tmp_path) as (watch, current):
        digest = watch.digest
        path = tmp_path / "site.yaml"
        write(path, path.read_text(encoding="utf-8").replace("kind: gauge", "kind: level_gauge"))
        eventually(lambda: current().assets_by_id["gauges"].kind == "level_gauge", 10)
        eventually(lambda: watch.digest != digest, 10)
        assert watch.check().ok


def test_a_wrong_file_changes_nothing_and_is_told(tmp_path: Path) -> None:
    with watched(tmp_path) as (watch, current):
        path = tmp_path / "site.yaml"
        right = path.read_text(encoding="utf-8")
        write(path, right.replace("kind: gauge", "kind: [gauge"))
        eventually(lambda: not watch.check().ok, 10)
        assert "gauge" == current().assets_by_id["gauges"].kind
        write(path, right)
        eventually(lambda: watch.check().ok, 10)
