"""The HTTP surface against a running city: rights, throttling, idempotency, audit; and a machine that tries it all."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from infra.simulator.control import SimulatorClient
from tests.system.city import Command, Desk, city
from tests.waiting import eventually

ROLES = ("dispatcher", "crew", "engineer", "admin")
SEED = "20260729"
EXAMPLES = "12"
CHECKS_LEFT_OUT = "ignored_auth,use_after_free,ensure_resource_availability"
"""They judge by rules of their own: a session's cookie, tokens that are revoked, alarms that come and go."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, dict[str, str]]]:
    data = tmp_path_factory.mktemp("http") / "var"
    with city(data) as command:
        accounts = command.wait_until_ready()
        simulator = SimulatorClient(data)
        eventually(lambda: _all_obey(simulator), within_s=40)
        yield command, accounts


def _all_obey(simulator: SimulatorClient) -> bool:
    return all(station["mode"] == "remote" for station in simulator.status()["stations"].values())


@pytest.fixture(scope="module")
def desks(running: tuple[Command, dict[str, str]]) -> Iterator[dict[str, Desk]]:
    command, accounts = running
    with ExitStack() as open_ones:
        found = {}
        for role in ROLES:
            found[role] = Desk(command.url, role, accounts[role])
            open_ones.callback(found[role].http.close)
        yield found


def test_station_that_reports_by_itself_is_shown_like_one_that_is_asked(
    running: tuple[Command, dict[str, str]], desks: dict[str, Desk]
) -> None:
    def shown() -> dict[str, dict[str, Any]]:
        answer = desks["dispatcher"].http.get("/api/readings", params={"asset": "qinglong-station"})
        return {each["point"]: each for each in answer.json()}

    eventually(lambda: "good" == shown()["level"]["quality"], within_s=20)
    found = shown()
    assert {"level": "m", "rain_total": "mm", "battery": "V"} == {
        point: found[point]["unit"] for point in ("level", "rain_total", "battery")
    }
    assert 1.5 < found["level"]["value"] < 4
    eventually(lambda: "good" == shown()["rain_1h"]["quality"], within_s=20)


def wish(asset: str = "xinhua-underpass", command: str = "siren_on", **more: Any) -> dict[str, Any]:
    return {"asset": asset, "command": command, "params": {}, "reason": "", **more}


