"""A document becomes PDF in a process of its own, with its fonts inside, and fetches nothing."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from pypdf import PdfReader

from gateway.report import document
from gateway.report.pdf import Nothing
from gateway.report.printing import Printer
from shared.errors import Unavailable


def fonts(reader: PdfReader) -> list[tuple[str, bool]]:
    """Of the first page, with whether each is inside the file."""
    found = []
    resources: Any = reader.pages[0]["/Resources"]
    for font in resources["/Font"].values():
        inner = font.get_object()["/DescendantFonts"][0].get_object()
        descriptor = inner["/FontDescriptor"].get_object()
        found.append((str(inner["/BaseFont"]), any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))))
    return found


def test_chinese_is_printed_with_its_fonts_inside() -> None:
    page = "<html lang=zh-CN><body style='font-family:Noto Sans CJK SC'>雨量 42.5 mm"
    reader = PdfReader(io.BytesIO(Printer().pdf(page)))
    assert "雨量 42.5 mm" in reader.pages[0].extract_text()
    assert [True] == [inside for _, inside in fonts(reader)]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:1/x.png", "data:text/plain,x"])
def test_nothing_is_fetched(url: str) -> None:
    with pytest.raises(ValueError, match="fetches nothing"):
        Nothing().fetch(url)
    assert b"%PDF" == Printer().pdf(f"<img src='{url}'><link rel=stylesheet href='{url}'>")[:4]


def test_why_nothing_was_printed_is_said() -> None:
    with pytest.raises(Unavailable) as failed:
        Printer((sys.executable, "-c", "import sys; sys.exit('no paper')")).pdf("")
    assert ("report_failed", "no paper") == (failed.value.code, failed.value.params["detail"])
    with pytest.raises(Unavailable) as slow:
        Printer((sys.executable, "-c", "import time; time.sleep(60)"), timeout_s=0.2).pdf("")
    assert ("report_failed", "0.2 s") == (slow.value.code, slow.value.params["detail"])


def test_only_so_many_are_printed_at_a_time() -> None:
    printer = Printer((sys.executable, "-c", "print('%PDF')"), at_once_max=1)
    with printer.held(), pytest.raises(Unavailable) as busy:
        printer.pdf("")
    assert "report_busy" == busy.value.code
    assert printer.pdf("").startswith(b"%PDF")


def test_every_word_is_there_in_both_languages() -> None:
    assert document.words("zh").keys() == document.words("en").keys()
    assert ("0:00:00", "3:02:11", "–") == (document.span(0), document.span(10931), document.span(None))
