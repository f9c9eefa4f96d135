"""A profile's command from a laptop: interlocks, one write, proof. The rules are those of the services.

The master's counter is never moved from here. While a service moves it, the command belongs to that service.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

import typer
from rich.console import Console
from rich.table import Table

from shared.cli.field.device import describe, fail
from shared.cli.field.points import lone_scanner, shown_value
from shared.contracts.message import Params
from shared.field.address import Address
from shared.field.columns import NEVER
from shared.field.commands import (
    Failed,
    Interlock,
    Telegram,
    Verification,
    Verified,
    check_params,
    find_busy,
    find_refusal,
    interlocks,
    reset_telegram,
    telegram,
)
from shared.field.device_clock import read_drift
from shared.field.image import ImageFacts
from shared.field.profile import CommandSpec, Profile
from shared.field.scanner import Scanner
from shared.field.transports import DeviceException, Transport, TransportError
from shared.messages import sentence

SETTLE_S = 10.0
"""So long an interlock may need to become known: `changed_within` must have seen a change."""
LOOK_EVERY_S = 0.25
COUNTER_WATCHED = 1.5
"""The master's counter is watched for so many of its periods."""
COUNTER_WATCHED_S_MAX = 30.0


def carry_out(
    transport: Transport, line: Address, unit: int, profile: Profile, name: str, param: float | None, *, yes: bool
) -> None:
    """Ends with exit code 1 unless the proof agreed. Raises Malformed when the parameter is not what it takes."""
    spec = profile.commands[name]
    params: Params = {} if param is None else {"param": param}
    check_params(spec, params)
    if spec.point in profile.computed:
        fail(f"{name} writes {spec.point}, which the service keeps: there is nothing to write in the device")
    hand = _Hand(lone_scanner(profile, unit, transport), spec, params)
    hand.settle()
    hand.show(_telegram(profile, spec, params), line, unit)
    hand.refuse_or_go_on()
    hand.look_for_another_master(profile)
    if not yes:
        typer.confirm("Is nobody in danger, and nobody else operates it?", abort=True)
        hand.look()
        hand.refuse_or_go_on()
    hand.write_once(_telegram(profile, spec, params), line)


def _telegram(profile: Profile, spec: CommandSpec, params: Params) -> Telegram:
    """A clock is set to the time of this machine, in its zone."""
    return telegram(profile, spec, params, datetime.now(UTC), _zone())


def _zone() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone


