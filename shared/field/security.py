"""The keys of Modbus/TCP Security: TLS 1.2 or later, both sides by certificate (MB-TCP-Security v21)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from shared.field.address import Address


def client_context(address: Address) -> ssl.SSLContext:
    """What a connection to this address is made with: the device must be vouched for and bear the expected name.

    Raises OSError (SSLError is one) when a file is missing, unreadable, or not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=address.ca)
    if address.certificate is not None:
        context.load_cert_chain(address.certificate, address.key, password=_no_password)
    return context


def key_mistakes(address: Address) -> Iterator[str]:
    """What is wrong with the key files of an address, as `option: what was expected`."""
    for option, path, what in (
        ("ca", address.ca, "PEM certificates of authorities"),
        ("certificate", address.certificate, "a PEM certificate"),
        ("key", address.key, "a PEM private key"),
    ):
        if path is not None:
            try:
                path.read_bytes()
            except OSError as error:
                yield f"{option}: {what} that can be read ({error.strerror}: {path})"
                return
    try:
        client_context(address)
    except OSError as error:
        yield f"ca, certificate, key: PEM files that fit together, the key without a password ({error})"


def _no_password() -> str:
    """Called for an encrypted key: a service has nobody who could be asked."""
    raise ssl.SSLError("the private key is encrypted")
