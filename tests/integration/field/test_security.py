"""Modbus/TCP Security: both sides by certificate, and each way in which that fails is a link that is down."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from shared.field.address import parse_address
from shared.field.transports import LinkDown, NoAnswer, Transport, open_transport
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.faults.rig import rig
from tests.faults.values import registers


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def keys(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    master = authority.issue_cert("master.city.example")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    master.cert_chain_pems[0].write_to_path(folder / "master.pem")
    master.private_key_pem.write_to_path(folder / "master.key")
    return folder


@contextmanager
def device(authority: trustme.CA, *names: str, oldest: ssl.TLSVersion | None = None) -> Iterator[FaultyDevice]:
    """It wants a certificate of the same authority from whoever connects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    if oldest is not None:
        context.minimum_version = context.maximum_version = oldest
    found = FaultyDevice("mbap", Timing())
    with on_tcp(found, context) as port:
        found.address = f"tls://127.0.0.1:{port}"
        yield found


def connected(
    to: FaultyDevice, keys: Path, options: str = "ca=ca.pem&certificate=master.pem&key=master.key"
) -> Transport:
    text = f"{to.address}?" + options.replace("=ca", f"={keys}/ca").replace("=master", f"={keys}/master")
    return open_transport(parse_address(text))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_registers_are_read_and_written_within_tls(authority: trustme.CA, keys: Path, version: ssl.TLSVersion) -> None:
    with device(authority, "127.0.0.1", oldest=version) as plc:
        transport = connected(plc, keys)
        for address in range(5):
            assert registers(1, "holding", address, 100) == transport.read(1, "holding", address, 100, 2.0)
        transport.write(1, 6, 9, b"\x12\x34", 2.0)
        transport.close()
    assert ["0600091234"] == [pdu.hex() for pdu in plc.writes]
    assert 1 == plc.connections


def test_the_name_in_the_certificate_is_checked(authority: trustme.CA, keys: Path) -> None:
    own = "ca=ca.pem&certificate=master.pem&key=master.key"
    with device(authority, "plc-7.city.example") as plc:
        with pytest.raises(LinkDown, match="IP address mismatch"):
            connected(plc, keys, own).read(1, "holding", 0, 1, 2.0)
        with pytest.raises(LinkDown, match="Hostname mismatch"):
            connected(plc, keys, f"{own}&server_name=plc-8.city.example").read(1, "holding", 0, 1, 2.0)
        named = connected(plc, keys, f"{own}&server_name=plc-7.city.example")
        assert registers(1, "holding", 0, 1) == named.read(1, "holding", 0, 1, 2.0)
        named.close()


def test_a_device_that_nobody_vouches_for_is_not_spoken_to(keys: Path) -> None:
    with device(trustme.CA(), "127.0.0.1") as impostor:
        with pytest.raises(LinkDown, match="certificate verify failed"):
            connected(impostor, keys).read(1, "holding", 0, 1, 2.0)
        assert [] == list(impostor.heard)


def test_a_device_that_wants_a_certificate_gets_nothing_without_one(authority: trustme.CA, keys: Path) -> None:
    with device(authority, "127.0.0.1") as plc:
        with pytest.raises(LinkDown):
            connected(plc, keys, "ca=ca.pem").read(1, "holding", 0, 1, 2.0)
        assert [] == list(plc.heard)