def send(desk: Desk, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    return desk.http.post("/api/commands", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_command_is_carried_out_and_told(desks: dict[str, Desk]) -> None:
    desk = desks["dispatcher"]
    row = desk.ended(desk.operate("xinhua-underpass", "siren_on"))
    assert ("verified", "siren", True) == (row["state"], row["point"], row["value"])
    assert "verified" == desk.ended(desk.operate("xinhua-underpass", "siren_off"))["state"]
    ledger = desk.get("/api/assets/xinhua-underpass")["ledger"]
    assert ["siren_off", "siren_on"] == [line["command"] for line in ledger[:2]]


def test_the_same_key_is_the_same_command(desks: dict[str, Desk]) -> None:
    desk, key = desks["dispatcher"], uuid.uuid4().hex
    first, again = send(desk, wish("jianshe-underpass"), key), send(desk, wish("jianshe-underpass"), key)
    assert (202, first.json()) == (again.status_code, again.json())
    assert (409, "idempotency_key_reused") == code(send(desk, wish("jianshe-underpass", "siren_off"), key))
    desk.ended(first.json()["id"])
    ledger = desk.get("/api/assets/jianshe-underpass")["ledger"]
    assert 1 == [line["command"] for line in ledger].count("siren_on")


@pytest.mark.parametrize(
    ("role", "body", "expected"),
    [
        ("crew", wish(), (403, "forbidden")),
        ("admin", wish(), (403, "forbidden")),
        ("dispatcher", wish("xinhua", "set_dry_run_level", params={"param": 0.5}), (403, "command_role")),
        ("engineer", wish("xinhua", "set_dry_run_level", params={"param": 0.5}), (422, "command_reason_required")),
        ("engineer", wish("xinhua", "set_dry_run_level", params={"param": 9}), (422, "command_parameter_expected")),
        ("dispatcher", wish(params={"param": 1}), (422, "command_takes_no_parameter")),
        ("dispatcher", wish("nowhere"), (404, "asset_missing")),
        ("dispatcher", wish(command="fly"), (404, "command_unknown")),
        ("dispatcher", {"asset": "xinhua"}, (422, "request_malformed")),
    ],
)
def test_what_may_not_be_wished_is_refused(
    desks: dict[str, Desk], role: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert expected == code(send(desks[role], body))


def test_a_point_is_set_by_hand_and_set_free(desks: dict[str, Desk]) -> None:
    desk, path = desks["dispatcher"], "/api/assets/dachengshan-rain/points/rain_5min"

    def reading() -> tuple[Any, str]:
        found = desk.get("/api/assets/dachengshan-rain")["readings"]
        return next((each["value"], each["quality"]) for each in found if each["point"] == "rain_5min")

    body = {"kind": "substituted", "value": 12.5, "minutes": 30, "reason": "spider in the bucket"}
    assert (403, "forbidden") == code(desks["crew"].http.post(f"{path}/mark", json=body))
    assert (422, "mark_value_number") == code(desk.http.post(f"{path}/mark", json={**body, "value": 1e9}))
    assert (404, "point_missing") == code(desk.http.post(f"{path}s/mark", json=body))
    assert (409, "mark_missing") == code(desk.http.post(f"{path}/unmark"))
    assert 204 == desk.http.post(f"{path}/mark", json=body).status_code
    (mark,) = desk.get("/api/assets/dachengshan-rain/marks")
    assert (12.5, "dispatcher", "spider in the bucket") == (mark["value"], mark["by"], mark["reason"])
    eventually(lambda: reading() == (12.5, "good.manual"), within_s=15)
    assert 204 == desk.http.post(f"{path}/unmark").status_code
    assert [] == desk.get("/api/assets/dachengshan-rain/marks")
    eventually(lambda: reading()[1] == "good", within_s=15)
    told = [item["event"] for item in desk.get("/api/journal?asset=dachengshan-rain")["items"]]
    assert {"point_marked", "point_unmarked"} <= set(told)


def test_what_people_on_duty_write_is_kept_once_and_found(desks: dict[str, Desk]) -> None:
    desk = desks["dispatcher"]

    def write(who: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        return desks[who].http.post("/api/logbook", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})

    body = {"text": "东侧格栅堵塞，已派人清理\nscreen cleared by hand", "asset": "xinhua"}
    key = uuid.uuid4().hex
    first = write("dispatcher", body, key)
    assert 201 == first.status_code
    assert first.json() == write("dispatcher", body, key).json()
    assert (409, "idempotency_key_reused") == code(write("dispatcher", {"text": "another"}, key))
    eventually(lambda: desk.get("/api/logbook", q="格栅")["items"], within_s=10)
    correction = write("engineer", {"text": "西侧格栅", "corrects": first.json()["id"]})
    assert 201 == correction.status_code, correction.text
    (later, earlier) = eventually(lambda: _entries(desk, asset="xinhua", of=2), within_s=10)["items"]
    assert ("西侧格栅", "engineer", "tangshan/lubei/xinhuadao", earlier["id"]) == tuple(
        later[name] for name in ("text", "username", "area", "corrects")
    )
    (found,) = (page := desk.get("/api/logbook", q="格栅 派人"))["items"]
    assert (earlier["id"], [later["id"]]) == (found["id"], [each["id"] for each in page["related"]])
    assert [] == desk.get("/api/logbook", area="tangshan/lunan/nanhu", q="格栅")["items"]

    assert (403, "forbidden") == code(write("crew", body))
    assert (404, "logbook_entry_missing") == code(write("dispatcher", {**body, "corrects": "0" * 32}))
    assert (404, "area_missing") == code(write("dispatcher", {"text": "x", "area": "nowhere"}))
    assert (422, "asset_in_other_area") == code(write("dispatcher", {**body, "area": "tangshan/lunan/nanhu"}))
    assert (422, "logbook_moment") == code(write("dispatcher", {**body, "about": "2199-01-01T00:00:00Z"}))
    assert (422, "request_malformed") == code(write("dispatcher", {**body, "text": " "}))

    told = desks["crew"].get("/api/journal", event="logbook_entry_written", q="派人")["items"]
    assert ["dispatcher 值班记录：" + body["text"]] == [item["text"]["zh"] for item in told]
    audited = desks["admin"].get("/api/audit", event="logbook_entry_written")["items"]
    assert 2 == len(audited)
    eventually(
        lambda: all(each["hash"] for each in desks["admin"].get("/api/audit", event="logbook_entry_written")["items"]),
        within_s=10,
    )


def _entries(desk: Desk, of: int, **asked: str) -> dict[str, Any]:
    """The page, once it holds so many; else nothing."""
    page: dict[str, Any] = desk.get("/api/logbook", **asked)
    return page if len(page["items"]) == of else {}


def test_a_loop_test_is_filled_in_by_an_engineer(desks: dict[str, Desk]) -> None:
    engineer, path = desks["engineer"], "/api/controllers/xinhua-rtu/loop-test"
    body = {"expected": "3101", "passed": True}
    assert (403, "forbidden") == code(desks["dispatcher"].http.post(f"{path}/points/station_code", json=body))
    assert (404, "controller_missing") == code(engineer.http.post("/api/controllers/none/loop-test/sign", json={}))
    assert (409, "loop_test_unknown") == code(engineer.http.post(f"{path}/points/none", json=body))
    assert 204 == engineer.http.post(f"{path}/points/station_code", json=body).status_code
    test = engineer.get(path)
    line = next(point for point in test["points"] if point["point"] == "station_code")
    assert (3101, True, "engineer") == tuple(line["check"][each] for each in ("value", "passed", "by"))
    assert (False, None) == (test["silent"], test["signed"])
    assert (409, "loop_test_open") == code(engineer.http.post(f"{path}/sign", json={}))


def test_an_interlock_refuses_with_its_sentence(desks: dict[str, Desk]) -> None:
    desk = desks["dispatcher"]
    row = desk.ended(desk.operate("xinhua", "pump1_stop"))
    assert ("refused", "interlock_open") == (row["state"], row["reason"]["code"])
    assert "水泵在运行" in row["reason"]["text"]["zh"]
    offer = next(c for c in desk.get("/api/assets/xinhua")["commands"] if c["name"] == "pump1_stop")
    assert offer["available"] is False
    assert [False] == [lock["holds"] for lock in offer["interlocks"] if lock["message"]["en"] == "Pump is running"]


def test_an_unsafe_method_needs_the_token_of_its_session(desks: dict[str, Desk]) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex, "X-CSRF-Token": "another"}
    answer = desks["dispatcher"].http.post("/api/commands", json=wish(), headers=headers)
    assert (403, "csrf_token_expected") == code(answer)


def test_nothing_is_shown_to_who_is_not_signed_in(running: tuple[Command, dict[str, str]]) -> None:
    with httpx.Client(base_url=running[0].url) as nobody:
        for path in (
            "/api/me",
            "/api/assets",
            "/api/alarms",
            "/api/journal",
            "/api/logbook",
            "/api/health",
            "/api/users",
            "/api/stream",
        ):
            assert (401, "not_signed_in") == code(nobody.get(path)), path
        assert 401 == nobody.get("/api/me", headers={"Authorization": "Bearer nonsense"}).status_code


def test_failed_sign_ins_are_throttled_and_audited(
    running: tuple[Command, dict[str, str]], desks: dict[str, Desk]
) -> None:
    right = {"username": "wang", "password": "the right password"}
    assert 201 == desks["admin"].http.post("/api/users", json={**right, "role": "crew"}).status_code
    with httpx.Client(base_url=running[0].url) as guesser:
        answers = [guesser.post("/api/session", json={**right, "password": f"guess {n}"}) for n in range(6)]
        assert [401] * 5 + [429] == [answer.status_code for answer in answers]
        assert (429, "sign_in_throttled") == code(guesser.post("/api/session", json=right))

    def refused() -> bool:
        lines = desks["admin"].get("/api/audit", limit=100)["items"]
        return 7 == len([1 for line in lines if line["event"] == "sign_in_refused"])

    eventually(refused, within_s=15)
    assert (403, "forbidden") == code(desks["dispatcher"].http.get("/api/audit"))


def test_accounts_are_administered_and_their_scopes_hold(
    running: tuple[Command, dict[str, str]], desks: dict[str, Desk]
) -> None:
    admin = desks["admin"].http
    new = {
        "username": "li.wei",
        "password": "a long enough one",
        "role": "dispatcher",
        "areas": ["tangshan/kaiping/douhe"],
    }
    assert (403, "forbidden") == code(desks["dispatcher"].http.post("/api/users", json=new))
    assert 201 == admin.post("/api/users", json=new).status_code
    assert (409, "account_exists") == code(admin.post("/api/users", json=new))
    desk = Desk(running[0].url, "li.wei", "a long enough one")
    assert {"tangshan/kaiping/douhe"} == {asset["area"] for asset in desk.get("/api/assets")}
    assert (403, "forbidden") == code(desk.http.get("/api/assets/xinhua"))
    assert (403, "forbidden") == code(send(desk, wish()))
    assert 202 == send(desk, wish("kaiping-underpass", "siren_off")).status_code
    assert 200 == admin.patch("/api/users/li.wei", json={"active": False}).status_code
    assert 401 == desk.http.get("/api/me").status_code
    assert (409, "last_administrator") == code(admin.patch("/api/users/admin", json={"active": False}))
    desk.http.close()


def test_tokens_work_until_they_are_revoked(running: tuple[Command, dict[str, str]], desks: dict[str, Desk]) -> None:
    issued = desks["dispatcher"].http.post("/api/tokens", json={"name": "wall"}).json()
    bearer = {"Authorization": f"Bearer {issued['secret']}"}
    with httpx.Client(base_url=running[0].url, headers=bearer) as machine:
        assert "dispatcher" == machine.get("/api/me").json()["username"]
        assert "secret" not in machine.get("/api/tokens").json()[0]
        assert 204 == machine.delete(f"/api/tokens/{issued['id']}").status_code
        assert 401 == machine.get("/api/me").status_code


def test_a_trend_is_kept_and_exported(desks: dict[str, Desk]) -> None:
    http = desks["admin"].http
    (level,) = [each for each in http.get("/api/readings?asset=xinhua").json() if each["point"] == "level_wet_well"]
    end = datetime.fromisoformat(level["taken_at"])
    eventually(
        lambda: (newest := http.get("/api/archive").json()["newest"]) and datetime.fromisoformat(newest) > end, 20
    )
    period = {"from": (end - timedelta(days=1)).isoformat(), "to": end.isoformat()}
    asked = {"asset": "xinhua", "point": "level_wet_well", **period}
    found = http.get("/api/trends", params=asked).json()
    assert ("m", "measure", 0.0) == (found["unit"], found["kind"], found["resolution_s"])
    assert {"good"} == {each["quality"] for each in found["samples"]}
    assert "before" == found["gaps"][0]["cause"]
    export = {"series": ["xinhua:level_wet_well", "xinhua:pump1_running"], **period}
    answer = http.get("/api/trends/export", params=export)
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    level_lines = [line for line in lines if line["point"] == "level_wet_well"]
    assert [each["value"] for each in found["samples"]] == [float(line["value"]) for line in level_lines]
    columns = pq.read_table(io.BytesIO(http.get("/api/trends/export", params=export | {"format": "parquet"}).content))
    assert [datetime.fromisoformat(line["time"]) for line in lines] == columns["time"].to_pylist()
    assert {"level_wet_well", "pump1_running"} == set(columns["point"].to_pylist())
    refused = http.get("/api/trends", params=asked | {"to": period["from"]})
    assert (409, "period_reversed") == (refused.status_code, refused.json()["error"]["code"])
    assert 404 == http.get("/api/trends/export", params=export | {"series": "xinhua:nothing"}).status_code
    assert http.get("/api/archive").json()["readings"] >= len(lines)
    assert 403 == desks["dispatcher"].http.get("/api/archive").status_code


def test_it_describes_itself(running: tuple[Command, dict[str, str]]) -> None:
    with httpx.Client(base_url=running[0].url) as anybody:
        assert "3.0.0" == anybody.get("/asyncapi.json").json()["asyncapi"]
        assert "/api/commands" in anybody.get("/openapi.json").json()["paths"]
        metrics = anybody.get("/metrics").text
        assert 'urbanops_controller_online{controller="xinhua-rtu"} 1.0' in metrics
        assert 'urbanops_breaker_state{controller="xinhua-rtu",line="xinhua",unit="1"} 0.0' in metrics
        assert {"status": "ok"} == anybody.get("/healthz").json()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", ROLES)
def test_a_machine_that_tries_everything_finds_nothing(
    running: tuple[Command, dict[str, str]], desks: dict[str, Desk], role: str
) -> None:
    account = {"username": f"machine-{role}", "password": "as long as it must be", "role": role}
    assert 201 == desks["admin"].http.post("/api/users", json=account).status_code
    wanted = {"name": "machine", "username": account["username"]}
    issued = desks["admin"].http.post("/api/tokens", json=wanted).json()
    found = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{running[0].url}/openapi.json",
            "--header", f"Authorization: Bearer {issued['secret']}", "--exclude-path", "/api/stream",
            "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED,
            "--checks", "all", "--exclude-checks", CHECKS_LEFT_OUT, "--warnings", "off", "--no-color",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6000:]
    tried = re.search(r"(\d+) generated", found.stdout)
    assert tried is not None
    assert int(tried[1]) > 300
