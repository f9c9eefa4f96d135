"""docker-compose.yml: valid by the compose specification, and strict beyond it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.bus.topology import PROCESSES
from shared.site import load_site

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {process.service for process in PROCESSES}
PARTS = {"broker", "database", "simulator", *SERVICES}
_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")


def _interpolated(thing: Any) -> Any:
    """With the default of each variable, as when nothing is set."""
    match thing:
        case dict():
            return {key: _interpolated(value) for key, value in thing.items()}
        case list():
            return [_interpolated(value) for value in thing]
        case str():
            return _DEFAULT.sub(r"\1", thing)
        case _:
            return thing


COMPOSE: dict[str, Any] = _interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_follows_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(COMPOSE)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({"services": {"broker": {"imagine": "rabbitmq"}}})


def test_it_is_the_same_city_as_the_one_that_runs_without_containers() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert {*folders, "gateway"} == SERVICES
    assert PARTS == set(CONTAINERS)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    container = CONTAINERS[name]
    user, group = container["user"].split(":")
    assert "0" not in (user, group)
    assert container["read_only"] is True
    assert ["ALL"] == container["cap_drop"]
    assert "no-new-privileges:true" in container["security_opt"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(container)
    assert container["mem_limit"]
    assert container["pids_limit"]
    for mount in container["volumes"]:
        source, _, options = mount.partition(":")
        assert "docker.sock" not in mount
        assert not source.startswith((".", "/")) or options.endswith(":ro"), mount


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_container_says_how_it_is_and_comes_back(name: str) -> None:
    container = CONTAINERS[name]
    assert "unless-stopped" == container["restart"]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(container["healthcheck"])
    assert "NONE" not in container["healthcheck"]["test"]


def test_only_the_gateway_is_reached_from_outside_and_only_from_this_machine_unless_told_otherwise() -> None:
    assert {"gateway"} == {name for name, container in CONTAINERS.items() if "ports" in container}
    assert ["127.0.0.1:8080:8000"] == CONTAINERS["gateway"]["ports"]


def test_networks_are_apart() -> None:
    on = {name: set(container["networks"]) for name, container in CONTAINERS.items()}
    assert {"flood", "simulator"} == {name for name in on if "field" in on[name]}
    assert {"gateway"} == {name for name in on if "front" in on[name]}
    assert {"bus"} == on["broker"] == on["database"] == on["alarms"] == on["history"]
    assert all(COMPOSE["networks"][name]["internal"] for name in ("field", "bus"))


def test_versions_are_named() -> None:
    dockerfile = (ROOT / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^ARG \w+_IMAGE=(\S+)$", dockerfile, re.MULTILINE)
    assert 2 == len(bases)
    for image in [*(container["image"] for container in CONTAINERS.values()), *bases]:
        _, _, tag = image.partition(":")
        assert tag[:1].isdigit() or re.search(r"\d", tag), image
        assert "latest" not in image
    for base in bases:
        assert base in CONTAINERS["gateway"]["build"]["args"].values()


def test_secrets_come_from_files_and_each_container_sees_its_own() -> None:
    for name, container in CONTAINERS.items():
        environment = container.get("environment", {})
        hidden = {key for key in environment if re.search("PASS|SECRET|AMQP_URI|DATABASE_URL", key)}
        assert all(key.endswith("_FILE") for key in hidden), hidden
        for secret in container.get("secrets", []):
            assert secret["source"] == "ca" or secret["source"].startswith((f"{name}_", "accounts")), (name, secret)
    mounted = {secret["source"] for container in CONTAINERS.values() for secret in container.get("secrets", [])}
    assert mounted == set(COMPOSE["secrets"])
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    assert "infra/docker/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_no_line_of_the_site_is_serial_there() -> None:
    pairs = dict(item.split("=", 1) for item in CONTAINERS["flood"]["environment"]["SITE_VARIABLES"].split(","))
    lines = load_site(ROOT / "infra/sites/tangshan", pairs).lines
    assert {"tcp", "rtu+tcp", "sl651"} == {line.address.partition("://")[0] for line in lines}
    assert len({line.address for line in lines}) == len(lines)
    asked = [line.address for line in lines if not line.address.startswith("sl651:")]
    assert all("//simulator:" in address for address in asked)


def test_stations_call_where_flood_control_listens() -> None:
    found = {}
    for name in ("flood", "simulator"):
        pairs = dict(item.split("=", 1) for item in CONTAINERS[name]["environment"]["SITE_VARIABLES"].split(","))
        found[name] = load_site(ROOT / "infra/sites/tangshan", pairs).lines_by_id["hydrology"].address
    assert {"flood": "sl651://0.0.0.0:15027", "simulator": "sl651://flood:15027"} == found
    assert set(CONTAINERS["flood"]["networks"]) & set(CONTAINERS["simulator"]["networks"])


def test_the_clock_is_written_by_the_simulator_alone() -> None:
    for name in {"simulator", *SERVICES}:
        mount = next(each for each in CONTAINERS[name]["volumes"] if each.startswith("clock:"))
        assert mount.endswith(":ro") == (name != "simulator")
