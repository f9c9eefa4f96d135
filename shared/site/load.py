"""Reads and checks a site file. A broken one is refused whole, with every mistake and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.documents import Document, MalformedDocument, Mistake, read_document, validate
from shared.errors import Malformed
from shared.field.adapters.registry import pushing_adapter
from shared.field.address import in_folder, parse_address
from shared.field.security import key_mistakes
from shared.site.model import Site

ALL_TRADES = "all"
_ADDRESSES: tuple[str, str] = ("address", "backup")
_VARIABLE = re.compile(r"\$\{(\w+)(?:\+(\d+))?\}")


def load_site(folder: Path, variables: Mapping[str, str] | None = None, *, keys_of: str | None = None) -> Site:
    """The site in `folder/site.yaml`, with `variables` in place of the file's own values for them.

    `keys_of`: the trade whose lines this process opens, or ALL_TRADES: the key files of their addresses must be there
    and fit. Nobody else needs to be able to read them. Relative paths of key files are taken from `folder`.
    Raises MalformedDocument with file, line, field and what was expected, for every mistake.
    """
    document = read_document(folder / "site.yaml")
    site = validate(document, Site)
    values = {**site.variables, **(variables or {})}
    mistakes = [*_lines(document, site, values), *_references(document, site)]
    if mistakes:
        raise MalformedDocument(sorted(mistakes, key=lambda mistake: mistake.line))
    assert isinstance(document.content, dict)
    lines = [_filled_in(line, values, folder) for line in document.content.get("lines", ())]
    site = validate(document, Site, {**document.content, "lines": lines, "variables": values})
    mistakes = [
        *_shared_devices(document, site),
        *_homes(document, site),
        *(_keys(document, site, keys_of) if keys_of else ()),
    ]
    if mistakes:
        raise MalformedDocument(sorted(mistakes, key=lambda mistake: mistake.line))
    return site


def substitute(text: str, values: Mapping[str, str]) -> str:
    """`${name}` -> its value, `${name+3}` -> its value plus three. Raises KeyError or ValueError."""

    def value(match: re.Match[str]) -> str:
        name, plus = match.groups()
        return values[name] if plus is None else str(int(values[name]) + int(plus))

    return _VARIABLE.sub(value, text)


def _address(text: str, values: Mapping[str, str]) -> str:
    """What a variable brings may name variables itself, one step deep: a whole address can be replaced by one."""
    return substitute(substitute(text, values), values)


def _filled_in(line: Mapping[str, object], values: Mapping[str, str], folder: Path) -> dict[str, object]:
    texts = {name: line[name] for name in _ADDRESSES if line.get(name) is not None}
    return {**line, **{name: in_folder(_address(str(text), values), folder) for name, text in texts.items()}}


def _lines(document: Document, site: Site, values: Mapping[str, str]) -> Iterator[Mistake]:
    for index, line in enumerate(site.lines):
        for name in _ADDRESSES:
            where, text = ("lines", index, name), getattr(line, name)
            try:
                if text is not None:
                    parse_address(_address(text, values))
            except KeyError as error:
                yield document.mistake(where, f"a variable that `variables` gives a value: there is no {error}")
            except ValueError:
                yield document.mistake(where, "a number behind '+': the variable it adds to is not one")
            except Malformed as error:
                yield document.mistake(where, str(error))


def _shared_devices(document: Document, site: Site) -> Iterator[Mistake]:
    """A serial device has one master, and a backup leads another way."""
    devices: dict[str, str] = {}
    for index, line in enumerate(site.lines):
        if line.backup == line.address:
            yield document.mistake(("lines", index, "backup"), "another address than the primary one")
        for name in _ADDRESSES[: len(line.addresses)]:
            device = parse_address(getattr(line, name)).device
            if device and devices.setdefault(device, line.id) != line.id:
                expected = f"a serial device of its own: {device} is that of line {devices[device]}"
                yield document.mistake(("lines", index, name), expected)


def _keys(document: Document, site: Site, trade: str) -> Iterator[Mistake]:
    opened = {each.line for each in site.controllers if trade == site.assets_by_id[each.asset].trade}
    for index, line in enumerate(site.lines):
        for name, text in zip(_ADDRESSES, line.addresses, strict=False):
            address = parse_address(text)
            if address.framing == "tls" and (line.id in opened or trade == ALL_TRADES):
                for mistake in key_mistakes(address):
                    yield document.mistake(("lines", index, name), mistake)


def _references(document: Document, site: Site) -> Iterator[Mistake]:
    areas, assets = {area.id for area in site.areas}, set(site.assets_by_id)
    try:
        ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield document.mistake(("time_zone",), f"a zone of the IANA database (given: {site.time_zone!r})")
    for kind in ("areas", "assets", "lines", "controllers"):
        yield from _twice(document, kind, [entry.id for entry in getattr(site, kind)])
    cities = {area.split("/")[0] for area in areas}
    if len(cities) > 1:
        yield document.mistake(("areas",), f"areas of one city (given: {', '.join(sorted(cities))})")
    for index, asset in enumerate(site.assets):
        at = ("assets", index)
        yield from _known(document, (*at, "area"), asset.area, areas, "an area of this file")
        for other in filter(None, (asset.part_of, *asset.fed_by)):
            yield from _known(document, at, other, assets, "an asset of this file in part_of and fed_by")
    known: set[tuple[str, int | str]] = set()
    for index, controller in enumerate(site.controllers):
        at = ("controllers", index)
        yield from _known(document, (*at, "line"), controller.line, set(site.lines_by_id), "a line of this file")
        yield from _known(document, (*at, "asset"), controller.asset, assets, "an asset of this file")
        for point, asset_id in controller.points.items():
            yield from _known(document, (*at, "points", point), asset_id, assets, "an asset of this file")
        place = controller.line, controller.station or controller.unit
        if place in known:
            named = "unit id" if controller.station is None else "station address"
            yield document.mistake((*at, named.split(maxsplit=1)[0]), f"a {named} of its own on line {controller.line}")
        known.add(place)


def _homes(document: Document, site: Site) -> Iterator[Mistake]:
    """A line that asks belongs to one area; at one that listens, devices of all areas of a trade report."""
    addresses = {line.id: parse_address(line.address) for line in site.lines}
    homes: dict[str, tuple[str, str]] = {}
    for index, controller in enumerate(site.controllers):
        at, asset, address = ("controllers", index), site.assets_by_id[controller.asset], addresses[controller.line]
        home = (asset.trade, "" if address.listens else asset.area)
        if homes.setdefault(controller.line, home) != home:
            expected = "a line of one trade" if address.listens else "a line of one trade and one area"
            yield document.mistake((*at, "line"), f"{expected}: {controller.line} has another")
        if not address.listens:
            if controller.station is not None:
                yield document.mistake((*at, "station"), f"a unit: on line {controller.line} devices are asked")
        elif controller.station is None:
            yield document.mistake((*at, "unit"), f"a station: on line {controller.line} devices report")
        elif not pushing_adapter(address.adapter).is_station(controller.station):
            expected = f"a station address of {address.adapter} (given: {controller.station!r})"
            yield document.mistake((*at, "station"), expected)


def _known(
    document: Document, where: tuple[str | int, ...], given: str, known: set[str], expected: str
) -> Iterator[Mistake]:
    if given not in known:
        yield document.mistake(where, f"{expected} (given: {given!r})")


def _twice(document: Document, kind: str, ids: list[str]) -> Iterator[Mistake]:
    for index, identity in enumerate(ids):
        if identity in ids[:index]:
            yield document.mistake((kind, index, "id"), f"an id of its own (given twice: {identity!r})")
