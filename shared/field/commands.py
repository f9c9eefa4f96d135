"""A command: what must hold before it, what is written, and what proves it. Pure; the engine does the writing.

Checked -> ledger row `sending` committed -> ONE write -> proof. After `sending` nothing is ever sent again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal, assert_never

from shared.contracts.message import Params, Reason, Scalar, Text
from shared.errors import Malformed
from shared.field.device_clock import written_fields
from shared.field.expression import Facts, Truth
from shared.field.profile import BIT_TABLES, CommandSpec, Handshake, Profile
from shared.field.registers import Codec
from shared.field.transports import WriteFunction


@dataclass(frozen=True, slots=True)
class Verified:
    """An independent feedback point agreed."""

    point: str
    value: Scalar
    duration_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The device said no, or the feedback never agreed."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Nobody knows whether the device acted."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Expired:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Cancelled:
    reason: Reason


Outcome = Verified | Failed | Refused | Unconfirmed | Expired | Cancelled
"""How a command ended: exactly one of these, matched with assert_never."""


_SAID_NO = ("device_exception", "handshake_refused")


def may_have_acted(outcome: Outcome) -> bool:
    """May the device have done what it was asked? A feedback that never agreed does not say that it has not."""
    match outcome:
        case Verified() | Unconfirmed():
            return True
        case Failed(reason=reason):
            return reason.code not in _SAID_NO
        case Refused() | Expired() | Cancelled():
            return False
        case never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Interlock:
    """One requirement as it stands; None: not known, which refuses like False."""

    message: Text
    holds: Truth
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Telegram:
    """The one write of a command, ready for the wire. Of function 22, `data` is the and-mask and the or-mask."""

    function: WriteFunction | Literal[22]
    address: int
    data: bytes


def interlocks(spec: CommandSpec, facts: Facts, params: Mapping[str, Scalar]) -> list[Interlock]:
    """Every requirement of a command as it stands now."""
    return [
        Interlock(
            requirement.message.text(),
            requirement.expr.truth(facts, params=params),
            tuple(sorted(requirement.expr.points)),
        )
        for requirement in spec.require
    ]


def find_busy(spec: CommandSpec, facts: Facts) -> Refused | None:
    """Does the device still work on an earlier handshake, for all that is known?"""
    handshake = spec.write.handshake
    if handshake is None or handshake.idle is None or facts.value(handshake.point) == handshake.idle:
        return None
    params: Params = {"point": handshake.point, "value": facts.value(handshake.point)}
    return Refused(Reason(code="handshake_busy", params=params))


def find_refusal(found: Sequence[Interlock]) -> Refused | None:
    """The first interlock that is not known to hold, as a refusal; None when all do."""
    for interlock in found:
        if interlock.holds is not True:
            code = "interlock_unknown" if interlock.holds is None else "interlock_open"
            return Refused(Reason(code=code, params={"zh": interlock.message["zh"], "en": interlock.message["en"]}))
    return None


def check_params(spec: CommandSpec, params: Params) -> None:
    """Raises Malformed unless the parameters are exactly what the command takes."""
    param = spec.write.param
    if param is None:
        if params:
            raise Malformed("command_takes_no_parameter", given=", ".join(params))
        return
    value = params.get("param")
    if set(params) != {"param"} or isinstance(value, bool | str) or value is None or not math.isfinite(value):
        raise Malformed("command_parameter_expected", min=param.min, max=param.max, step=param.step)
    steps = (value - param.min) / param.step
    if not param.min <= value <= param.max or abs(steps - round(steps)) > 1e-6:
        raise Malformed("command_parameter_expected", min=param.min, max=param.max, step=param.step)


def written_value(spec: CommandSpec, params: Mapping[str, Scalar]) -> Scalar:
    return spec.write.value if spec.write.param is None else params["param"]


def telegram(
    profile: Profile,
    spec: CommandSpec,
    params: Mapping[str, Scalar],
    at: datetime | None = None,
    zone: tzinfo = UTC,
) -> Telegram:
    """What goes over the wire. `at` and the site's `zone`: the time to which a clock is set.

    Raises Malformed when the registers cannot hold the value.
    """
    if spec.write.style == "clock":
        assert at is not None
        return Telegram(16, *written_fields(profile, at, zone))
    return _write_of(profile, spec, written_value(spec, params))


def reset_telegram(profile: Profile, spec: CommandSpec) -> Telegram:
    """What takes a pulse back."""
    return _write_of(profile, spec, not spec.write.value)


def _write_of(profile: Profile, spec: CommandSpec, value: Scalar) -> Telegram:
    point = profile.points[spec.point]
    function = spec.write.function
    if point.bit is not None:
        return Telegram(22, profile.wire_address(point), _masks(point.codec(profile.modbus), bool(value)))
    if point.table in BIT_TABLES:
        code: WriteFunction = 15 if function == 15 else 5
        return Telegram(code, profile.wire_address(point), bytes([int(bool(value))]))
    data = point.codec(profile.modbus).encode(value)
    code = 6 if function == 6 or (function == "auto" and len(data) == 2) else 16
    return Telegram(code, profile.wire_address(point), data)


def _masks(codec: Codec, value: bool) -> bytes:
    """And-mask and or-mask that set one bit of a register (V1.1b3, 6.16: (content AND and) OR (or AND NOT and))."""
    assert codec.bit is not None
    bit = (1 << codec.bit).to_bytes(2, codec.byte_order)
    keep = bytes(byte ^ 0xFF for byte in bit)
    return keep + (bit if value else b"\0\0")


@dataclass(slots=True)
class Verification:
    """Watches the feedback point after the write. Only readings taken after the write count."""

    spec: CommandSpec
    params: Mapping[str, Scalar]
    sent_at_s: float
    holding_since_s: float | None = None
    taken: bool = False
    """The device said in its handshake that it took the write."""

    def step(self, facts: Facts) -> Verified | Failed | None:
        """The outcome, or None while it is open. Called on each scan, and so at the latest when its time is up."""
        if self.spec.write.handshake is not None and not self.taken:
            failed = self._shake_hands(self.spec.write.handshake, facts)
            if failed is not None or not self.taken:
                return failed
        verify = self.spec.verify
        taken_at_s = facts.taken_at_s(verify.point)
        fresh = taken_at_s is not None and taken_at_s > self.sent_at_s
        params = {**self.params, "param": written_value(self.spec, self.params)}
        if fresh and verify.expression.truth(facts, params=params) is True:
            assert taken_at_s is not None
            if self.holding_since_s is None:
                self.holding_since_s = taken_at_s
            if taken_at_s - self.holding_since_s >= verify.hold:
                return Verified(verify.point, facts.value(verify.point), facts.now_s - self.sent_at_s)
        elif fresh:
            self.holding_since_s = None
        if facts.now_s - self.sent_at_s <= verify.within + verify.hold:
            return None
        value = facts.value(verify.point) if fresh else None
        code = "feedback_unknown" if value is None else "feedback_disagrees"
        return Failed(
            Reason(
                code=code,
                params={"point": verify.point, "value": value, "expect": verify.expect, "within_s": verify.within},
            )
        )

    def _shake_hands(self, handshake: Handshake, facts: Facts) -> Failed | None:
        taken_at_s = facts.taken_at_s(handshake.point)
        value = facts.value(handshake.point) if taken_at_s is not None and taken_at_s > self.sent_at_s else None
        if value == handshake.taken:
            self.taken = True
            return None
        params: Params = {"point": handshake.point, "value": value, "within_s": handshake.within}
        if value == handshake.refused:
            return Failed(Reason(code="handshake_refused", params=params))
        if facts.now_s - self.sent_at_s > handshake.within:
            return Failed(Reason(code="handshake_silent", params=params))
        return None
