"""The page knows when nobody speaks to it, says so, and comes back by itself."""

from __future__ import annotations

import signal

from playwright.sync_api import expect

from tests.browser.conftest import City, Screen

STALE_MS_MAX = 10_500
"""Ten seconds, and half a one for the test to look."""
BACK_MS_MAX = 30_000


def test_a_gateway_that_falls_silent_makes_the_page_stale_and_a_new_one_revives_it(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.station("xinhua")
    live = page.get_by_test_id("live")
    expect(live).to_have_attribute("data-state", "live")
    gateway = city.gateway()
    gateway.send_signal(signal.SIGSTOP)  # its connections stay open, and say nothing: worse than a dead one
    expect(live).to_contain_text("数据陈旧，自", timeout=STALE_MS_MAX)
    expect(page.locator(".shell.stale")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("正在重新连接")
    assert "gradient" in page.get_by_test_id("level").evaluate("node => getComputedStyle(node).backgroundImage")

    gateway.kill()
    expect(live).to_have_attribute("data-state", "live", timeout=BACK_MS_MAX)
    expect(page.locator(".shell.stale")).to_have_count(0)
    expect(page.get_by_role("contentinfo")).to_contain_text("网关 已重启 1 次")
