"""Reads profiles: fills in the site's parameters, unrolls `repeat`, checks every reference, names every mistake.

`${name}` stands for a parameter, anywhere in the file. A `repeat` block holds points, conditions and commands whose
names and texts carry `{n}`; it is unrolled `count` times, and an address advances by `step` each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import Scalar
from shared.documents import Document, MalformedDocument, Mistake, Where, read_document, validate
from shared.errors import Malformed
from shared.field.adapters.registry import pushing_adapter
from shared.field.expression import Expression
from shared.field.profile import DeviceClock, Name, Parameter, Profile
from shared.field.registers import register_count

REPEAT_MAX = 64
_WHOLE = re.compile(r"\$\{(\w+)\}")
_SECTIONS = ("points", "reported", "computed", "conditions", "commands")


class Repeat(BaseModel):
    """A block that stands `count` times in the device, its addresses `step` apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Name
    count: int = Field(ge=0, le=REPEAT_MAX)
    points: dict[str, dict[str, Any]] = {}
    reported: dict[str, dict[str, Any]] = {}
    computed: dict[str, dict[str, Any]] = {}
    conditions: dict[str, dict[str, Any]] = {}
    commands: dict[str, dict[str, Any]] = {}


def load_profile(path: Path, parameters: Mapping[str, Scalar] | None = None) -> Profile:
    """The profile in a file with `parameters` filled in. Raises MalformedDocument."""
    return resolve(read_document(path), parameters or {})


def resolve(document: Document, parameters: Mapping[str, Scalar]) -> Profile:
    """A parsed profile with its parameters filled in. Raises MalformedDocument."""
    return unroll(document, parameters)[1]


def unroll(document: Document, parameters: Mapping[str, Scalar]) -> tuple[Document, Profile]:
    """The document with parameters filled in and `repeat` unrolled, every line kept, and the profile it makes.

    Raises MalformedDocument.
    """
    if not isinstance(document.content, dict):
        raise MalformedDocument([document.mistake((), "a mapping that begins with `profile: profile/v1`")])
    values = _values(document, parameters)
    unrolled = _Unroller(document, values).unroll()
    profile = validate(unrolled, Profile)
    mistakes = [*_references(unrolled, profile), *_addresses(unrolled, profile)]
    if mistakes:
        raise MalformedDocument(sorted(mistakes, key=lambda mistake: mistake.line))
    return unrolled, profile


def examples(document: Document) -> dict[str, Scalar]:
    """The values by which a profile's author shows what a site would set, for those who have no site at hand."""
    declared = document.content.get("parameters") if isinstance(document.content, dict) else None
    if not isinstance(declared, dict):
        return {}
    known = {name: validate_parameter(document, name, entry) for name, entry in declared.items()}
    return {name: parameter.example for name, parameter in known.items() if parameter.example is not None}


def profiles_for(trade: str, site: Path | None = None) -> ProfileLibrary:
    """The profiles of a trade: those of the house, and those in the folder `profiles` of a site folder.

    Raises MalformedDocument when two have the same id.
    """
    return ProfileLibrary(*_profile_folders(trade, site), trade=trade)


def configuration_folders(trade: str, site: Path) -> list[Path]:
    """Where the files lie that a service of this trade works by."""
    return [site, *_profile_folders(trade, site)]


def _profile_folders(trade: str, site: Path | None) -> list[Path]:
    own = Path(__file__).parents[2] / "services" / trade / "profiles"
    return [own] if site is None else [own, site / "profiles"]


