"""The logbook as two people see it, and the report of the storm that goes on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.browser.conftest import City, Screen

PRINT_MS_MAX = 60_000


@pytest.fixture
def colleague(browser: Browser, city: City) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    yield Screen(context.new_page(), city)
    context.close()


def test_an_entry_appears_at_a_colleagues_desk_and_is_corrected_there(screen: Screen, colleague: Screen) -> None:
    screen.sign_in("dispatcher")
    colleague.sign_in("engineer")
    colleague.go("/logbook")
    screen.go("/logbook")
    page, other = screen.page, colleague.page
    expect(page.get_by_test_id("live")).to_have_attribute("data-state", "live")
    expect(other.get_by_test_id("live")).to_have_attribute("data-state", "live")
    page.get_by_test_id("entry-text").fill("东侧格栅堵塞，已派人清理")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("entry-text")).to_have_value("")
    entry = other.locator("[data-entry]", has_text="东侧格栅堵塞").first
    expect(entry).to_contain_text("dispatcher")
    expect(page.locator("[data-entry]", has_text="东侧格栅堵塞")).to_have_count(1)

    entry.get_by_role("button", name="更正").click()
    expect(other.get_by_test_id("correcting")).to_contain_text("dispatcher")
    other.get_by_test_id("entry-text").fill("西侧格栅堵塞")
    other.get_by_test_id("entry-send").click()
    expect(page.get_by_test_id("correction").first).to_contain_text("西侧格栅堵塞")
    expect(page.get_by_test_id("original").first).to_contain_text("东侧格栅堵塞")
    page.get_by_test_id("logbook-search").fill("格栅")
    expect(page.locator("[data-entry] mark").first).to_have_text("格栅")
    screen.go("/journal?q=格栅")
    expect(page.locator("tr[data-event=logbook_entry_written]").first).to_contain_text("值班记录")


def test_what_was_typed_survives_that_it_could_not_be_sent(screen: Screen) -> None:
    screen.sign_in("dispatcher")
    screen.go("/logbook")
    page = screen.page
    page.route("**/api/logbook", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.get_by_test_id("entry-text").fill("交接班：南湖闸门")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="网关")).to_be_visible()
    page.unroute("**/api/logbook")
    page.reload()
    expect(page.get_by_test_id("entry-text")).to_have_value("交接班：南湖闸门")
    page.get_by_test_id("entry-send").click()
    expect(page.locator("[data-entry]", has_text="交接班：南湖闸门")).to_have_count(1)
    expect(page.get_by_test_id("entry-text")).to_have_value("")


def test_a_storm_is_reported_in_both_languages_and_saved(screen: Screen, tmp_path: Path) -> None:
    screen.sign_in("dispatcher")
    screen.go("/report")
    page = screen.page
    page.get_by_test_id("rains").get_by_role("button").first.click()
    report = page.frame_locator("[data-testid=report]")
    expect(report.get_by_role("heading", name="雨量")).to_be_visible()
    expect(report.locator("body")).to_contain_text("新华道地道桥泵站")
    with page.expect_download(timeout=PRINT_MS_MAX) as saved:
        page.get_by_test_id("report-pdf").click()
    file = tmp_path / "report.pdf"
    saved.value.save_as(file)
    text = "".join(each.extract_text() for each in PdfReader(io.BytesIO(file.read_bytes())).pages)
    assert "雨量" in text
    assert "新华道地道桥泵站" in text
    page.get_by_role("banner").get_by_role("button", name="English").click()
    expect(report.get_by_role("heading", name="Rain", exact=True)).to_be_visible()
    expect(report.locator("svg").first).to_be_visible()
    page.get_by_role("banner").get_by_role("button", name="中文").click()
    expect(report.get_by_role("heading", name="雨量")).to_be_visible()
