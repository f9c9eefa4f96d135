"""`python3 -m infra.docker.make_secrets [FOLDER]`: the certificates and passwords of docker-compose.yml.

Needs Python and openssl, nothing else. Passwords and the authority are made once and kept; certificates are made anew
when they end within a month, so the command can be repeated, and is after a service was added.

The folder is closed to everybody else. The files in it that containers read are not, for each container runs as a
user of its own; only what compose mounts into a container can be seen there.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from infra.local.accounts import make_accounts
from infra.local.processes import CannotRun, program, write_secret
from shared.bus.topology import PROCESSES, definitions

FOLDER = Path(__file__).parent / "secrets"
SERVERS = ("broker", "database")
DATABASE = "urbanops"
CA_DAYS = 3650
CERTIFICATE_DAYS = 365
RENEW_BEFORE_S = 30 * 86_400
READABLE = 0o444
EXTENSIONS = "subjectAltName=DNS:{name},DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:false\n"


def make_secrets(folder: Path) -> None:
    """Raises CannotRun when openssl is missing or fails."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    services = [process.service for process in PROCESSES]
    passwords = _passwords(folder / "passwords.json", services)
    _authority(folder)
    for server in SERVERS:
        _certificate(folder, server)
    for name, content in _files(services, passwords).items():
        _write(folder / name, content)
    make_accounts(folder / "accounts")
    (folder / "accounts").chmod(READABLE)


def _passwords(path: Path, services: list[str]) -> dict[str, str]:
    """`broker.<service>`, `database.<service>`, and `database` for its administrator; the broker has none."""
    known: dict[str, str] = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    names = ["database", *(f"{server}.{service}" for server in SERVERS for service in services)]
    made = {name: secrets.token_urlsafe(32) for name in names if name not in known}
    if made:
        write_secret(path, json.dumps(known | made))
    return known | made


def _files(services: list[str], passwords: dict[str, str]) -> dict[str, str]:
    broker = {service: passwords[f"broker.{service}"] for service in services}
    files = {
        "definitions.json": json.dumps(definitions(broker)),
        "database_password": passwords["database"],
        "roles.sql": _roles({service: passwords[f"database.{service}"] for service in services}),
    }
    for service in services:
        files[f"{service}_amqp_uri"] = f"amqps://{service}:{broker[service]}@broker:5671/?cacertfile=/run/secrets/ca"
        files[f"{service}_database_url"] = (
            f"postgresql+psycopg://{service}:{passwords[f'database.{service}']}@database:5432/{DATABASE}"
            "?sslmode=verify-full&sslrootcert=/run/secrets/ca"
        )
    return files


def _roles(passwords: dict[str, str]) -> str:
    """What makes one role a service, each with a schema of its own and nothing else."""
    lines = [f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;", "REVOKE ALL ON SCHEMA public FROM PUBLIC;"]
    for service, password in passwords.items():
        lines += [
            f"CREATE ROLE {service} LOGIN PASSWORD '{password}';",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {service};",
            f"CREATE SCHEMA {service} AUTHORIZATION {service};",
        ]
    return "\n".join(lines) + "\n"


def _authority(folder: Path) -> None:
    """An authority for this city alone; its key is mounted nowhere."""
    if (folder / "ca.key").exists():
        return
    _openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", str(CA_DAYS), "-subj", "/CN=urbanops city authority", "-keyout", "ca.key", "-out", "ca.pem",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    (folder / "ca.key").chmod(0o600)
    (folder / "ca.pem").chmod(READABLE)


def _certificate(folder: Path, name: str) -> None:
    if (folder / f"{name}.pem").exists() and _still_good(folder / f"{name}.pem"):
        return
    for left_over in (folder / f"{name}.pem", folder / f"{name}.key"):
        left_over.unlink(missing_ok=True)
    (folder / "extensions").write_text(EXTENSIONS.format(name=name), encoding="ascii")
    _openssl(
        folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", "request",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-set_serial", str(secrets.randbits(120)), "-days", str(CERTIFICATE_DAYS), "-extfile", "extensions",
        "-out", f"{name}.pem",
    )  # fmt: skip
    for done in ("extensions", "request"):
        (folder / done).unlink()
    for made in (f"{name}.pem", f"{name}.key"):
        (folder / made).chmod(READABLE)


def _still_good(certificate: Path) -> bool:
    openssl = program("openssl", package="openssl")
    argv = [openssl, "x509", "-checkend", str(RENEW_BEFORE_S), "-noout", "-in", str(certificate)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0  # noqa: S603 - argv is our own


def _openssl(folder: Path, *arguments: str) -> None:
    argv = [program("openssl", package="openssl"), *arguments]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own argv
    if done.returncode != 0:
        raise CannotRun(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def _write(path: Path, content: str) -> None:
    """In place of the old one at once: a container that starts meanwhile reads one of the two."""
    new = path.with_name(path.name + ".new")
    write_secret(new, content)
    new.chmod(READABLE)
    os.replace(new, path)  # noqa: PTH105 - the one that is atomic


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else FOLDER
    try:
        make_secrets(folder)
    except CannotRun as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Secrets are in {folder}; the accounts of the first start in {folder / 'accounts'}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
