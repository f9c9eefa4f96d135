"""The secrets of docker-compose.yml: made once, kept, closed to others, and each service with its own."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.docker.make_secrets import SERVERS, make_secrets
from shared.bus.topology import PROCESSES

SERVICES = [process.service for process in PROCESSES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "secrets"
    make_secrets(made)
    return made


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout


def test_only_the_owner_can_look_into_the_folder_and_its_authoritys_key_is_his_alone(folder: Path) -> None:
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    for name in ("ca.key", "passwords.json"):
        assert 0o600 == stat.S_IMODE((folder / name).stat().st_mode)


@pytest.mark.parametrize("server", SERVERS)
def test_a_servers_certificate_is_for_its_name_and_from_the_citys_authority(folder: Path, server: str) -> None:
    ca, certificate = str(folder / "ca.pem"), str(folder / f"{server}.pem")
    openssl("verify", "-CAfile", ca, "-purpose", "sslserver", "-verify_hostname", server, certificate)
    with pytest.raises(subprocess.CalledProcessError):
        openssl("verify", "-CAfile", ca, "-verify_hostname", "another", certificate)
    assert openssl("x509", "-in", certificate, "-pubkey", "-noout") == openssl(
        "pkey", "-in", str(folder / f"{server}.key"), "-pubout"
    )


def test_each_service_has_a_user_of_its_own_on_both_servers(folder: Path) -> None:
    users = json.loads((folder / "definitions.json").read_text())["users"]
    assert SERVICES == [user["name"] for user in users]
    assert all(user["tags"] == [] for user in users)
    roles = (folder / "roles.sql").read_text()
    for service in SERVICES:
        url = sa.make_url((folder / f"{service}_database_url").read_text())
        assert ("verify-full", "database", service) == (url.query["sslmode"], url.host, url.username)
        assert f"CREATE ROLE {service} LOGIN PASSWORD '{url.password}';" in roles
        assert (folder / f"{service}_amqp_uri").read_text().startswith(f"amqps://{service}:")
    passwords = json.loads((folder / "passwords.json").read_text())
    assert len(set(passwords.values())) == len(passwords)


def test_a_second_time_everything_stays_but_what_a_lost_certificate_needs(folder: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "definitions.json"}

    before = contents()
    make_secrets(folder)
    assert before == contents()
    (folder / "broker.pem").unlink()
    make_secrets(folder)
    after = contents()
    assert {"broker.pem", "broker.key"} == {name for name in after if after[name] != before[name]}
