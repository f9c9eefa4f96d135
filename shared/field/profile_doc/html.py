"""A register map as one HTML file that needs nothing else, and prints on A4 with the headings on every page."""

from __future__ import annotations

from html import escape

from shared.field.profile_doc.sheet import Both, Cell, Sheet, Table

_STYLE = """
@page { size: A4 landscape; margin: 12mm }
body { font: 10pt/1.35 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #111; margin: 16px }
h1 { font-size: 16pt; margin: 0 } h2 { font-size: 12pt; margin: 18px 0 4px; break-after: avoid }
.en { color: #555 } code { font-family: ui-monospace, Consolas, monospace; font-size: 9pt }
table { border-collapse: collapse; width: 100% } thead { display: table-header-group }
tr { break-inside: avoid } th, td { border: 1px solid #999; padding: 2px 5px; text-align: left; vertical-align: top }
th { background: #eee; font-weight: 600 } th .en { font-weight: 400 }
@media print { body { margin: 0 } th { background: none } }
""".strip()


def as_html(sheet: Sheet) -> str:
    title = escape(f"{sheet.title.zh} {sheet.title.en}")
    parts = [
        "<!doctype html>",
        '<html lang="zh-CN">',
        f'<head><meta charset="utf-8"><title>{title}</title>',
        f"<style>\n{_STYLE}\n</style></head>",
        "<body>",
        f"<h1>{_both(sheet.title)}</h1>",
        f"<p><code>{escape(sheet.subtitle)}</code></p>",
        *map(_table, sheet.tables),
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_both(column)}</th>' for column in table.columns)
    rows = ["<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in table.rows]
    return "\n".join([
        f"<h2>{_both(table.title)}</h2>", "<table>", f"<thead><tr>{head}</tr></thead>", "<tbody>", *rows,
        "</tbody>", "</table>",
    ])  # fmt: skip


def _cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return "<br>".join(text for part in cell if (text := _cell(part)))
    if isinstance(cell, Both):
        return _both(cell)
    return f"<code>{escape(cell)}</code>" if cell else ""


def _both(text: Both) -> str:
    return f'{escape(text.zh)} <span class="en" lang="en">{escape(text.en)}</span>'
