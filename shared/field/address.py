"""The address of a line, as the site file writes it.

    tcp://host:502                              Modbus TCP
    tls://host:802?ca=…&certificate=…&key=…     Modbus/TCP Security
    rtu:///dev/ttyS0?baud=9600&parity=N         serial line, RTU          ascii:///dev/ttyS0?baud=9600   ASCII
    rtu+tcp://host:8899                         RTU frames over TCP       ascii+tcp://host:8899
    sl651://0.0.0.0:5651                        an adapter's own frames; where devices report, we listen there

Each option is told in `docs/guides/integrator.md`, "Lines".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from shared.errors import Malformed
from shared.field.adapters.registry import adapter_names, load_adapter

ModbusFraming = Literal["tcp", "tls", "rtu", "ascii", "rtu+tcp", "ascii+tcp"]
Framing = Literal[ModbusFraming, "own"]
"""`own`: of the adapter's own making."""
Parity = Literal["N", "E", "O"]
PORT = 502
SECURITY_PORT = 802
"""Registered for Modbus/TCP Security (MB-TCP-Security v21)."""
KEY_FILES = ("ca", "certificate", "key")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a line leads: host and port for TCP, device path and character format for serial. Times in wall seconds."""

    framing: Framing
    host: str = ""
    port: int = PORT
    ca: Path | None = None
    """PEM file of the authorities that may vouch for the device; always there for `tls`."""
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""
    """The name that the device's certificate must carry; the host where it is not given."""
    device: str = ""
    baud: int = 9600
    data_bits: Literal[7, 8] = 8
    parity: Parity = "N"
    stop_bits: Literal[1, 2] = 1
    rs485: bool = False
    rts_before_s: float = 0.0
    rts_after_s: float = 0.0
    quiet_s: float | None = None
    """How long a unit that did not answer is left alone; None: as long as its timeout."""
    adapter: str = "modbus"

    @property
    def listens(self) -> bool:
        """Devices connect to us here and report."""
        return load_adapter(self.adapter).kind == "pushing"

    @property
    def character_s(self) -> float:
        """Seconds a character is on a serial wire: start bit, data bits, parity bit, stop bits."""
        bits = 1 + self.data_bits + (0 if self.parity == "N" else 1) + self.stop_bits
        return bits / self.baud if self.device else 0.0

    @property
    def frame_gap_s(self) -> float:
        """Silence between two frames of a serial line: 3.5 characters of 11 bits, 1.75 ms above 19200 baud (V1.02,
        2.5.1.1); a device may count 11 bits even where its characters have 10."""
        if not self.device:
            return 0.0
        return 3.5 * 11 / self.baud if self.baud <= 19_200 else 0.00175

    def __str__(self) -> str:
        scheme = self.adapter if self.framing == "own" else self.framing
        return f"{scheme}://{self.device or f'{self.host}:{self.port}'}"


def parse_address(text: str) -> Address:
    """The address a line's text names. Raises Malformed, with the option that is wrong and what was expected of it."""
    parts = urlsplit(text)
    if "udp" in parts.scheme:
        raise Malformed("line_address_udp", given=text)
    try:
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), keep_blank_values=True))
        if parts.scheme in ("rtu", "ascii") and (parts.netloc + parts.path).strip("/"):
            return _serial(parts.scheme, parts.netloc + parts.path, _Options(text, options))
        if parts.scheme in get_args(ModbusFraming) and parts.hostname and not parts.path.strip("/"):
            return _network(cast("Framing", parts.scheme), parts.hostname, parts.port, _Options(text, options))
        if parts.scheme in adapter_names() and parts.hostname and parts.port and not parts.path.strip("/"):
            _Options(text, options).end("no option")
            return Address("own", parts.hostname, parts.port, adapter=parts.scheme)
    except ValueError as error:
        raise Malformed("line_address_malformed", given=text) from error
    raise Malformed("line_address_malformed", given=text)


