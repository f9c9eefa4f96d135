"""What a role may not do is not offered."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import City, Screen


def test_a_crew_sees_the_station_and_no_commands(screen: Screen) -> None:
    screen.sign_in("crew")
    screen.station("xinhua")
    page = screen.page
    expect(page.locator("tr[data-pump]").first).to_be_visible()
    expect(page.get_by_test_id("press")).to_have_count(0)
    expect(page.get_by_role("button", name="启动")).to_have_count(0)
    expect(page.get_by_role("link", name="账户管理")).to_have_count(0)


def test_an_administrator_makes_an_account_which_can_sign_in(city: City, screen: Screen) -> None:
    screen.sign_in("admin")
    page = screen.page
    screen.go("/users")
    form = page.get_by_role("region", name="新账户")
    form.locator("input").first.fill("night-shift")
    form.locator("input[type=password]").fill("a-long-enough-password")
    form.get_by_role("button", name="建立").click()
    expect(page.get_by_test_id("users")).to_contain_text("night-shift")
    screen.go("/audit")
    expect(page.locator("tr[data-event=user_changed]").first).to_contain_text("night-shift")
    head = page.get_by_test_id("chain-head").locator("code")
    number = page.locator("tr[data-event=user_changed] td.number").first
    expect(head).to_have_text(re.compile("^[0-9a-f]{64}$"))
    expect(number).to_have_text(re.compile("^[0-9]+$"))
    screen.go("/audit?q=登录&event=signed_in")
    expect(page.locator("tr[data-event=signed_in] mark").first).to_have_text("登录")
    page.get_by_role("button", name="退出").click()
    page.fill("input[name=username]", "night-shift")
    page.fill("input[name=password]", "a-long-enough-password")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("live")).to_have_attribute("data-state", "live")


def test_a_dispatcher_is_not_let_into_administration(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    screen.go("/users")
    expect(screen.page).to_have_url(f"{city.url}/")
