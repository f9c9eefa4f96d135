"""What a site file says, as data. The file is in `load.py`'s hands; everything here is frozen."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from shared.contracts.message import Text
from shared.field.durations import Seconds

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
"""Lower-case letters, digits and hyphens: it stands in queue names, URLs and alarm identities."""
AreaPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+){0,2}$", max_length=128)]
Trade = Literal["flood", "lighting", "water", "transit"]
DepthVolume = tuple[Annotated[float, Field(ge=0, le=100)], Annotated[float, Field(ge=0, le=1e9)]]
Position = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
"""Longitude and latitude in degrees, WGS 84 (CGCS2000 is equal to it at the scale of a city)."""


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Part):
    """A name in both languages of the screens."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text(self) -> Text:
        return {"zh": self.zh, "en": self.en}


class Location(Part):
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class Area(Part):
    """An operational district: the unit of responsibility, of ownership and of order on the bus."""

    id: AreaPath
    name: Names
    outline: tuple[Position, ...] = Field(min_length=3)


class AssetEntry(Part):
    """An installed thing that people name. `details` belongs to the trade, which validates it."""

    id: Id
    trade: Trade
    kind: str = Field(pattern=r"^[a-z][a-z_]*$")
    area: AreaPath
    name: Names
    location: Location
    part_of: Id | None = None
    fed_by: tuple[Id, ...] = ()
    details: dict[str, object] = {}
    depth_volume: tuple[DepthVolume, ...] = ()
    """As surveyed: how much water stands at what depth (m, m3) above the point's zero; empty: not surveyed."""

    @field_validator("depth_volume")
    @classmethod
    def _ascending(cls, table: tuple[DepthVolume, ...]) -> tuple[DepthVolume, ...]:
        if table and (len(table) < 2 or table[0] != (0.0, 0.0)):
            raise ValueError("at least two pairs of depth (m) and volume (m3), the first of them [0, 0]")
        if any(after[0] <= before[0] or after[1] <= before[1] for before, after in pairwise(table)):
            raise ValueError("pairs whose depth and volume both grow from one to the next")
        return table


class LineEntry(Part):
    """One channel to controllers; one request is in flight on it at a time. Or an address at which devices report.

    Where it has a `backup`, that address takes over after `switch_after` requests in a row found nobody at the first,
    which is tried again every `probe_every` (wall time). Never are both in use.
    """

    id: Id
    address: str
    backup: str | None = None
    switch_after: int = Field(default=3, ge=1, le=100)
    probe_every: Seconds = Field(default=30.0, gt=0)

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.address,) if self.backup is None else (self.address, self.backup)


class ControllerEntry(Part):
    """A device on a line: with a unit id where it is asked, with its station address where it reports by itself.

    Its points belong to `asset`, but for those named in `points`. `commissioning`: it is read, and silent until its
    loop test is signed.
    """

    id: Id
    line: Id
    unit: int = Field(default=0, ge=0, le=255)
    station: str | None = None
    profile: Id
    asset: Id
    points: dict[str, Id] = {}
    parameters: dict[str, bool | int | float | str] = {}
    commissioning: bool = False

    @property
    def place(self) -> str:
        """By what it is known on its line."""
        return str(self.unit) if self.station is None else self.station

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if ("unit" in self.model_fields_set) == (self.station is not None):
            raise ValueError("unit or station: the one by which the device is known on its line")
        return self


class Basemap(Part):
    """Drawn under the areas where no map server can be reached."""

    river: tuple[Position, ...] = ()
    roads: tuple[tuple[Position, ...], ...] = ()


class Site(Part):
    """One deployment."""

    site: Literal["site/v1"]
    id: Id
    title: Names
    time_zone: str
    demonstration: bool = False
    variables: dict[str, str] = {}
    areas: tuple[Area, ...] = Field(min_length=1)
    assets: tuple[AssetEntry, ...] = Field(min_length=1)
    lines: tuple[LineEntry, ...] = ()
    controllers: tuple[ControllerEntry, ...] = ()
    basemap: Basemap = Basemap()

    @cached_property
    def assets_by_id(self) -> dict[str, AssetEntry]:
        return {asset.id: asset for asset in self.assets}

    @cached_property
    def lines_by_id(self) -> dict[str, LineEntry]:
        return {line.id: line for line in self.lines}

    @cached_property
    def controllers_by_id(self) -> dict[str, ControllerEntry]:
        return {controller.id: controller for controller in self.controllers}

    @cached_property
    def city(self) -> str:
        """The root of every area path; what concerns no single area is said here."""
        return self.areas[0].id.split("/")[0]

    def controllers_of(self, trade: str, area: str) -> list[ControllerEntry]:
        """The controllers whose main asset belongs to this trade and area."""
        return [
            controller
            for controller in self.controllers
            if (asset := self.assets_by_id[controller.asset]).trade == trade and asset.area == area
        ]

    def areas_of(self, trade: str) -> list[str]:
        """The areas in which this trade has assets, in the order of the file."""
        used = {asset.area for asset in self.assets if asset.trade == trade}
        return [area.id for area in self.areas if area.id in used]
