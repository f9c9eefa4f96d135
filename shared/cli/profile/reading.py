"""What every profile command takes: a file, and the parameters a site would set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml

from shared.contracts.message import Scalar
from shared.documents import Document, MalformedDocument, read_document
from shared.errors import PlatformError
from shared.field.profile import Profile
from shared.field.profile_load import examples, unroll

File = Annotated[Path, typer.Argument(help="Profile file, YAML.")]
Files = Annotated[list[Path], typer.Argument(help="Profile files, YAML.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", help="name=value, as the site file would set it; else the profile's own example."),
]


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """A profile with its parameters filled in, and the document it came from."""

    written: Document
    unrolled: Document
    profile: Profile
    parameters: dict[str, Scalar]


def read_profile(path: Path, given: Sequence[str] | None) -> ReadProfile:
    """Raises MalformedDocument."""
    written = read_document(path)
    parameters = {**examples(written), **values(given)}
    unrolled, profile = unroll(written, parameters)
    return ReadProfile(written, unrolled, profile, parameters)


def read_or_exit(path: Path, given: Sequence[str] | None) -> ReadProfile:
    """The profile, or every mistake on standard error and exit code 1."""
    try:
        return read_profile(path, given)
    except MalformedDocument as error:
        refuse(error)


def asked_or_exit(path: Path, given: Sequence[str] | None) -> ReadProfile:
    """The same of a device that can be asked; for one that reports by itself, a sentence and exit code 1."""
    read = read_or_exit(path, given)
    if read.profile.reports is not None:
        typer.echo(f"A device of {path} reports by itself: it cannot be asked.", err=True)
        raise typer.Exit(1)
    return read


def values(given: Sequence[str] | None) -> dict[str, Scalar]:
    """`name=value` pairs; a value is a YAML scalar."""
    found: dict[str, Scalar] = {}
    for pair in given or ():
        name, equals, text = pair.partition("=")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = None
        if not equals or not name or not isinstance(value, bool | int | float | str):
            raise typer.BadParameter(f"name=value with a plain value was expected (given: {pair})")
        found[name] = value
    return found


def refuse(error: PlatformError) -> NoReturn:
    """Say what is wrong, a line a mistake, and end with exit code 1."""
    lines = [str(mistake) for mistake in error.mistakes] if isinstance(error, MalformedDocument) else [str(error)]
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)