def in_folder(text: str, folder: Path) -> str:
    """The same address with the paths of its key files taken from `folder` where they are relative."""
    parts = urlsplit(text)
    if parts.scheme != "tls":
        return text
    options = [
        (name, str(folder.absolute() / value) if name in KEY_FILES else value) for name, value in parse_qsl(parts.query)
    ]
    return parts._replace(query=urlencode(options, safe="/:")).geturl()


class _Options:
    """What stands behind the question mark; each option is taken once, and none may be left."""

    def __init__(self, text: str, given: dict[str, str]) -> None:
        self._text = text
        self._given = given

    def take(self, name: str, otherwise: str) -> str:
        return self._given.pop(name, otherwise)

    def choose(self, name: str, otherwise: str, choices: tuple[str, ...]) -> str:
        value = self.take(name, otherwise)
        if value not in choices:
            raise self.wrong(name, value, " | ".join(choices))
        return value

    def number(self, name: str, otherwise: int, least: int, most: int) -> int:
        text = self.take(name, str(otherwise))
        if not text.isdecimal() or not least <= int(text) <= most:
            raise self.wrong(name, text, f"{least}-{most}")
        return int(text)

    def path(self, name: str) -> Path | None:
        value = self.take(name, "")
        return Path(value) if value else None

    def quiet_s(self) -> float | None:
        return self.number("quiet_ms", 0, 0, 60_000) / 1000 if "quiet_ms" in self._given else None

    def end(self, known: str) -> None:
        for name, value in self._given.items():
            raise self.wrong(name, value, known)

    def wrong(self, option: str, value: str, expected: str) -> Malformed:
        return Malformed("line_option_malformed", given=self._text, option=option, value=value, expected=expected)


def _network(framing: Framing, host: str, port: int | None, options: _Options) -> Address:
    if framing == "tls":
        ca, certificate, key = (options.path(name) for name in KEY_FILES)
        name = options.take("server_name", host)
        if ca is None:
            raise options.wrong("ca", "", "a PEM file of the authorities that vouch for the device")
        if key is not None and certificate is None:
            raise options.wrong("certificate", "", "a PEM file, for there is a key")
        options.end("ca, certificate, key, server_name")
        return Address(framing, host, port or SECURITY_PORT, ca, certificate, key, name)
    quiet_s = None if framing == "tcp" else options.quiet_s()
    options.end("no option" if framing == "tcp" else "quiet_ms")
    return Address(framing, host, port or PORT, quiet_s=quiet_s)


def _serial(framing: str, device: str, options: _Options) -> Address:
    """ASCII defaults to 7E1 as the standard does (serial line V1.02, 2.5.2); RTU to 8N1, as most devices come."""
    is_ascii = framing == "ascii"
    data_bits = options.choose("data_bits", "7" if is_ascii else "8", ("7", "8") if is_ascii else ("8",))
    rs485 = options.choose("rs485", "0", ("0", "1")) == "1"
    address = Address(
        "ascii" if is_ascii else "rtu",
        device=device,
        baud=options.number("baud", 9600, 300, 4_000_000),
        data_bits=7 if data_bits == "7" else 8,
        parity=cast("Parity", options.choose("parity", "E" if data_bits == "7" else "N", get_args(Parity))),
        stop_bits=1 if options.choose("stop_bits", "1", ("1", "2")) == "1" else 2,
        rs485=rs485,
        rts_before_s=options.number("rts_before_ms", 0, 0, 100) / 1000 if rs485 else 0.0,
        rts_after_s=options.number("rts_after_ms", 0, 0, 100) / 1000 if rs485 else 0.0,
        quiet_s=options.quiet_s(),
    )
    more = ", rts_before_ms, rts_after_ms" if rs485 else ""
    options.end(f"baud, data_bits, parity, stop_bits, quiet_ms, rs485{more}")
    return address
