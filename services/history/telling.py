"""What the history knows of the site as it is now: how its rows are told, and what may be expected of its points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from services.history.domain.expectation import UNKNOWN, Expectation, expectation_of
from services.history.storage import Told
from shared.field.catalogue import Catalogue
from shared.field.narration import searched
from shared.field.profile_load import ProfileLibrary
from shared.site import Site


class Teller:
    """Takes a changed site over; what was told by other names is told again by upkeep."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._now = (catalogue, catalogue.digest())

    @property
    def site(self) -> Site:
        return self._now[0].site

    def adopt(self, site: Site, profiles: Mapping[str, ProfileLibrary]) -> None:
        catalogue = Catalogue(site, profiles)
        self._now = (catalogue, catalogue.digest())

    def expected(self, asset: str, point: str) -> Expectation:
        profile = self._now[0].profile_of_point(asset, point)
        return UNKNOWN if profile is None else expectation_of(profile, point)

    def now(self) -> tuple[str, Told]:
        catalogue, digest = self._now
        return digest, lambda row: _text(catalogue, row)

    def text(self, row: Mapping[str, Any]) -> str:
        return _text(self._now[0], row)


def _text(catalogue: Catalogue, row: Mapping[str, Any]) -> str:
    data = orjson.loads(row["data"])
    try:
        return searched(catalogue, row["event"], row["area"], row["asset"], row["actor"], data)
    except Exception:  # whatever an event of another build looks like, it is in the journal and is found by its names
        return " ".join(str(row[name]) for name in ("event", "asset", "actor") if row[name])