def test_a_device_that_does_not_speak_tls_is_a_link_that_is_down(keys: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(connection.recv(7))

        answering = threading.Thread(target=answer)
        answering.start()
        plain = FaultyDevice("mbap", address=f"tls://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(LinkDown):
            connected(plain, keys).read(1, "holding", 0, 1, 0.5)
        answering.join()


def test_an_idle_connection_that_closed_costs_no_poll_within_tls_either(authority: trustme.CA, keys: Path) -> None:
    with device(authority, "127.0.0.1") as plc:
        transport = connected(plc, keys)
        transport.read(1, "holding", 0, 1, 2.0)
        plc.hang_up()
        assert registers(1, "holding", 3, 1) == transport.read(1, "holding", 3, 1, 2.0)
        plc.hang_up()
        transport.write(1, 6, 9, b"\x12\x34", 2.0)
        assert (3, 1) == (plc.connections, len(plc.writes))
        transport.close()


def test_a_late_answer_within_tls_answers_nothing_later(authority: trustme.CA, keys: Path) -> None:
    with device(authority, "127.0.0.1") as plc:
        transport = connected(plc, keys)
        transport.read(1, "holding", 0, 1, 2.0)
        plc.script.append("late")
        with pytest.raises(NoAnswer):
            transport.read(1, "holding", 100, 1, 0.06)
        assert registers(1, "holding", 200, 1) == transport.read(1, "holding", 200, 1, 2.0)
        transport.close()


def test_renewed_key_files_count_from_the_next_connection(authority: trustme.CA, keys: Path, tmp_path: Path) -> None:
    for name in ("ca.pem", "master.pem", "master.key"):
        (tmp_path / name).write_bytes((keys / name).read_bytes())
    with device(authority, "127.0.0.1") as plc:
        transport = connected(plc, tmp_path)
        transport.read(1, "holding", 0, 1, 2.0)
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
        transport.read(1, "holding", 0, 1, 2.0)
        transport.close()
        with pytest.raises(LinkDown, match="certificate verify failed"):
            transport.read(1, "holding", 0, 1, 2.0)


def test_an_encrypted_key_is_a_link_that_is_down_and_asks_nobody(
    authority: trustme.CA, keys: Path, tmp_path: Path
) -> None:
    key = serialization.load_pem_private_key((keys / "master.key").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "locked.key").write_bytes(locked)
    options = f"ca=ca.pem&certificate=master.pem&key={tmp_path}/locked.key"
    with device(authority, "127.0.0.1") as plc, pytest.raises(LinkDown, match="encrypted"):
        connected(plc, keys, options).read(1, "holding", 0, 1, 2.0)


GREENLETS = """
import eventlet; eventlet.monkey_patch()
import sys, time
from shared.field.address import parse_address
from shared.field.transports import LinkDown, NoAnswer, open_transport

address = sys.argv[1]
ticks = []
def tick():
    while True:
        began = time.monotonic(); eventlet.sleep(0.01); ticks.append(time.monotonic() - began)
eventlet.spawn(tick)
line = open_transport(parse_address(address))
for at in range(20):
    assert line.read(1, "holding", at, 1, 2.0) == (1 << 12 | at).to_bytes(2, "big")
line.write(1, 6, 9, b"\\x12\\x34", 2.0)
before = len(ticks)
try:
    line.read(1, "holding", 77, 1, 0.3)
except NoAnswer:
    pass
assert len(ticks) - before > 10, "others run while a line waits"
assert line.read(1, "holding", 5, 1, 2.0) == (1 << 12 | 5).to_bytes(2, "big")
line.close()
"""


@pytest.mark.parametrize("framing", ["tls", "tcp", "rtu"])
def test_lines_work_among_greenlets_and_let_others_run(framing: str, authority: trustme.CA, keys: Path) -> None:
    def run(address: str, plc: FaultyDevice) -> None:
        plc.plan[1, b"\x03\x00\x4d\x00\x01"] = "drop"
        done = subprocess.run([sys.executable, "-c", GREENLETS, address], capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stderr[-2000:]
        assert 1 == len(plc.writes)

    if framing == "tls":
        with device(authority, "127.0.0.1") as plc:
            run(f"{plc.address}?ca={keys}/ca.pem&certificate={keys}/master.pem&key={keys}/master.key", plc)
    else:
        with rig(framing) as (plc, _):  # type: ignore[arg-type]
            run(plc.address, plc)
