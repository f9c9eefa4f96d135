"""`urbanops profile doc`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from shared.cli.profile.reading import File, Parameters, read_or_exit
from shared.field.profile_doc import as_html, as_markdown, register_map

Format = Annotated[
    Literal["html", "markdown"] | None,
    typer.Option("--format", help="Else by the output's name; markdown without one."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; standard output without it.")]


def doc(file: File, output: Output = None, form: Format = None, parameter: Parameters = None) -> None:
    """Write the register map in Chinese and English: HTML to print, or Markdown."""
    sheet = register_map(read_or_exit(file, parameter).profile)
    html = form == "html" or (form is None and output is not None and output.suffix in (".html", ".htm"))
    text = as_html(sheet) if html else as_markdown(sheet)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    typer.echo(f"{output}: {sum(len(table.rows) for table in sheet.tables)} rows")
