"""Golden cases: raw blocks of a real device and the readings a person checked against its display.

A profile that is changed, or a codec, must still make the same readings of the same bytes. One YAML file a case, under
`tests/golden/<profile-id>/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.contracts.message import Scalar
from shared.documents import Document, Mistake, read_document, validate
from shared.field.decoding import BlockDecoder
from shared.field.image import ControllerImage
from shared.field.plan import Block
from shared.field.profile import BIT_TABLES, Name, Profile, Table
from shared.site.model import Id


def _bytes(given: object) -> bytes:
    if isinstance(given, bytes):
        return given
    return bytes.fromhex(str(given))


Raw = Annotated[bytes, BeforeValidator(_bytes)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CapturedBlock(Part):
    """One answer as it came from the wire, in hexadecimal; `address` is the one on the wire, from 0."""

    table: Table
    address: int = Field(ge=0, le=65535)
    count: int = Field(ge=1, le=2000)
    raw: Raw


class Expected(Part):
    """What a point must be read as."""

    value: bool | int | float | str | None
    quality: str


class Golden(Part):
    """One case."""

    golden: Literal["golden/v1"] = "golden/v1"
    profile: Id
    version: str
    parameters: dict[Name, bool | int | float | str] = {}
    taken_at: datetime
    source: str = ""
    checked_against: str = Field(default="", description="what a person compared the readings with; empty: nobody did")
    blocks: tuple[CapturedBlock, ...] = Field(min_length=1)
    readings: dict[Name, Expected] = Field(min_length=1)


def load_golden(path: Path) -> tuple[Document, Golden]:
    """Raises MalformedDocument."""
    document = read_document(path)
    return document, validate(document, Golden)


def decode_blocks(profile: Profile, blocks: tuple[CapturedBlock, ...]) -> dict[str, Expected]:
    """The readings of raw blocks. It asks the blocks, not the read plan: a plan may change, what was read does not."""
    image = ControllerImage("golden", profile, dict.fromkeys(profile.names, "golden"))
    found: dict[str, Expected] = {}
    for captured in blocks:
        names = tuple(_points_in(profile, captured))
        decoder = BlockDecoder(image, Block(captured.table, captured.address, captured.count, names))
        decoder.decode(captured.raw, 0.0)
        for name in names:
            at = image.index[name]
            found[name] = Expected(value=image.value(at), quality=image.quality(at))
    return {name: found[name] for name in profile.points if name in found}


def differences(document: Document, golden: Golden, profile: Profile) -> Iterator[Mistake]:
    """Where the blocks no longer become what was checked; of the same version, every point must have been."""
    found = decode_blocks(profile, golden.blocks)
    for name, expected in golden.readings.items():
        if found.get(name) != expected:
            given = found.get(name)
            told = "it is in no block" if given is None else f"{_told(given)} was decoded"
            yield document.mistake(("readings", name), f"{_told(expected)}; {told}")
    if golden.version == profile.version:
        for name in profile.points:
            if name not in golden.readings:
                yield document.mistake(
                    ("readings",), f"a reading of every point of {profile.id} {profile.version}: {name}"
                )


def as_yaml(golden: Golden) -> str:
    """The case as a file: a line a block, a line a reading."""
    head = {
        "golden": golden.golden,
        "profile": golden.profile,
        "version": golden.version,
        "parameters": golden.parameters,
        "taken_at": golden.taken_at.isoformat(),
        "source": golden.source,
        "checked_against": golden.checked_against,
    }
    lines = [_flow({key: value}) for key, value in head.items()]
    lines.append("blocks:")
    for block in golden.blocks:
        raw = block.raw.hex(" ", 2 if block.table not in BIT_TABLES else 1)
        lines.append(f'  - {{table: {block.table}, address: {block.address}, count: {block.count}, raw: "{raw}"}}')
    lines.append("readings:")
    lines += [f"  {_flow({name: reading.model_dump()})}" for name, reading in golden.readings.items()]
    return "\n".join(lines) + "\n"


def _flow(entry: dict[str, object]) -> str:
    (key, value) = next(iter(entry.items()))
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return f"{key}: {text.removesuffix('...' + chr(10)).strip()}"


def _points_in(profile: Profile, block: CapturedBlock) -> Iterator[str]:
    for name, point in profile.points.items():
        first = profile.wire_address(point)
        inside = block.address <= first and first + point.count <= block.address + block.count
        if point.table == block.table and inside:
            yield name


def _told(reading: Expected) -> str:
    value: Scalar = reading.value
    return f"{value!r} ({reading.quality})"
