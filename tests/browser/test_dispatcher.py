"""A dispatcher's evening: the storm, an alarm, an acknowledgement, a pump."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import City, Screen


def test_a_wrong_password_is_refused_with_a_sentence(city: City, screen: Screen) -> None:
    screen.go("/sign-in")
    screen.page.fill("input[name=username]", "nobody")
    screen.page.fill("input[name=password]", "nothing at all")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_role("alert")).not_to_be_empty()
    expect(screen.page).to_have_url(f"{city.url}/sign-in")


def test_the_storm_trips_a_pump_and_the_alarm_is_acknowledged_with_one_key(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    city.simulator.rate(10)
    screen.station("jianshe")
    expect(page.locator("tr[data-pump] circle[fill='var(--equipment)']").first).to_be_visible(timeout=60_000)
    city.simulator.rate(1)
    pump = city.simulator.trip_pump("jianshe", "running")
    screen.go("/")
    row = screen.alarm(f"jianshe~pump{pump}_tripped")
    expect(row).to_have_attribute("data-state", "UNACK")
    expect(page.locator("a[data-asset=jianshe] svg.symbol")).to_be_visible()

    row.locator(".evidence").click()
    page.keyboard.press("a")
    expect(row).to_have_attribute("data-state", "ACKED")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{city.url}/station/jianshe")
    expect(page.locator(f"tr[data-pump='{pump}'].faulty")).to_contain_text("过载")

    screen.go("/journal?asset=jianshe")
    expect(page.locator("tr[data-event=alarm_acknowledged]").first).to_contain_text("dispatcher")
    page.keyboard.press("/")
    page.keyboard.type("跳闸 disp")
    journal = page.get_by_test_id("journal")
    expect(journal.locator("tr:not([data-event=alarm_acknowledged]) td")).to_have_count(0)
    expect(journal.locator("mark", has_text="跳闸").first).to_be_visible()
    screen.go(page.url.removeprefix(city.url))  # the link that a colleague is sent
    expect(page.get_by_role("searchbox")).to_have_value("跳闸 disp")
    expect(page.locator("tr[data-event=alarm_acknowledged]").first).to_be_visible()
    page.get_by_role("searchbox").fill("无此事")
    expect(page.get_by_test_id("journal-empty")).to_be_visible()


def test_the_list_is_used_from_the_keyboard_alone(city: City, screen: Screen) -> None:
    doors = ("nanhu", "kaiping")
    for station in doors:
        city.simulator.contact(station, "door_open", on=True)
    screen.sign_in("dispatcher")
    page = screen.page
    for station in doors:
        expect(screen.alarm(f"{station}~door_opened")).to_be_visible(timeout=30_000)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Shift + A")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("j")
    marked = page.locator("tr.marked")
    first = marked.get_attribute("data-alarm") or ""
    page.keyboard.press("j")
    expect(marked).not_to_have_attribute("data-alarm", first)
    second = marked.get_attribute("data-alarm") or ""
    page.keyboard.press("k")
    expect(page.locator("tr.marked + tr")).to_have_attribute("data-alarm", second)
    page.keyboard.press("d")
    expect(page.get_by_test_id("drawer").locator(".journal li").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    expect(page.locator("tr[data-alarm]")).to_have_count(0)


def test_enter_opens_what_was_acknowledged_though_nothing_was_marked(city: City, screen: Screen) -> None:
    city.simulator.contact("fuxing", "door_open", on=True)
    screen.sign_in("dispatcher")
    page = screen.page
    expect(screen.alarm("fuxing~door_opened")).to_be_visible(timeout=30_000)
    first = page.locator("tr.unseen").first.get_attribute("data-alarm") or ""
    page.keyboard.press("a")
    expect(page.locator(f"tr.unseen[data-alarm='{first}']")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{city.url}/station/{first.split('~')[0]}")


def test_a_pump_is_started_and_the_ledger_says_verified(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    screen.station("xinhua")
    standing = page.locator("tr[data-pump]", has=page.locator("circle[fill=none]")).last
    number = standing.get_attribute("data-pump")
    start = standing.get_by_role("button", name="启动")
    expect(start).to_be_enabled(timeout=90_000)  # not before its minimum off time
    start.click()
    dialog = page.get_by_test_id("command-dialog").first
    expect(dialog.locator(".interlocks")).to_contain_text("水泵无故障")
    page.keyboard.press("Enter")
    row = page.locator(f"tr[data-command=pump{number}_start]").first
    expect(row).to_have_attribute("data-state", "verified", timeout=30_000)
    expect(row).to_contain_text("A")
    pump = page.locator(f"tr[data-pump='{number}']")
    expect(pump.locator("circle[fill='var(--equipment)']")).to_be_visible()
    expect(pump).to_contain_text("手动")
    pump.get_by_role("button", name="返回群控").click()
    expect(pump).to_contain_text("群控")


def test_an_open_interlock_says_why_and_the_owner_refuses_with_the_sentence(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    city.simulator.key_to_local("fuxing")
    screen.station("fuxing")
    expect(page.get_by_test_id("mode")).to_contain_text("就地")
    page.get_by_role("radio", name="启动1号泵").check()
    expect(page.get_by_test_id("press")).to_be_disabled()
    panel = page.get_by_role("region", name="操作", exact=True)
    expect(panel.locator("li.open").first).to_contain_text("钥匙开关在远方")

    # Somebody who presses all the same, past the screen, is refused by the owner of the area.
    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrf_token")
    wish = {"asset": "fuxing", "command": "pump1_start", "params": {}, "reason": ""}
    headers = {"X-CSRF-Token": token, "Idempotency-Key": "a-test-of-refusal", "Content-Type": "application/json"}
    assert page.request.post(f"{city.url}/api/commands", data=json.dumps(wish), headers=headers).status == 202
    row = page.locator("tr[data-command=pump1_start]").first
    expect(row).to_have_attribute("data-state", "refused")
    expect(row).to_contain_text("钥匙开关在远方")


def test_a_cut_line_is_unknown_in_the_map_and_told_in_the_strip(city: City, screen: Screen) -> None:
    screen.sign_in("dispatcher")
    page = screen.page
    lost = page.get_by_test_id("strip-lostLinks")
    expect(lost).to_contain_text("0")
    city.simulator.cut_line("kaiping")
    expect(lost).to_contain_text("1", timeout=30_000)
    page.get_by_test_id("strip-lostLinks").click()
    breaker = page.get_by_test_id("breakers").get_by_role("row").nth(1)
    expect(breaker).to_contain_text("kaiping-rtu")
    expect(breaker).to_contain_text(re.compile("断开：只探测|探测中"))
    expect(page.get_by_test_id("breakers-closed")).to_contain_text("8 台")
    page.keyboard.press("Escape")
    station = page.locator("a[data-asset=kaiping]")
    expect(station).to_contain_text("读数未知")
    expect(screen.alarm("kaiping~offline:kaiping-rtu")).to_be_visible()
    station.click()
    expect(page.get_by_test_id("link")).to_contain_text("通信中断")
    expect(page.get_by_test_id("level")).to_have_text("?")
    city.simulator.restore("kaiping")
    expect(page.get_by_test_id("link")).to_contain_text("读数良好", timeout=45_000)
    expect(lost).to_contain_text("0")


def test_the_language_is_switched_and_kept_with_the_account(screen: Screen) -> None:
    screen.sign_in("engineer")
    page = screen.page
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("a[data-asset=nanhu]")).to_contain_text("Nanhu storm pump station")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("link", name="总览")).to_be_visible()


def test_nothing_scrolls_but_the_lists(screen: Screen) -> None:
    screen.sign_in("dispatcher")
    for path in ("/", "/alarms", "/station/xinhua"):
        screen.go(path)
        expect(screen.page.get_by_test_id("live")).to_have_attribute("data-state", "live")
        beyond = screen.page.evaluate(
            "[document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]"
        )
        assert beyond == [0, 0], path


def test_an_alarm_that_changed_meanwhile_is_not_acknowledged_and_says_so(city: City, screen: Screen) -> None:
    city.simulator.contact("nanhu", "smoke", on=True)
    screen.sign_in("dispatcher")
    page = screen.page
    row = screen.alarm("nanhu~smoke_detected")
    expect(row).to_be_visible(timeout=30_000)
    # As if the row had been drawn before the alarm's last change.
    page.route(
        "**/api/alarms/*/acknowledge",
        lambda route: route.continue_(post_data=json.dumps({"expected_seq": 0, "comment": ""})),
    )
    row.get_by_role("button", name="确认").click()
    expect(row.get_by_role("status")).to_contain_text("已变化")
    expect(row).to_have_attribute("data-state", "UNACK")
    page.unroute("**/api/alarms/*/acknowledge")
    row.get_by_role("button", name="确认").click()
    expect(row).to_have_attribute("data-state", "ACKED")


def test_the_page_says_when_it_may_not_sound(screen: Screen) -> None:
    screen.sign_in("dispatcher")
    sound = screen.page.get_by_test_id("sound")
    expect(sound).to_have_text("声音开")
    screen.page.reload()
    expect(sound).to_have_text("声音被禁用")
    screen.page.keyboard.press("j")
    expect(sound).to_have_text("声音开")
    sound.click()
    expect(sound).to_have_text("声音已关")
