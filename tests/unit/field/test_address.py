"""Addresses of lines: what each means, and that a wrong one names what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import Malformed
from shared.field.address import Address, in_folder, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://10.0.0.7", Address("tcp", "10.0.0.7", 502)),
        ("tcp://plc-7.city:1502/", Address("tcp", "plc-7.city", 1502)),
        ("tcp://[fd00::7]:1502", Address("tcp", "fd00::7", 1502)),
        ("rtu+tcp://10.0.0.8:8899", Address("rtu+tcp", "10.0.0.8", 8899)),
        ("ascii+tcp://10.0.0.8:8899?quiet_ms=400", Address("ascii+tcp", "10.0.0.8", 8899, quiet_s=0.4)),
        ("rtu:///dev/ttyS0", Address("rtu", device="/dev/ttyS0")),
        (
            "rtu:///dev/ttyS0?baud=19200&parity=E&stop_bits=2&quiet_ms=0",
            Address("rtu", device="/dev/ttyS0", baud=19200, parity="E", stop_bits=2, quiet_s=0.0),
        ),
        (
            "rtu:///dev/ttyS1?rs485=1&rts_before_ms=1&rts_after_ms=2",
            Address("rtu", device="/dev/ttyS1", rs485=True, rts_before_s=0.001, rts_after_s=0.002),
        ),
        ("ascii:///dev/ttyS0", Address("ascii", device="/dev/ttyS0", data_bits=7, parity="E")),
        ("ascii:///dev/ttyS0?data_bits=8", Address("ascii", device="/dev/ttyS0", data_bits=8)),
        (
            "tls://plc-7?ca=/keys/ca.pem&certificate=/keys/me.pem&key=/keys/me.key",
            Address("tls", "plc-7", 802, Path("/keys/ca.pem"), Path("/keys/me.pem"), Path("/keys/me.key"), "plc-7"),
        ),
        (
            "tls://10.0.0.7:8802?ca=/keys/ca.pem&server_name=plc-7.city",
            Address("tls", "10.0.0.7", 8802, Path("/keys/ca.pem"), server_name="plc-7.city"),
        ),
    ],
)
def test_an_address_says_where_a_line_leads_and_how_it_speaks(text: str, expected: Address) -> None:
    assert expected == parse_address(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://10.0.0.7", "tcp://host:502"),
        ("10.0.0.7", "tcp://host:502"),
        ("tcp://", "tcp://host:502"),
        ("tcp://10.0.0.7:99999", "tcp://host:502"),
        ("tcp://10.0.0.7/dev", "tcp://host:502"),
        ("rtu://", "tcp://host:502"),
        ("rtu:///dev/ttyS0?baud", "tcp://host:502"),
        ("udp://10.0.0.7:502", "there is no connection"),
        ("rtu+udp://10.0.0.7:502", "there is no connection"),
        ("tcp://10.0.0.7?baud=9600", "baud should be: no option"),
        ("rtu+tcp://10.0.0.7?baud=9600", "baud should be: quiet_ms"),
        ("rtu:///dev/ttyS0?baud=100", "baud should be: 300-4000000"),
        ("rtu:///dev/ttyS0?baud=fast", "baud should be: 300-4000000"),
        ("rtu:///dev/ttyS0?parity=M", "parity should be: N | E | O"),
        ("rtu:///dev/ttyS0?stop_bits=3", "stop_bits should be: 1 | 2"),
        ("rtu:///dev/ttyS0?data_bits=7", "data_bits should be: 8"),
        ("rtu:///dev/ttyS0?rs485=yes", "rs485 should be: 0 | 1"),
        ("rtu:///dev/ttyS0?rts_before_ms=1", "rts_before_ms should be: baud, data_bits, parity"),
        ("rtu:///dev/ttyS0?speed=1", "speed should be: baud, data_bits, parity"),
        ("rtu:///dev/ttyS0?quiet_ms=-1", "quiet_ms should be: 0-60000"),
        ("tls://10.0.0.7", "ca should be: a PEM file"),
        ("tls://10.0.0.7?ca=", "ca should be: a PEM file"),
        ("tls://10.0.0.7?ca=a.pem&key=k.pem", "certificate should be: a PEM file"),
        ("tls://10.0.0.7?ca=a.pem&verify=no", "verify should be: ca, certificate, key, server_name"),
    ],
)
def test_what_is_wrong_with_an_address_is_told(text: str, told: str) -> None:
    with pytest.raises(Malformed) as raised:
        parse_address(text)
    assert told in str(raised.value)
    assert text == raised.value.params["given"]


def test_key_files_are_taken_from_the_folder_of_the_site_unless_absolute() -> None:
    given = "tls://plc:802?ca=keys/ca.pem&certificate=/etc/keys/me.pem&key=keys/me.key&server_name=plc-7"
    found = parse_address(in_folder(given, Path("/site")))
    assert (Path("/site/keys/ca.pem"), Path("/etc/keys/me.pem"), Path("/site/keys/me.key")) == (
        found.ca,
        found.certificate,
        found.key,
    )
    assert "rtu:///dev/ttyS0?baud=9600" == in_folder("rtu:///dev/ttyS0?baud=9600", Path("/site"))


@pytest.mark.parametrize(
    ("text", "character_s", "gap_s"),
    [
        ("rtu:///dev/ttyS0?baud=9600", 10 / 9600, 3.5 * 11 / 9600),
        ("rtu:///dev/ttyS0?baud=19200&parity=E", 11 / 19200, 3.5 * 11 / 19200),
        ("rtu:///dev/ttyS0?baud=38400&stop_bits=2", 11 / 38400, 0.00175),
        ("ascii:///dev/ttyS0?baud=9600", 10 / 9600, 3.5 * 11 / 9600),
        ("rtu+tcp://10.0.0.8:8899", 0.0, 0.0),
    ],
)
def test_a_serial_address_says_how_long_a_character_and_a_gap_are(text: str, character_s: float, gap_s: float) -> None:
    address = parse_address(text)
    assert (pytest.approx(character_s), pytest.approx(gap_s)) == (address.character_s, address.frame_gap_s)
