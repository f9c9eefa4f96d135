"""Trends: points over time, on axes of their own, zoomed, compared, shared; and gaps that tell why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import City, Screen

LEVEL = "xinhua:level_wet_well"
CURRENT = "xinhua:pump1_current"
GAP_MS_MAX = 60_000


@pytest.fixture
def colleague(browser: Browser, city: City) -> Iterator[Screen]:
    """Somebody else, before another screen."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    yield Screen(context.new_page(), city)
    context.close()


def plot(page: Page) -> Locator:
    """The chart, with all that it asked for."""
    expect(page.locator(".chart[data-awaited='0']")).to_be_visible()
    expect(page.locator(".uplot canvas")).to_be_visible()
    return page.get_by_test_id("plot")


def drag(page: Page, begin: float, end: float) -> None:
    """Over the chart, from one part of its width to another."""
    box = plot(page).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * begin, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=5)
    page.mouse.up()


def row(page: Page, key: str) -> Locator:
    return page.get_by_test_id("readout").locator(f"tr[data-row='{key}']")


def test_a_reading_opens_its_trend_and_a_second_point_has_an_axis_of_its_own(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.station("xinhua")
    page.locator(".trend a[data-trend=level_wet_well]").click()
    expect(page).to_have_url(f"{city.url}/trends?s={LEVEL}&last=3600")
    plot(page)
    expect(row(page, LEVEL)).to_contain_text(re.compile(r"\d\.\d\d m"))
    expect(page.get_by_test_id("limit").first).to_contain_text("HH 3.80")

    page.get_by_test_id("pick").click()
    picker = page.get_by_test_id("picker")
    picker.get_by_role("searchbox").fill("新华 1号泵电流")
    picker.locator(f"button[data-point='{CURRENT}']").click()
    picker.get_by_role("searchbox").fill("XINHUA current")
    expect(picker.locator(f"button[data-point='{CURRENT}']")).to_have_attribute("aria-pressed", "true")
    picker.get_by_role("button", name="关闭").click()
    expect(page).to_have_url(f"{city.url}/trends?s={LEVEL}&s={CURRENT}&last=3600")
    expect(row(page, CURRENT)).to_contain_text(re.compile(r"\d+ A"))
    strokes = page.locator("[data-chip] svg line").evaluate_all(
        "lines => lines.map(line => [line.getAttribute('stroke'), line.getAttribute('stroke-dasharray')])"
    )
    assert len({colour for colour, _ in strokes}) == len({dash for _, dash in strokes}) == 2

    page.get_by_role("button", name=re.compile("移除 .*电流")).click()
    expect(page.locator("[data-chip]")).to_have_count(1)
    page.go_back()
    expect(page.locator("[data-chip]")).to_have_count(2)


def test_a_drag_zooms_in_and_every_way_back_goes_back(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&last=600")
    drag(page, 0.5, 0.8)
    first = re.compile(r"from=.*&to=")
    expect(page).to_have_url(first)
    zoomed = page.url
    drag(page, 0.3, 0.7)
    expect(page).not_to_have_url(zoomed)
    expect(page).to_have_url(first)
    plot(page).dblclick()
    expect(page).to_have_url(zoomed)
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{city.url}/trends?s={LEVEL}&last=600")
    page.go_back()
    expect(page).to_have_url(zoomed)


def test_the_chart_is_used_from_the_keyboard_alone(screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&last=600")
    chart = plot(page)
    chart.focus()
    chart.press("ArrowLeft")
    expect(page.get_by_test_id("readout")).to_contain_text("光标处")
    told = chart.get_attribute("aria-valuetext") or ""
    assert "集水池水位" in told
    before = int(chart.get_attribute("aria-valuenow") or 0)
    chart.press("Shift+ArrowLeft")
    assert int(chart.get_attribute("aria-valuenow") or 0) < before - 20_000
    chart.press("+")
    expect(page).to_have_url(re.compile(r"from=.*&to="))
    chart.press("Escape")
    expect(page).to_have_url(re.compile(r"last=600$"))


def test_the_right_edge_goes_on_without_asking_again(screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&last=600")
    chart = plot(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/trends" in request.url else None)
    end = int(chart.get_attribute("aria-valuemax") or 0)
    page.wait_for_function(
        "end => Number(document.querySelector('[data-testid=plot]').getAttribute('aria-valuemax')) > end + 4000",
        arg=end,
    )
    expect(row(page, LEVEL)).to_contain_text(re.compile(r"\d\.\d\d m"))
    assert asked == []


def test_another_day_is_laid_over_it_and_a_link_shows_a_colleague_the_same(
    city: City, screen: Screen, colleague: Screen
) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&s={CURRENT}&last=600")
    plot(page)
    page.get_by_test_id("compare-1").click()
    expect(page).to_have_url(re.compile(r"&compare=\d{4}-\d\d-\d\d$"))
    day = page.url[-10:]
    expect(page.get_by_test_id("compared")).to_contain_text(day)
    expect(page.get_by_test_id("readout").get_by_role("columnheader", name=day)).to_be_visible()

    page.get_by_test_id("share").click()
    link = page.locator("input[name=link]").input_value()
    theirs = colleague.page
    theirs.goto(link)
    theirs.fill("input[name=username]", "engineer")
    theirs.fill("input[name=password]", city.accounts()["engineer"])
    theirs.keyboard.press("Enter")
    expect(theirs).to_have_url(page.url)
    plot(theirs)
    expect(theirs.locator("[data-chip]")).to_have_count(2)
    expect(theirs.get_by_test_id("compared")).to_contain_text(day)
    assert colleague.complaints == []

    with page.expect_download() as download:
        page.get_by_test_id("export-csv").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("time,asset,point,value,text,quality,unit")
    assert {"level_wet_well", "pump1_current"} <= {line.split(",")[2] for line in text.splitlines()}


def test_the_other_day_is_drawn_at_the_same_time_of_day(city: City, screen: Screen) -> None:
    """As of tomorrow there is nothing yet, what is drawn is of today."""
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&last=600")
    end = int(plot(page).get_attribute("aria-valuemax") or 0) / 1000
    today = datetime.fromtimestamp(end, ZoneInfo("Asia/Shanghai"))
    tomorrow = today + timedelta(days=1)
    moments = {"from": tomorrow - timedelta(minutes=5), "to": tomorrow}
    period = urlencode({name: moment.isoformat() for name, moment in moments.items()})
    screen.go(f"/trends?s={LEVEL}&{period}&compare={today:%Y-%m-%d}")
    chart = plot(page)
    expect(page.get_by_test_id("other-day")).to_have_text(f"{today:%m-%d}")
    chart.press("End")
    chart.press("ArrowLeft")
    cells = row(page, LEVEL).get_by_role("cell")
    expect(cells.nth(0)).to_contain_text("?")
    expect(cells.nth(1)).to_have_text(re.compile(r"^\s*\d\.\d\d\s*$"))


def test_a_command_is_a_mark_with_its_sentence(city: City, screen: Screen) -> None:
    """The RTU is taken into remote mode when the city begins."""
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={LEVEL}&last=28800")
    plot(page)
    mark = page.get_by_test_id("command-mark").first
    expect(mark).to_be_visible()
    place = mark.bounding_box()
    box = plot(page).bounding_box()
    assert place is not None
    assert box is not None
    page.mouse.move(place["x"] + place["width"] / 2, box["y"] + 40)
    expect(page.get_by_test_id("marks-at-cursor")).to_contain_text("新华道地道桥泵站")


def test_a_cut_line_is_a_hatched_gap_that_names_its_cause(city: City, screen: Screen) -> None:
    key = "kaiping:level_wet_well"
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go(f"/trends?s={key}&last=600")
    plot(page)
    expect(row(page, key)).to_contain_text(re.compile(r"\d\.\d\d m"))
    city.simulator.cut_line("kaiping")
    live = page.locator("[data-testid=gap][data-cause^=bad]")
    expect(live).to_be_attached(timeout=GAP_MS_MAX)
    expect(row(page, key)).to_contain_text("?")
    expect(row(page, key)).to_contain_text("数据质量：bad")
    expect(page.get_by_test_id("strip-lostLinks")).to_contain_text("1", timeout=GAP_MS_MAX)

    city.simulator.restore("kaiping")
    expect(row(page, key)).to_contain_text(re.compile(r"\d\.\d\d m"), timeout=GAP_MS_MAX)
    told = page.locator("[data-testid=gap][data-cause=link]").last
    expect(told).to_be_attached(timeout=GAP_MS_MAX)
    place = told.locator("rect").first.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + 60)
    expect(row(page, key)).to_contain_text("线路中断")


def test_a_fifth_unit_is_told_to_have_no_axis(screen: Screen) -> None:
    points = ("level_wet_well", "pump1_current", "voltage_a", "rain_5min", "energy")
    screen.sign_in("dispatcher")
    page = screen.page
    screen.go("/trends?" + "&".join(f"s=xinhua:{point}" for point in points) + "&last=600")
    expect(page.get_by_role("alert").filter(has_text="最多 4 种单位")).to_be_visible()
    expect(page.locator("[data-chip].undrawn")).to_have_count(1)
