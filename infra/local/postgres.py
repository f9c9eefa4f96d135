"""A private PostgreSQL cluster for tests: the locally installed server on a loopback port, never the system's own."""

from __future__ import annotations

import getpass
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from infra.local.processes import LOOPBACK, CannotRun, Child, free_ports, program, write_secret

START_S_MAX = 30.0
STOP_S_MAX = 5.0
_ROLE = "urbanops"


class PrivateDatabase:
    """One cluster with a database `urbanops`. PostgreSQL refuses to run as root, so root lends it the user `postgres`
    and a folder of its own under the system's folder for temporary files; anybody else keeps it in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._lent = os.geteuid() == 0
        self._cluster: Path | None = None
        self._server: Child | None = None
        self._port: int | None = None
        self._password = secrets.token_urlsafe(16)

    @property
    def database_url(self) -> str:
        if self._port is None:
            raise RuntimeError("the database has no address before its first start")
        return f"postgresql+psycopg://{_ROLE}:{self._password}@{LOOPBACK}:{self._port}/{_ROLE}"

    @property
    def pids(self) -> list[int]:
        return [] if self._server is None else [self._server.pid]

    def start(self) -> None:
        """Returns when connections are answered. Raises CannotRun."""
        if self._server is not None:
            return
        server = program("postgres", package="postgresql")
        if self._cluster is None:
            self._cluster = self._make_cluster()
            self._port = free_ports(1)[0]
        argv = [
            server, "-D", str(self._cluster / "data"), "-p", str(self._port), "-h", LOOPBACK,
            "-k", str(self._cluster), "-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "max_connections=60",
        ]  # fmt: skip
        self._server = Child(
            "postgres", [*self._as_owner(), *argv], log=self._log, cwd=self._cluster, stop_signal=signal.SIGINT
        )
        try:
            self._wait_until_it_answers()
        except CannotRun:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server; the cluster stays until `remove`."""
        if self._server is not None:
            self._server.stop(within_s=STOP_S_MAX)
            self._server = None

    def kill(self) -> None:
        """Ends the server and its workers as a power cut would."""
        if self._server is not None:
            self._server.kill()
            self._server = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stops the server and deletes the cluster."""
        self.stop()
        if self._cluster is not None:
            shutil.rmtree(self._cluster)
            self._cluster = None

    def __enter__(self) -> PrivateDatabase:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.remove()

    @property
    def _log(self) -> Path:
        return self._directory / "postgres.log"

    def _as_owner(self) -> list[str]:
        if not self._lent:
            return []
        setpriv = program("setpriv", package="util-linux")
        # Giving up root clears the death signal that Child asked for, so it is asked for again.
        return [setpriv, "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--pdeathsig", "INT"]

    def _make_cluster(self) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        if self._lent:
            owner = _postgres_user()
            cluster = Path(tempfile.mkdtemp(prefix="urbanops-postgres-"))
            os.chown(cluster, owner.pw_uid, owner.pw_gid)
        else:
            cluster = Path(tempfile.mkdtemp(prefix="cluster-", dir=self._directory))
        secret = cluster / "password"
        write_secret(secret, self._password)
        if self._lent:
            shutil.chown(secret, "postgres", "postgres")
        initdb = program("initdb", package="postgresql")
        made = subprocess.run(  # noqa: S603 - argv is our own
            [*self._as_owner(), initdb, "-D", str(cluster / "data"), "-U", _ROLE, "-A", "scram-sha-256",
             "--pwfile", str(secret), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            cwd=cluster, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise CannotRun(f"initdb could not make a PostgreSQL cluster: {made.stderr.strip().splitlines()[-1]}")
        return cluster

    def _wait_until_it_answers(self) -> None:
        assert self._server is not None
        assert self._cluster is not None
        createdb = program("createdb", package="postgresql-client")
        environment = os.environ | {"PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "2"}
        ends_at = time.monotonic() + START_S_MAX
        while time.monotonic() < ends_at and self._server.exit_code() is None:
            if _accepts(self._port or 0):
                made = subprocess.run(  # noqa: S603 - argv is our own
                    [createdb, "-h", LOOPBACK, "-p", str(self._port), "-U", _ROLE, _ROLE],
                    env=environment, capture_output=True, text=True, check=False,
                )  # fmt: skip
                if made.returncode == 0 or "already exists" in made.stderr:
                    return
            time.sleep(0.05)
        raise CannotRun(f"The private PostgreSQL server did not start (as {getpass.getuser()}): see {self._log}.")


def _postgres_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise CannotRun("There is no user postgres: install the Debian package postgresql.") from None


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
