"""A register map as Markdown (GitHub's tables)."""

from __future__ import annotations

from shared.field.profile_doc.sheet import Both, Cell, Sheet, Table


def as_markdown(sheet: Sheet) -> str:
    parts = [f"# {sheet.title.zh} {sheet.title.en}", f"`{sheet.subtitle}`", *map(_table, sheet.tables)]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    head = "| " + " | ".join(f"{column.zh}<br>{column.en}" for column in table.columns) + " |"
    rule = "|" + "---|" * len(table.columns)
    rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in table.rows]
    return "\n".join([f"## {table.title.zh} {table.title.en}", "", head, rule, *rows])


def _cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return "<br>".join(text for part in cell if (text := _cell(part)))
    text = f"{cell.zh} {cell.en}" if isinstance(cell, Both) else cell
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("*", "\\*")