class ProfileLibrary:
    """Every profile in some folders, by its id; each combination of parameters is resolved once."""

    def __init__(self, *folders: Path, trade: str | None = None) -> None:
        """`trade`: leave those of other trades out."""
        self._documents: dict[str, Document] = {}
        self._resolved: dict[tuple[str, tuple[tuple[str, Scalar], ...]], Profile] = {}
        for path in sorted(path for folder in folders for path in folder.glob("*.yaml")):
            document = read_document(path)
            content = document.content if isinstance(document.content, dict) else {}
            identity = content.get("id")
            if not isinstance(identity, str) or identity != path.stem:
                raise MalformedDocument([document.mistake(("id",), f"the name of its file: {path.stem}")])
            if trade is not None and content.get("trade") != trade:
                continue
            if identity in self._documents:
                known = self._documents[identity].file
                raise MalformedDocument([document.mistake(("id",), f"an id of its own: {known} has it too")])
            self._documents[identity] = document

    def ids(self) -> list[str]:
        return list(self._documents)

    def document(self, identity: str) -> Document:
        """A profile as it was written. Raises Malformed for an unknown id."""
        if identity not in self._documents:
            raise Malformed("profile_unknown", profile=identity, known=", ".join(self._documents))
        return self._documents[identity]

    def get(self, identity: str, parameters: Mapping[str, Scalar]) -> Profile:
        """Raises Malformed for an unknown id, MalformedDocument for what is wrong in its file."""
        document = self.document(identity)
        key = (identity, tuple(sorted(parameters.items())))
        if key not in self._resolved:
            self._resolved[key] = resolve(document, parameters)
        return self._resolved[key]


