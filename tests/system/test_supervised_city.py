"""`python -m infra.local`, whole: from the command to the URL, through deaths and a second run, to nothing left."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from infra.local.accounts import ACCOUNTS
from infra.local.city import services
from infra.local.processes import free_ports
from tests.system.city import PSS_BYTES_MAX, READY_S_MAX, STOP_S_MAX, city, is_ready, sign_in, still_there
from tests.waiting import eventually


def test_the_city_starts_restarts_what_dies_stops_and_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with city(data) as command:
        began = time.monotonic()
        accounts = command.wait_until_ready()
        assert time.monotonic() - began < READY_S_MAX
        assert tuple(accounts) == ACCOUNTS
        for account, password in accounts.items():
            assert sign_in(command.url, account, password)["role"] == account
        assert sum(each.memory_full_info().pss for each in command.family()) < PSS_BYTES_MAX

        with city(data) as second:
            assert second.process.wait(timeout=30) == 1
            assert "A city already runs with the data" in second.output.read_text()

        for module in (f"services.{services()[0]}", "gateway"):
            died = command.part(module)
            assert died is not None
            died.kill()
            eventually(lambda: command.part(module) not in (None, died), within_s=20)  # noqa: B023 - called at once
        eventually(lambda: is_ready(command.url), within_s=30)
        family = command.family()
        assert command.stop(signal.SIGTERM) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)

    with city(data) as command:
        assert command.wait_until_ready() == accounts
        family = command.family()
        assert command.stop(signal.SIGINT) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)


def test_told_to_stop_while_it_starts_it_leaves_nothing(tmp_path: Path) -> None:
    with city(tmp_path / "var") as command:
        eventually(lambda: any("beam" in each.name() for each in command.family()), within_s=20)
        family = command.family()
        assert command.stop(signal.SIGTERM) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)


def test_what_makes_a_start_impossible_is_one_clear_sentence(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text("site: site/v1\nid: Nowhere At All\n")
    dead_port = free_ports(1)[0]
    for number, (environment, sentence) in enumerate(
        (
            ({"SITE": str(site)}, "site.yaml:2: id"),
            ({"AMQP_URI": f"amqp://guest:secret@127.0.0.1:{dead_port}//"}, "AMQP_URI names no broker that lets us in"),
            ({"PORT": "99999"}, "PORT: "),
        )
    ):
        with city(tmp_path / f"var{number}", **environment) as command:
            assert command.process.wait(timeout=30) != 0
            said = command.output.read_text()
            assert sentence in said
            assert "Traceback" not in said
            assert "secret" not in said
