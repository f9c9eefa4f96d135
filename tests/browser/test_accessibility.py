"""axe finds no serious fault on any screen, in either language, light or dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WEB, City, Screen

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
PATHS = (
    "/",
    "/alarms",
    "/station/xinhua",
    "/station/xinhua-underpass",
    "/journal",
    "/logbook",
    "/report",
    "/completeness",
    "/account",
)
SEVERE = ("serious", "critical")
TREND = "/trends?s=xinhua:level_wet_well&s=xinhua:pump1_running&last=600&compare=2026-01-01"


@pytest.fixture
def examined(browser: Browser, city: City) -> Iterator[Screen]:
    """The policy of the page lets no foreign script in; here it must, for the examiner."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", bypass_csp=True)
    yield Screen(context.new_page(), city)
    context.close()


def faults(page: Page) -> list[str]:
    page.add_script_tag(path=AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes']][:3]}"
        for violation in found["violations"]
        if violation["impact"] in SEVERE
    ]


def test_sign_in_has_no_serious_fault(city: City, examined: Screen) -> None:
    examined.go("/sign-in")
    for language in ("English", "中文"):
        examined.page.get_by_role("button", name=language).click()
        assert faults(examined.page) == [], language


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_has_a_serious_fault(city: City, examined: Screen, theme: str) -> None:
    page = examined.page
    page.add_init_script(f"localStorage.setItem('urbanops.theme', '{theme}')")
    examined.sign_in("engineer")
    found = {}
    for language, other in (("English", "中文"), ("中文", "English")):
        switch = page.get_by_role("banner").get_by_role("button", name=language)
        switch.click()
        expect(page.get_by_role("banner").get_by_role("button", name=other)).to_be_visible()
        for path in (*PATHS, TREND):
            examined.go(path)
            expect(page.get_by_test_id("live")).to_have_attribute("data-state", "live")
            found[path, language] = faults(page)
    assert {where: what for where, what in found.items() if what} == {}
