"""The browser's types come from a snapshot of the HTTP surface; it must be the surface."""

from __future__ import annotations

from gateway.openapi import SNAPSHOT, openapi_text


def test_snapshot_is_the_surface_of_the_app() -> None:
    told = "run `python -m gateway.openapi`, then `npm run types` in gateway/web"
    assert openapi_text() == SNAPSHOT.read_text(encoding="utf-8"), told