def _values(document: Document, parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
    assert isinstance(document.content, dict)
    declared = document.content.get("parameters", {})
    if not isinstance(declared, dict):
        raise MalformedDocument([document.mistake(("parameters",), "a mapping of names to parameters")])
    known = {name: validate_parameter(document, name, entry) for name, entry in declared.items()}
    mistakes = [
        document.mistake(("parameters",), f"no parameter {name!r} is known here; the site sets it")
        for name in parameters
        if name not in known
    ]
    values = {name: parameters.get(name, parameter.default) for name, parameter in known.items()}
    mistakes += [
        document.mistake(("parameters", name), "a value from the site: it has no default")
        for name, value in values.items()
        if value is None
    ]
    if mistakes:
        raise MalformedDocument(mistakes)
    return values


def validate_parameter(document: Document, name: str, entry: object) -> Parameter:
    """One entry of `parameters`. Raises MalformedDocument."""
    if not isinstance(entry, dict):
        raise MalformedDocument([document.mistake(("parameters", name), "a mapping with default, title, unit")])
    return validate(document, Parameter, entry)


@dataclass
class _Unroller:
    """Fills in parameters and unrolls `repeat`, and keeps the line of everything it moves."""

    document: Document
    values: Mapping[str, Scalar]

    def unroll(self) -> Document:
        assert isinstance(self.document.content, dict)
        self.mistakes: list[Mistake] = []
        self.lines = dict(self.document.lines)
        content = {
            key: value if key in ("parameters", "repeat") else self._fill(value, (key,))
            for key, value in self.document.content.items()
        }
        blocks = content.pop("repeat", [])
        if not isinstance(blocks, list):
            raise MalformedDocument([self.document.mistake(("repeat",), "a list of blocks")])
        for index, block in enumerate(blocks):
            self._repeat(content, block, index)
        if self.mistakes:
            raise MalformedDocument(self.mistakes)
        return Document(self.document.file, content, self.lines)

    def _repeat(self, content: dict[str, Any], raw: object, index: int) -> None:
        at: Where = ("repeat", index)
        block = validate(self.document, Repeat, self._fill(raw, at))
        for section in _SECTIONS:
            entries: dict[str, dict[str, Any]] = getattr(block, section)
            target = content.setdefault(section, {})
            for number in range(1, block.count + 1):
                mark = "{" + block.name + "}"
                for name, entry in entries.items():
                    place: Where = (*at, section, name)
                    if mark not in name:
                        self.mistakes.append(self.document.mistake(place, f"a name that carries {mark}"))
                        continue
                    numbered = name.replace(mark, str(number))
                    if numbered in target:
                        self.mistakes.append(self.document.mistake(place, f"a name of its own: {numbered} is there"))
                    target[numbered] = self._numbered(entry, mark, number)
                    self._note(place, (section, numbered))

    def _numbered(self, value: Any, mark: str, number: int) -> Any:
        if isinstance(value, str):
            return value.replace(mark, str(number))
        if isinstance(value, list):
            return [self._numbered(inner, mark, number) for inner in value]
        if not isinstance(value, dict):
            return value
        filled = {key: self._numbered(inner, mark, number) for key, inner in value.items() if key != "step"}
        if "step" in value and isinstance(value.get("address"), int) and isinstance(value["step"], int):
            filled["address"] = value["address"] + value["step"] * (number - 1)
        return filled

    def _note(self, old: Where, new: Where) -> None:
        for where, line in self.document.lines.items():
            if where[: len(old)] == old:
                self.lines[(*new, *where[len(old) :])] = line

    def _fill(self, value: Any, where: Where) -> Any:
        if isinstance(value, dict):
            return {key: self._fill(inner, (*where, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._fill(inner, (*where, at)) for at, inner in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        for name in _WHOLE.findall(value):
            if name not in self.values:
                self.mistakes.append(self.document.mistake(where, f"a parameter of this profile: there is no {name!r}"))
                return value
        whole = _WHOLE.fullmatch(value)
        if whole:
            return self.values[whole[1]]
        return _WHOLE.sub(lambda match: str(self.values[match[1]]), value)


def _references(document: Document, profile: Profile) -> Iterator[Mistake]:
    for name in {*profile.points, *profile.reported} & set(profile.computed):
        yield document.mistake(("computed", name), "a name of its own: a point of the device has it")
    yield from _reports(document, profile)
    for name, point in profile.points.items():
        if point.poll not in profile.poll_groups:
            yield document.mistake(("points", name, "poll"), f"a poll group of this profile (given: {point.poll!r})")
    for name, condition in profile.conditions.items():
        at: Where = ("conditions", name)
        yield from _named(document, profile, (*at, "when"), condition.when)
        if condition.suppress_when is not None:
            yield from _named(document, profile, (*at, "suppress_when"), condition.suppress_when)
        if condition.about is not None and profile.shown(condition.about) is None:
            yield document.mistake((*at, "about"), f"a point of this profile (given: {condition.about!r})")
    yield from _commands(document, profile)
    for index, identity in enumerate(profile.identity):
        if identity.point not in profile.points:
            yield document.mistake(("identity", index), f"a point of this profile (given: {identity.point!r})")
    if profile.watchdog is not None and not _counter(profile, profile.watchdog.write):
        yield document.mistake(("watchdog", "write"), "a holding register of type u16 with access rw")
    if profile.clock is not None:
        yield from _clock(document, profile, profile.clock)


def _clock(document: Document, profile: Profile, clock: DeviceClock) -> Iterator[Mistake]:
    groups = set()
    for part, name in clock.fields():
        point = profile.points.get(name)
        if point is None or point.type in ("bool", "string"):
            yield document.mistake(("clock", part), f"a number of this profile's points (given: {name!r})")
        else:
            groups.add(point.poll)
    if len(groups) > 1:
        yield document.mistake(("clock",), "points of one poll group: they are one moment")
    if clock.drift not in profile.computed:
        yield document.mistake(("clock", "drift"), f"a computed point of this profile (given: {clock.drift!r})")


def _clock_command(document: Document, profile: Profile, where: Where) -> Iterator[Mistake]:
    """All parts are written by one write, so they stand together and may be written."""
    names = [name for _, name in profile.clock.fields() if name in profile.points] if profile.clock else []
    points = sorted((profile.points[name] for name in names), key=lambda point: point.address)
    if not points:
        yield document.mistake(where, "a clock in this profile")
        return
    ends = [point.address + point.count for point in points]
    together = all(end == point.address for end, point in zip(ends, points[1:], strict=False))
    if not together or any(point.access != "rw" or point.table != "holding" for point in points):
        yield document.mistake(where, "a clock whose points are holding registers side by side, with access rw")


def _reports(document: Document, profile: Profile) -> Iterator[Mistake]:
    reports = profile.reports
    if reports is None:
        return
    try:
        adapter = pushing_adapter(reports.adapter)
    except Malformed as error:
        yield document.mistake(("reports", "adapter"), str(error))
        return
    if reports.drift is not None and reports.drift not in profile.computed:
        yield document.mistake(("reports", "drift"), f"a computed point of this profile (given: {reports.drift!r})")
    for name, point in profile.reported.items():
        if point.poll not in profile.poll_groups:
            yield document.mistake(("reported", name, "poll"), f"a poll group of this profile (given: {point.poll!r})")
        for element in point.elements:
            if not adapter.is_element(element):
                expected = f"elements of {reports.adapter} (given: {element!r})"
                yield document.mistake(("reported", name, "elements"), expected)


def _commands(document: Document, profile: Profile) -> Iterator[Mistake]:
    for name, command in profile.commands.items():
        at: Where = ("commands", name)
        if not _writable(profile, command.point):
            yield document.mistake((*at, "point"), f"a point with access rw (given: {command.point!r})")
        if command.inverse is not None and command.inverse not in profile.commands:
            yield document.mistake((*at, "inverse"), f"a command of this profile (given: {command.inverse!r})")
        yield from _write_style(document, profile, name)
        yield from _named(document, profile, (*at, "verify"), command.verify.expression)
        for index, requirement in enumerate(command.require):
            yield from _named(document, profile, (*at, "require", index, "expr"), requirement.expr)


def _write_style(document: Document, profile: Profile, name: str) -> Iterator[Mistake]:
    command, at = profile.commands[name], ("commands", name)
    write, point = command.write, profile.points.get(command.point)
    if write.handshake is not None and write.handshake.point not in profile.points:
        given = write.handshake.point
        yield document.mistake((*at, "write", "handshake", "point"), f"a point of this profile (given: {given!r})")
    if point is not None and (point.bit is not None) != (write.style == "masked"):
        expected = "style masked for a bit of a register, and for nothing else"
        yield document.mistake((*at, "write", "style"), f"{expected} (given: {write.style!r})")
    if write.style == "clock":
        yield from _clock_command(document, profile, (*at, "write", "style"))
    if command.expires is not None and write.param is None and command.inverse is None:
        yield document.mistake((*at, "expires"), "an inverse command, by which the override is released")


def _writable(profile: Profile, name: str) -> bool:
    point = profile.points.get(name) or profile.computed.get(name)
    return point is not None and point.access == "rw"


def _counter(profile: Profile, name: str) -> bool:
    point = profile.points.get(name)
    return point is not None and (point.table, point.type, point.access) == ("holding", "u16", "rw")


def _named(document: Document, profile: Profile, where: Where, expression: Expression) -> Iterator[Mistake]:
    for point in sorted(expression.points):
        if profile.shown(point) is None:
            yield document.mistake(where, f"points of this profile: there is no {point!r}")
    for point, limit in sorted(expression.limits):
        if profile.limit(point, limit) is None:
            yield document.mistake(where, f"limits of this profile: there is no {point}.{limit}")


def _addresses(document: Document, profile: Profile) -> Iterator[Mistake]:
    for name, point in profile.points.items():
        first = profile.wire_address(point)
        last = first + register_count(point.type, point.length) - 1
        where: Where = ("points", name, "address")
        if first < 0 or last > 65535:
            yield document.mistake(where, f"an address whose registers lie within 0-65535 on the wire: {first}-{last}")
        for gap in profile.modbus.forbidden:
            base = profile.modbus.address_base
            if point.table == gap.table and first <= gap.last - base and last >= gap.first - base:
                yield document.mistake(where, f"a place outside the forbidden {gap.table} {gap.first}-{gap.last}")
