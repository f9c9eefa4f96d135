"""YAML documents that people write: read with the place of every value, validated, refused whole with every mistake.

A profile or a site file is refused with one line per mistake: `file:line: field: what was expected`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.errors import Malformed

Model = TypeVar("Model", bound=BaseModel)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times as fast."""

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a document, and where."""

    file: str
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.expected}"


class MalformedDocument(Malformed):
    """A document that was refused whole; `mistakes` lists everything that is wrong in it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        assert mistakes
        self.mistakes = mistakes
        super().__init__("document_malformed", mistakes="\n".join(map(str, mistakes)), count=len(mistakes))


@dataclass(frozen=True, slots=True)
class Document:
    """The parsed content of a file, and the line on which each of its values stands."""

    file: str
    content: object
    lines: dict[Where, int]

    def line_of(self, where: Where) -> int:
        """The line of a value, or of the nearest thing around it that is in the file."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def mistake(self, where: Where, expected: str) -> Mistake:
        return Mistake(self.file, self.line_of(where), ".".join(map(str, where)) or "(document)", expected)


def read_document(path: Path) -> Document:
    """Parse a YAML file. Raises MalformedDocument when it cannot be read or parsed, or says a key twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedDocument([Mistake(str(path), 1, "(file)", f"a readable UTF-8 file: {error}")]) from error
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Document:
    """Parse YAML text; `file` is the name that its mistakes are told under."""
    try:
        node, content = _parsed(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MalformedDocument([Mistake(file, line, "(document)", f"valid YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        line = text[: text.find(chr(error.character))].count("\n") + 1
        raise MalformedDocument([Mistake(file, line, "(document)", f"valid YAML: {error.reason}")]) from error
    lines: dict[Where, int] = {}
    twice: list[Mistake] = []
    if node is not None:
        _note_lines(node, (), lines, twice, file)
    if twice:
        raise MalformedDocument(twice)
    return Document(file, content, lines)


def _parsed(text: str) -> tuple[yaml.Node | None, object]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def validate(document: Document, model: type[Model], content: object | None = None) -> Model:
    """The document as `model`. Raises MalformedDocument with every mistake and its line."""
    try:
        return model.model_validate(document.content if content is None else content)
    except ValidationError as error:
        raise MalformedDocument([_mistake(document, problem) for problem in error.errors()]) from error


def _mistake(document: Document, problem: object) -> Mistake:
    assert isinstance(problem, dict)
    where = tuple(part for part in problem["loc"] if part != "[key]")
    given = problem.get("input")
    shown = "" if isinstance(given, dict | list) or given is None else f" (given: {given!r})"
    text = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        text, shown = "no such key is known here", ""
    return document.mistake(where, text + shown)


def _note_lines(node: yaml.Node, where: Where, lines: dict[Where, int], twice: list[Mistake], file: str) -> None:
    lines[where] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*where, key.value)
            if inner in lines:
                name = ".".join(map(str, inner))
                twice.append(Mistake(file, key.start_mark.line + 1, name, "each key once; it stands here again"))
            _note_lines(value, inner, lines, twice, file)
            lines[inner] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*where, index), lines, twice, file)
