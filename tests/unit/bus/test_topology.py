from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from shared.bus.consumer import Retry
from shared.bus.topology import (
    PROCESSES,
    command_queue,
    definitions,
    event_key,
    event_queue,
    lease_queue,
    password_hash,
    permissions,
    queues_that_keep,
    reply_queue,
    rpc_queue,
)

AREA = "tangshan/lubei/xinhuadao"
SERVICES = [process.service for process in PROCESSES]


def test_names() -> None:
    assert "tangshan.lubei.xinhuadao.flood.condition_raised" == event_key(AREA, "flood", "condition_raised")
    assert "events.alarms.tangshan.lubei.xinhuadao" == event_queue("alarms", AREA).name
    assert (("city.events", "tangshan.lubei.xinhuadao.*.*"),) == event_queue("alarms", AREA).bindings
    assert "commands.flood.tangshan.lubei.xinhuadao" == command_queue("flood", AREA).name
    assert ["events.alarms.tangshan", "events.history.tangshan"] == [
        queue.name for queue in queues_that_keep(event_key("tangshan", "gateway", "signed_in"))
    ]


def allowed(pattern: str, name: str) -> bool:
    return re.search(pattern, name) is not None


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_gateway_may_write_commands(service: str) -> None:
    assert allowed(permissions(service).write, "city.commands") == (service == "gateway")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("other", SERVICES)
def test_nobody_touches_the_queues_of_another(service: str, other: str) -> None:
    granted = permissions(service)
    theirs = [event_queue(other, AREA), rpc_queue(other), reply_queue(other), command_queue(other, AREA)]
    for queue in [*theirs, lease_queue(other, AREA)]:
        for pattern in (granted.configure, granted.write, granted.read):
            if service != other:
                assert not allowed(pattern, queue.name)


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_may_use_the_default_exchange_or_change_what_is_shared(service: str) -> None:
    granted = permissions(service)
    assert not allowed(granted.write, "amq.default")
    for name in ("city.events", "city.commands", "city.telemetry", "city.parked"):
        assert not allowed(granted.configure, name)


def test_definitions_hold_no_password() -> None:
    described: dict[str, Any] = definitions({"flood": "secret-1", "operator": "secret-2"})
    assert "secret" not in str(described)
    users = {user["name"]: user for user in described["users"]}
    assert ([], ["administrator"]) == (users["flood"]["tags"], users["operator"]["tags"])
    salted = base64.b64decode(users["flood"]["password_hash"])
    assert salted[4:] == hashlib.sha256(salted[:4] + b"secret-1").digest()
    assert {"city.telemetry", "city.parked"} == {queue["name"] for queue in described["queues"]}


def test_the_same_password_never_looks_the_same() -> None:
    assert password_hash("a") != password_hash("a")


def test_pauses_grow_and_have_a_limit() -> None:
    retry = Retry(pause_s_min=0.5, pause_s_max=5)
    assert [0.5, 1.0, 2.0, 4.0, 5.0, 5.0] == [retry.pause_s(attempt) for attempt in range(1, 7)]
    assert 5.0 == retry.pause_s(100_000)
