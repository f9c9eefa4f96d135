"""The control socket of the simulator: one JSON object a line each way, and the client that tests and commands use."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError, validate_call

from infra.simulator.controls import ControlRefused, Controls

SOCKET = "control.sock"
_LINE_BYTES_MAX = 64 * 1024
_ANSWER_S_MAX = 60.0


class SimulatorRefused(Exception):
    """The simulator says why not, in one sentence."""


class SimulatorAway(Exception):
    """No simulator answers in this folder."""


class ControlServer:
    """Listens in `folder` while it is entered."""

    def __init__(self, folder: Path, controls: Controls) -> None:
        self._folder = folder
        self._controls = controls
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ControlServer:
        with _short_path(self._folder) as path:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=_LINE_BYTES_MAX)
        (self._folder / SOCKET).chmod(0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        (self._folder / SOCKET).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            return  # the client went away, or sent a line that is too long: it is not answered
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            name, given = request.pop("do"), request
        except (ValueError, KeyError, TypeError, AttributeError):
            return {"ok": False, "error": 'A request is a JSON object with the command in "do".'}
        command = getattr(self._controls, name, None) if isinstance(name, str) and not name.startswith("_") else None
        if command is None:
            return {"ok": False, "error": f"There is no command {name}."}
        try:
            return {"ok": True, "result": await validate_call(command)(**given)}
        except ControlRefused as refused:
            return {"ok": False, "error": str(refused)}
        except ValidationError as error:
            mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            return {"ok": False, "error": f"The command {name} was given wrongly: {mistakes}."}


class SimulatorClient:
    """Talks to the simulator whose DATA_DIR is `data_dir`. Every method returns when the thing is done."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "simulator"

    def do(self, command: str, **arguments: object) -> dict[str, Any]:
        """Raises SimulatorRefused, SimulatorAway."""
        try:
            with _short_path(self._folder) as path, socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_S_MAX)
                connection.connect(path)
                connection.sendall(json.dumps({"do": command, **arguments}).encode() + b"\n")
                answer = connection.makefile("rb").readline()
        except TimeoutError:
            raise SimulatorAway(f"The simulator did not answer within {_ANSWER_S_MAX:g} s.") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise SimulatorAway(f"No simulator runs with the folder {self._folder.parent}.") from None
        except OSError as error:
            raise SimulatorAway(f"The simulator cannot be reached: {error}.") from error
        if not answer:
            raise SimulatorAway("The simulator stopped before it answered.")
        reply = json.loads(answer)
        if not reply["ok"]:
            raise SimulatorRefused(reply["error"])
        result: dict[str, Any] = reply["result"]
        return result

    def storm(self, return_period: float, *, at_minute: float = 0.0, catchment: str | None = None) -> dict[str, Any]:
        return self.do("storm", return_period=return_period, at_minute=at_minute, catchment=catchment)

    def stop_storm(self, catchment: str | None = None) -> dict[str, Any]:
        return self.do("stop_storm", catchment=catchment)

    def trip_pump(self, station: str, pump: str | int = "running", fault: str = "overload") -> int:
        """Returns the number of the pump that tripped, from 1."""
        return int(self.do("trip_pump", station=station, pump=pump, fault=fault)["pump"])

    def freeze_sensor(self, station: str, *, broken: bool = False) -> dict[str, Any]:
        return self.do("freeze_sensor", station=station, broken=broken)

    def cut_line(self, line: str) -> dict[str, Any]:
        return self.do("cut_line", line=line)

    def slow_line(self, line: str, delay_s: float) -> dict[str, Any]:
        return self.do("slow_line", line=line, delay_s=delay_s)

    def key_to_local(self, station: str) -> dict[str, Any]:
        return self.do("key_to_local", station=station)

    def key_to_remote(self, station: str) -> dict[str, Any]:
        return self.do("key_to_remote", station=station)

    def contact(self, station: str, name: str, *, on: bool) -> dict[str, Any]:
        return self.do("contact", station=station, name=name, on=on)

    def restore(self, thing: str = "everything") -> dict[str, Any]:
        return self.do("restore", thing=thing)

    def rate(self, rate: float) -> dict[str, Any]:
        return self.do("rate", rate=rate)

    def status(self) -> dict[str, Any]:
        return self.do("status")


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """A path to the socket that fits the 108 bytes of an address, however deep the folder lies."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