class _Hand:
    """One command on its way."""

    def __init__(self, scanner: Scanner, spec: CommandSpec, params: Params) -> None:
        self._scanner, self._spec, self._params = scanner, spec, params
        self._profile = scanner.image.profile
        self._facts = ImageFacts(scanner.image)

    def look(self, points: Iterable[str] | None = None) -> None:
        """Read the poll groups of these points, or all."""
        wanted = set(self._profile.points if points is None else points)
        clock = self._profile.clock
        if clock is not None and clock.drift in wanted:
            wanted.update(name for _, name in clock.fields())
        for group in dict.fromkeys(point.poll for name, point in self._profile.points.items() if name in wanted):
            self._scanner.poll(group)
        if clock is not None:
            image = self._scanner.image
            image.compute(clock.drift, read_drift(image, clock, _zone()), time.time())
        self._facts.now_s = time.time()

    def settle(self) -> None:
        """Read everything, and what the interlocks need until it is known."""
        image = self._scanner.image
        self.look()
        if not image.is_read():
            fail("Nothing could be read of the device: nothing is written. See `urbanops field read` and `trace`")
        image.changed_at_s.fill(NEVER)  # the first reading of a value is no change of it
        points = {name for each in self._spec.require for name in each.expr.points}
        ends_at = time.monotonic() + SETTLE_S
        while time.monotonic() < ends_at and any(each.holds is None for each in self._interlocks()):
            if not points <= set(self._profile.points):
                return  # the service computes it: it will not be known here
            time.sleep(LOOK_EVERY_S)
            self.look(points)

    def show(self, message: Telegram, line: Address, unit: int) -> None:
        spec, image = self._spec, self._scanner.image
        typer.echo(f"{spec.title.zh} {spec.title.en} (risk {spec.risk}) at unit {unit} on {line}")
        table = Table("interlock", "holds", "values")
        for each in self._interlocks():
            values = [f"{name} = {shown_value(image.value(image.index[name]))}" for name in each.points]
            holds = {True: "yes", False: "NO", None: "not known"}[each.holds]
            table.add_row(f"{each.message['zh']} {each.message['en']}", holds, ", ".join(values))
        if spec.require:
            Console(width=None if Console().is_terminal else 110).print(table, markup=False)
        verify = spec.verify
        wanted = verify.expect if verify.expect is not None else f"within {verify.tolerance:g} of the value"
        hold = f", for {verify.hold:g} s" if verify.hold else ""
        typer.echo(f"Write  function {message.function}, address {message.address}, data {message.data.hex().upper()}")
        typer.echo(f"Proof  {verify.point} {wanted} within {verify.within:g} s{hold}")

    def refuse_or_go_on(self) -> None:
        if self._scanner.wrong_device:
            fail("It is another device than the profile expects: nothing is written")
        refusal = find_busy(self._spec, self._facts) or find_refusal(self._interlocks())
        if refusal is not None:
            fail(f"Refused: {sentence(refusal.reason.code, refusal.reason.params)['en']}")

    def look_for_another_master(self, profile: Profile) -> None:
        """A counter that moves is a service at work: its operators operate the device."""
        watch = profile.watchdog
        if watch is None:
            return
        image, at = self._scanner.image, self._scanner.image.index[watch.write]
        seconds = min(COUNTER_WATCHED * watch.every, COUNTER_WATCHED_S_MAX)
        typer.echo(f"Watching {watch.write} for {seconds:g} s: does another master move it?")
        before, ends_at = image.value(at), time.monotonic() + seconds
        while time.monotonic() < ends_at:
            time.sleep(min(LOOK_EVERY_S, seconds))
            self.look([watch.write])
            if image.value(at) != before or image.value(at) is None:
                fail(
                    f"{watch.write} moves, or cannot be read: another master is at work. Operate from its screens, "
                    "or stop it first"
                )

    def write_once(self, message: Telegram, line: Address) -> None:
        answered, reset_at = True, time.monotonic() + (self._spec.write.reset_after or 0.0)
        sent_at_s = time.time()
        try:
            self._scanner.write(message)
        except DeviceException as error:
            if error.code != 5:  # acknowledge: it takes long, and the proof tells
                fail(f"Nothing was done. {describe(error, line)}")
        except TransportError as error:
            answered = False
            typer.echo(f"Not answered, and not sent again. {describe(error, line)}", err=True)
        outcome = self._prove(sent_at_s, reset_at)
        if isinstance(outcome, Verified):
            value = shown_value(outcome.value, self._profile.points.get(outcome.point))
            typer.echo(f"Verified: {outcome.point} is {value}, after {outcome.duration_s:.1f} s")
            return
        told = sentence(outcome.reason.code, outcome.reason.params)["en"]
        fail(f"Failed: {told}" if answered else f"Unconfirmed, nobody knows whether the device acted: {told}")

    def _prove(self, sent_at_s: float, reset_at: float) -> Verified | Failed:
        """Read until the proof agrees or its time is up; take a pulse back when its time is over."""
        spec, outcome = self._spec, None
        proof = Verification(spec, self._params, sent_at_s)
        reset_open = spec.write.reset_after is not None
        handshake = [spec.write.handshake.point] if spec.write.handshake is not None else []
        while outcome is None or reset_open:
            if reset_open and time.monotonic() >= reset_at:
                reset_open = False
                self._take_back()
            time.sleep(LOOK_EVERY_S)
            if outcome is None:
                self.look([spec.verify.point, *handshake])
                outcome = proof.step(self._facts)
        return outcome

    def _take_back(self) -> None:
        try:
            self._scanner.write(reset_telegram(self._profile, self._spec))
        except TransportError as error:
            typer.echo(f"The pulse could not be taken back ({error}): look at {self._spec.point}", err=True)

    def _interlocks(self) -> list[Interlock]:
        return interlocks(self._spec, self._facts, self._params)
