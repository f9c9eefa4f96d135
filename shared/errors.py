"""The four ways in which something can go wrong that is not our bug.

An error carries a code and parameters; `shared/messages` holds its sentence in both languages. Anything that is not a
PlatformError is a defect: it is logged, parked where it came by the bus, and alarmed, never swallowed.
"""

from __future__ import annotations

from typing import ClassVar

from shared.contracts.message import Params, Scalar
from shared.messages import sentence


class PlatformError(Exception):
    """Base of every expected error; `status` is its HTTP status."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, /, **params: Scalar) -> None:
        self.code = code
        self.params: Params = params
        super().__init__(sentence(code, params)["en"])


class Refused(PlatformError):
    """The state of things forbids it now; acknowledged, with the reason."""

    status = 409


class Forbidden(Refused):
    """This person may not do that."""

    status = 403


class Missing(PlatformError):
    """There is no such thing."""

    status = 404


class Unavailable(PlatformError):
    """Something we need is away; worth a retry, a bounded number of times."""

    status = 503


class Malformed(PlatformError):
    """The input is not what it must be; a retry cannot help. The params name where and what was expected."""

    status = 422
