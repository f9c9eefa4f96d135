"""A private RabbitMQ node: the locally installed server with every file, port and helper process of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from infra.local.processes import LOOPBACK, CannotRun, Child, free_ports, program, write_secret
from shared.bus.topology import definitions

BOOT_S_MAX = 60.0
STOP_S_MAX = 3.5
_EPMD_S_MAX = 5.0
_STARTS_MAX = 3
_USER = "urbanops"
_NODE = "urbanops@localhost"
_INSTEAD = ", or name a running broker in AMQP_URI"
_GREETING = b"AMQP\x00\x00\x09\x01"


class PrivateBroker:
    """One node whose state lives in `directory`; a second start there goes on with the queues of the first.

    The ports are chosen at the first start of this object and kept, so that clients find the node again after a
    `restart` or a `kill`. The epmd (Erlang's port mapper) is our own child too, and ends with `stop`.
    """

    def __init__(self, directory: Path, *, services: Sequence[str] = (), vhosts: Sequence[str] = ("/",)) -> None:
        """`services`: each gets a user of its own with only the permissions that `shared/bus/topology` gives it."""
        self._directory = directory.resolve()
        self._services = services
        self._vhosts = vhosts
        self._ports: tuple[int, int, int] | None = None
        self._epmd: Child | None = None
        self._node: Child | None = None

    @property
    def amqp_uri(self) -> str:
        """Where clients connect, as the administrator of the node; known after the first start."""
        return self.uri_for(_USER)

    def uri_for(self, user: str, vhost: str = "/") -> str:
        """Where a service connects as itself."""
        if self._ports is None:
            raise RuntimeError("the broker has no address before its first start")
        return f"amqp://{user}:{self._passwords()[user]}@{LOOPBACK}:{self._ports[0]}/{vhost}"

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in (self._epmd, self._node) if child is not None]

    def is_running(self) -> bool:
        return self._node is not None and self._node.exit_code() is None

    def start(self) -> None:
        """Returns when AMQP connections are answered. Raises CannotRun."""
        if self.is_running():
            return
        chosen_before = self._ports is not None
        for attempt in range(1, _STARTS_MAX + 1):
            if self._ports is None:
                amqp, dist, epmd = free_ports(3)
                self._ports = (amqp, dist, epmd)
            try:
                self._launch()
                self._wait_until_it_answers()
            except CannotRun:
                self.stop()
                if chosen_before or attempt == _STARTS_MAX:
                    raise
                self._ports = None  # somebody may have taken one of the ports in between
            else:
                return

    def stop(self) -> None:
        """Lets the node write what it holds, then ends it and its epmd."""
        if self._node is not None:
            self._node.stop(within_s=STOP_S_MAX)
            self._node = None
        if self._epmd is not None:
            self._epmd.stop(within_s=1)
            self._epmd = None

    def kill(self) -> None:
        """Ends the node as a power cut would; `start` brings it back on the same ports.

        RabbitMQ 3.10 writes the register of its quorum queues and streams with a delay of 3 s: a queue declared less
        than that before the kill comes back without a leader, and never gets one. A stream is `home node down` for
        about a second after such a start.
        """
        if self._node is not None:
            self._node.kill()
            self._node = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> PrivateBroker:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _launch(self) -> None:
        server = _server()
        environment = self._environment()
        self._write_configuration()
        if self._epmd is None or self._epmd.exit_code() is not None:
            epmd = program("epmd", package="erlang-base", instead=_INSTEAD)
            self._epmd = Child("epmd", [epmd], log=self._log, env=environment, death_signal="KILL")
            self._wait_for_epmd()
        self._node = Child("rabbitmq", [server], log=self._log, env=environment, cwd=self._directory)

    @property
    def _log(self) -> Path:
        return self._directory / "console.log"

    def _passwords(self) -> dict[str, str]:
        """By user; made once, kept for the next start, extended when a service is new."""
        path = self._directory / "passwords.json"
        known: dict[str, str] = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
        new = [user for user in (_USER, *self._services) if user not in known]
        if new:
            known |= {user: secrets.token_urlsafe(24) for user in new}
            write_secret(path, json.dumps(known))
        return known

    def _write_configuration(self) -> None:
        assert self._ports is not None
        lines = [
            f"listeners.tcp.1 = {LOOPBACK}:{self._ports[0]}",
            f"default_user = {_USER}",
            f"default_pass = {self._passwords()[_USER]}",
            "vm_memory_high_watermark.absolute = 512MB",
            "disk_free_limit.absolute = 200MB",
            # The write-ahead log of the quorum queues is held in memory: 512 MB by default.
            "raft.wal_max_size_bytes = 16777216",
            "log.console = true",
            "log.file = false",
        ]
        if self._services:
            users = {user: password for user, password in self._passwords().items() if user in (_USER, *self._services)}
            write_secret(self._directory / "definitions.json", json.dumps(definitions(users, self._vhosts)))
            lines.append(f"load_definitions = {self._directory / 'definitions.json'}")
        write_secret(self._directory / "rabbitmq.conf", "\n".join(lines) + "\n")
        (self._directory / "enabled_plugins").write_text("[].\n", encoding="ascii")
        (self._directory / "environment.conf").touch()

    def _environment(self) -> dict[str, str]:
        assert self._ports is not None
        _amqp, dist, epmd = self._ports
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))}
        mine = self._directory
        for folder in (mine / "mnesia", mine / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        return inherited | {
            "HOME": str(mine),  # the Erlang cookie is made and kept here
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_ALLOW_INPUT": "1",  # no shell stays between us and the node, so signals reach it
            "RABBITMQ_CONF_ENV_FILE": str(mine / "environment.conf"),
            "RABBITMQ_CONFIG_FILE": str(mine / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(mine / "advanced.config"),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(mine / "enabled_plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(mine / "feature_flags"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(mine / "generated"),
            "RABBITMQ_LOG_BASE": str(mine / "log"),
            "RABBITMQ_MAX_NUMBER_OF_PROCESSES": "65536",
            "RABBITMQ_MNESIA_BASE": str(mine / "mnesia"),
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_PID_FILE": str(mine / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-noinput -start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +SDcpu 1:1 +SDio 2 +A 4"
            ),
        }

    def _wait_for_epmd(self) -> None:
        """The node asks the port mapper once, at its start, and gives up when nobody is there yet."""
        assert self._ports is not None
        ends_at = time.monotonic() + _EPMD_S_MAX
        while not _listens(self._ports[2]):
            if time.monotonic() > ends_at or self._epmd is None or self._epmd.exit_code() is not None:
                raise CannotRun(f"Erlang's port mapper (epmd) did not start: see {self._log}.")
            time.sleep(0.02)

    def _wait_until_it_answers(self) -> None:
        assert self._node is not None
        assert self._ports is not None
        ends_at = time.monotonic() + BOOT_S_MAX
        while time.monotonic() < ends_at:
            if self._node.exit_code() is not None:
                raise CannotRun(f"The private RabbitMQ node did not start: see {self._log}.")
            if _answers(self._ports[0]):
                return
            time.sleep(0.05)
        raise CannotRun(f"The private RabbitMQ node did not answer within {BOOT_S_MAX:.0f} s: see {self._log}.")


def _server() -> str:
    """Debian's /usr/sbin/rabbitmq-server changes the user and the environment; the script behind it does not."""
    plain = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return str(plain) if plain.exists() else program("rabbitmq-server", package="rabbitmq-server", instead=_INSTEAD)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def _answers(port: int) -> bool:
    """True when something greets us with the first frame of an AMQP 0-9-1 connection."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(_GREETING)
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
