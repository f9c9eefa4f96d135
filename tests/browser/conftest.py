"""One running city for all browser tests, with its storm, and a Chromium that looks at it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from infra.local.accounts import ACCOUNTS
from infra.local.city import ROOT
from infra.local.processes import free_ports
from infra.simulator.control import SimulatorClient
from tests.waiting import eventually

READY_S_MAX = 90
STOP_S_MAX = 15
PATIENCE_MS = 15_000
CHROMIUM = "/usr/bin/chromium"
ARGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu")
WEB = ROOT / "gateway" / "web"


@dataclass
class City:
    """`python -m infra.local` as a person starts it, with data of its own."""

    process: subprocess.Popen[str]
    output: Path
    url: str
    simulator: SimulatorClient

    def accounts(self) -> dict[str, str]:
        """What was printed below the URL; empty while the city is not ready."""
        lines = self.output.read_text().splitlines()
        if self.url not in lines:
            return {}
        below = lines[lines.index(self.url) + 1 :]
        return dict(line.split(maxsplit=1) for line in below[: len(ACCOUNTS)])

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        return bool(self.accounts())

    def gateway(self) -> psutil.Process:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(each for each in children if "gateway" in each.cmdline()[1:3])


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    assert (WEB / "dist" / "index.html").exists(), "the screens are not built: make setup"
    folder = tmp_path_factory.mktemp("browser")
    port = free_ports(1)[0]
    output = folder / "output"
    environment = os.environ | {"DATA_DIR": str(folder / "var"), "PORT": str(port)}
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"], cwd=ROOT, env=environment, stdout=out, stderr=out, text=True
        )
    running = City(process, output, f"http://127.0.0.1:{port}", SimulatorClient(folder / "var"))
    try:
        eventually(running.is_ready, within_s=READY_S_MAX)
        running.simulator.storm(3, at_minute=30)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=STOP_S_MAX)


@pytest.fixture(autouse=True)
def _nothing_broken(city: City) -> None:
    city.simulator.restore()
    city.simulator.rate(1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


class Screen:
    """A page and the person before it."""

    def __init__(self, page: Page, city: City) -> None:
        self.page = page
        self._city = city
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, account: str) -> None:
        page = self.page
        page.goto(f"{self._city.url}/sign-in")
        page.fill("input[name=username]", account)
        page.fill("input[name=password]", self._city.accounts()[account])
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("live")).to_have_attribute("data-state", "live")

    def go(self, path: str) -> None:
        self.page.goto(f"{self._city.url}{path}")

    def station(self, asset: str) -> None:
        self.go(f"/station/{asset}")
        expect(self.page.locator(f".station[data-asset={asset}] h1")).to_be_visible()

    def alarm(self, alarm_id: str) -> Locator:
        return self.page.locator(f"tr[data-alarm='{alarm_id}']")


@pytest.fixture
def screen(browser: Browser, city: City) -> Iterator[Screen]:
    """At the smallest size that a dispatcher's seat has."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    shown = Screen(context.new_page(), city)
    yield shown
    context.close()
    assert shown.complaints == []
