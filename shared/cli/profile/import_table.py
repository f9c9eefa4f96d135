"""`urbanops profile import`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from shared.cli.profile.reading import refuse
from shared.documents import MalformedDocument
from shared.field.register_table import Wish, draft_profile
from shared.site.model import Trade

File = Annotated[Path, typer.Argument(help="Register table: CSV (UTF-8 or GB18030) or XLSX.")]
TradeOption = Annotated[Trade, typer.Option("--trade", help="Which service's device it is.")]
Identity = Annotated[str | None, typer.Option("--id", help="Id of the profile; else made from the file's name.")]
Title = Annotated[str | None, typer.Option("--title", help="What the device is called; else the file's name.")]
Sheet = Annotated[
    str | None, typer.Option("--sheet", help="Sheet of the workbook; else the first with a register table.")
]
Addresses = Annotated[
    Literal["auto", "modicon", "zero", "one"],
    typer.Option("--addresses", help="40001-style, or plain numbers counted from zero or from one."),
]
Table = Annotated[
    Literal["coil", "discrete", "input", "holding"] | None,
    typer.Option("--table", help="Of all rows, where no column and no address names a table."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write; else <id>.yaml here.")]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help="Write what was understood, without the other rows.")]


def import_table(
    file: File,
    trade: TradeOption,
    identity: Identity = None,
    title: Title = None,
    sheet: Sheet = None,
    addresses: Addresses = "auto",
    table: Table = None,
    output: Output = None,
    keep_going: KeepGoing = False,
) -> None:
    """Turn a vendor's register table into a draft profile. Rows that are not understood are told, and nothing is
    written unless --keep-going.
    """
    chosen = identity or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", chosen):
        raise typer.BadParameter("lower-case letters, digits and hyphens; the file's name has none", param_hint="--id")
    path = output or Path(f"{chosen}.yaml")
    if path.exists():
        raise typer.BadParameter(f"{path} is there already: name another file", param_hint="--output")
    wish = Wish(chosen, trade, title or file.stem, None if addresses == "auto" else addresses, table, sheet)
    try:
        draft = draft_profile(file, wish)
    except MalformedDocument as error:
        refuse(error)
    for mistake in draft.mistakes:
        typer.echo(str(mistake), err=True)
    if not draft.text or (draft.mistakes and not keep_going):
        typer.echo(f"{file}: {len(draft.mistakes)} mistakes; nothing was written", err=True)
        raise typer.Exit(1)
    path.write_text(draft.text, encoding="utf-8")
    left_out = f", {len({mistake.line for mistake in draft.mistakes})} rows told above" if draft.mistakes else ""
    typer.echo(f"{path}: {draft.points} points, {draft.flagged} marked to check{left_out}")
