"""`profile/v1`: the data that turns a device's registers into points, conditions and commands.

This module is the language; `profile_load.py` reads it from YAML. Everything is frozen. Lengths of time are written
`10s` and kept in seconds of city time, except those of the wire (`timeout`, `request_gap`, `answer_time`): wall time.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from shared.errors import Malformed
from shared.field.columns import Columns, columns_of
from shared.field.durations import Seconds
from shared.field.expression import Expression, parse
from shared.field.registers import Codec, Order, RegisterType, register_count
from shared.site.model import Id, Names, Trade

Table = Literal["coil", "discrete", "input", "holding"]
BIT_TABLES: tuple[Table, Table] = ("coil", "discrete")
ANSWER_S = 0.005
"""A serial device begins to answer so long after the request, unless its profile says otherwise."""


def _expression(given: object) -> Expression:
    try:
        return parse(str(given))
    except Malformed as error:
        raise ValueError(str(error)) from error


Checked = Annotated[Expression, PlainValidator(_expression), WithJsonSchema({"type": ["string", "boolean"]})]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Forbidden(Part):
    """Registers that the device punishes one for reading: never read, never spanned."""

    table: Table
    first: int = Field(alias="from", ge=0, le=65535)
    last: int = Field(alias="to", ge=0, le=65535)


class Breaker(Part):
    """After `open_after` failed polls only a probe is sent, at these intervals, the last one for ever."""

    open_after: int = Field(default=3, ge=1, le=100)
    probe: tuple[Seconds, ...] = Field(default=(5.0, 15.0, 60.0), min_length=1)


class Modbus(Part):
    """How the device wants to be spoken to."""

    address_base: Literal[0, 1]
    byte_order: Order = "big"
    word_order: Order = "big"
    max_registers: int = Field(default=125, ge=1, le=125, description="one read, Modbus V1.1b3 6.3")
    max_bits: int = Field(default=2000, ge=1, le=2000, description="one read, Modbus V1.1b3 6.1")
    max_gap: int = Field(default=8, ge=0, le=2000, description="unwanted registers read to save a request")
    forbidden: tuple[Forbidden, ...] = ()
    request_gap: Seconds = Field(default=0.0, description="rest between an answer and the next request to the device")
    answer_time: Seconds = Field(default=ANSWER_S, description="how long the device thinks before it answers")
    timeout: Seconds = 0.8
    read_retries: int = Field(default=1, ge=0, le=5)
    breaker: Breaker = Breaker()


class Parameter(Part):
    """A value that the site sets for a device of this profile; without a default it must.

    `example` stands for the site's value where there is no site: in `urbanops profile lint`, `doc` and `simulate`.
    """

    default: bool | int | float | str | None = None
    example: bool | int | float | str | None = None
    title: Names | None = None
    unit: str = ""


class PollGroup(Part):
    every: Seconds
    stale_after: Seconds
    priority: Literal["high", "normal", "low"] = "normal"


class Limits(Part):
    """Alarm limits of a measured value, in its unit."""

    ll: float | None = None
    l: float | None = None
    h: float | None = None
    hh: float | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        given = [value for value in (self.ll, self.l, self.h, self.hh) if value is not None]
        if given != sorted(given):
            raise ValueError("limits that ascend: ll <= l <= h <= hh")
        return self


Kind = Literal["measure", "status", "counter", "setpoint", "identity"]


class Shown(Part):
    """What a screen needs to know of any point, from registers or computed."""

    title: Names | None = None
    unit: str = Field(default="", description="UCUM")
    kind: Kind = "measure"
    range: tuple[float, float] | None = Field(default=None, description="end points of its bar on a screen")
    labels: dict[int, Names] | None = None
    limits: Limits | None = None
    history: Literal["raw", "1m", "none"] = "raw"


class Computed(Shown):
    """A point without a register, filled in by the trade's service; `rw`: a command may set it there."""

    access: Literal["r", "rw"] = "r"


class Reported(Shown):
    """A point that the device reports by itself, with the time at which it observed it."""

    elements: tuple[str, ...] = Field(
        min_length=1,
        description="what the adapter calls the value; several where it is reported in several ways",
    )
    valid: tuple[float, float] | None = None
    poll: Name


class Point(Shown):
    """A named, typed value in the device."""

    table: Table
    address: int = Field(ge=0, le=65536)
    type: RegisterType
    bit: int | None = Field(default=None, ge=0, le=15)
    length: int = Field(default=0, ge=0, le=240)
    byte_order: Order | None = None
    word_order: Order | None = None
    scale: float = Field(default=1.0)
    offset: float = 0.0
    nan: tuple[int, ...] = Field(default=(), description="raw codes by which the device says: sensor fault")
    valid: tuple[float, float] | None = None
    rate_max: float | None = Field(default=None, gt=0, description="units per second")
    deadband: float = Field(default=0.0, ge=0)
    max_silence: Seconds = 60.0
    poll: Name
    access: Literal["r", "rw"] = "r"
    rollover: float | None = Field(
        default=None,
        gt=0,
        description="at what a counter begins at zero again, in its unit; without it, by its register type",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.rollover is not None and self.kind != "counter":
            raise ValueError("a rollover for the kind counter, and for nothing else")
        if self.table in BIT_TABLES and (self.type != "bool" or self.bit is not None):
            raise ValueError("type bool and no bit: coils and discrete inputs are single bits")
        if self.bit is not None and self.type != "bool":
            raise ValueError("type bool where a bit is named")
        if (self.type == "string") != (self.length > 0):
            raise ValueError("a length for a string, and for nothing else")
        if self.scale == 0:
            raise ValueError("a scale that is not zero")
        if self.access == "rw" and self.table not in ("coil", "holding"):
            raise ValueError("table coil or holding where access is rw")
        return self

    @cached_property
    def count(self) -> int:
        """How many addresses it covers."""
        return register_count(self.type, self.length)

    def codec(self, modbus: Modbus) -> Codec:
        return Codec(
            type=self.type,
            byte_order=self.byte_order or modbus.byte_order,
            word_order=self.word_order or modbus.word_order,
            bit=self.bit,
            length=self.length,
            scale=self.scale,
            offset=self.offset,
        )


class Condition(Part):
    """Something wrong. It concerns the asset of the point `about`, or the controller's own."""

    when: Checked
    suppress_when: Checked | None = None
    on_delay: Seconds = 0.0
    off_delay: Seconds = 0.0
    hysteresis: float = Field(default=0.0, ge=0)
    priority: Literal[1, 2, 3, 4]
    title: Names
    action: Names
    about: Name | None = None


class Param(Part):
    min: float
    max: float
    step: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min below max")
        return self


class Handshake(Part):
    """A register in which the device answers to a write: taken, or refused."""

    point: Name
    taken: int
    refused: int
    idle: int | None = Field(default=None, description="stands there before a write; anything else: it is still busy")
    within: Seconds = 5.0


class Write(Part):
    """What is written: a fixed `value` or the command's parameter.

    `level`: it stays. `pulse`: the device takes it back by itself, or we do after `reset_after`. `handshake`: the
    device says in a register of its own whether it took it. `masked`: one bit of a register, by Modbus function 22, so
    that its neighbours are never touched. `clock`: the time it is, into all parts of the device's clock by one write.
    """

    value: bool | int | float | None = None
    param: Param | None = None
    style: Literal["level", "pulse", "handshake", "masked", "clock"] = "level"
    function: Literal["auto", 5, 6, 15, 16] = "auto"
    handshake: Handshake | None = None
    reset_after: Seconds | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.style == "clock":
            if self.value is not None or self.param is not None:
                raise ValueError("no value and no param: a clock is set to the time it is")
        elif (self.value is None) == (self.param is None):
            raise ValueError("exactly one of value and param")
        if (self.style == "handshake") != (self.handshake is not None):
            raise ValueError("a handshake for the style handshake, and for nothing else")
        if self.reset_after is not None and (self.style != "pulse" or not isinstance(self.value, bool)):
            raise ValueError("reset_after for a pulse of true or false, and for nothing else")
        if self.style == "masked" and not isinstance(self.value, bool):
            raise ValueError("true or false where one bit is written")
        return self


class Requirement(Part):
    """An interlock: the command is refused unless `expr` is known to be true; `message` says why."""

    expr: Checked
    message: Names


class Verify(Part):
    """The proof: `expect` (an expression over the feedback point, `param` allowed) must hold within a time."""

    point: Name
    expect: str | None = Field(default=None, description='comparison of the point, like "> 20" or "== 1"')
    tolerance: float | None = Field(default=None, ge=0, description="distance from the parameter or the value")
    within: Seconds
    hold: Seconds = 0.0

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.expect is None) == (self.tolerance is None):
            raise ValueError("exactly one of expect and tolerance")
        _ = self.expression
        return self

    @cached_property
    def expression(self) -> Expression:
        """True when the feedback agrees. A written value is offered as `param` too."""
        if self.expect is not None:
            return _expression(f"{self.point} {self.expect}")
        distance = f"{self.point} - param"
        return _expression(f"{distance} <= {self.tolerance} and {distance} >= -{self.tolerance}")


class Rate(Part):
    """At most `count` in `per` seconds of city time."""

    count: int = Field(ge=1)
    per: Seconds


class CommandSpec(Part):
    """Something one may wish of the device. It concerns the asset of the point it writes."""

    title: Names
    point: Name
    write: Write
    verify: Verify
    risk: Literal["low", "medium", "high"] = "medium"
    roles: tuple[Literal["dispatcher", "engineer"], ...] = Field(default=("dispatcher", "engineer"), min_length=1)
    reason_required: bool = False
    require: tuple[Requirement, ...] = ()
    ttl: Seconds = 10.0
    rate: Rate | None = None
    select: Seconds | None = Field(
        default=None, description="select before operate: so long the asset is locked for it"
    )
    expires: Seconds | None = Field(default=None, description="an override, released by itself after this")
    inverse: Name | None = None


class Identity(Part):
    """The device answers with this number, or it is the wrong device."""

    point: Name
    equals: int


class Watchdog(Part):
    """The counter that the platform, as master, moves so that the device knows it is alive."""

    write: Name
    every: Seconds
    device_fallback: Names


class DeviceClock(Part):
    """The device's own clock, by the points that make it up; `drift` is the computed point that tells how far it is off
    (seconds, positive when it is ahead).

    Either `unix` (seconds since 1970, of the zone's wall time), or a year, with month and day or `month_day` (1124) and
    with hour and minute or `hour_minute` (2359); seconds where it has them. A year below 100 is one of this century;
    it is set with two digits where no more are valid (`valid: [0, 99]`).
    """

    drift: Name
    zone: Literal["site", "utc"] = "site"
    unix: Name | None = None
    year: Name | None = None
    month: Name | None = None
    month_day: Name | None = None
    day: Name | None = None
    hour: Name | None = None
    hour_minute: Name | None = None
    minute: Name | None = None
    second: Name | None = None

    def fields(self) -> list[tuple[str, Name]]:
        """Each part with its point."""
        parts = ("unix", "year", "month", "month_day", "day", "hour", "hour_minute", "minute", "second")
        return [(part, name) for part in parts if (name := getattr(self, part)) is not None]

    @property
    def has_seconds(self) -> bool:
        return self.unix is not None or self.second is not None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        named = {part for part, _ in self.fields()}
        date = ({"month", "day"} <= named) != ("month_day" in named)
        time = ({"hour", "minute"} <= named) != ("hour_minute" in named)
        if named != {"unix"} and ("unix" in named or "year" not in named or not date or not time):
            raise ValueError("a whole time: unix, or year, month and day, hour and minute")
        return self


class Reports(Part):
    """How a device is heard that reports by itself. `drift`: the computed point that tells how far its clock is ahead,
    in seconds."""

    adapter: Name
    drift: Name | None = None


class Profile(Part):
    """One type of device, with the site's parameters filled in.

    Either it is asked, by `modbus` for its `points`, or it `reports` by itself what is `reported`; `every` of a poll
    group is then how often it does.
    """

    profile: Literal["profile/v1"]
    id: Id
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    trade: Trade
    title: Names
    vendor: str = ""
    model: str = ""
    modbus: Modbus = Modbus(address_base=0)
    reports: Reports | None = None
    parameters: dict[Name, Parameter] = {}
    identity: tuple[Identity, ...] = ()
    watchdog: Watchdog | None = None
    clock: DeviceClock | None = None
    poll_groups: dict[Name, PollGroup] = Field(min_length=1)
    points: dict[Name, Point] = {}
    reported: dict[Name, Reported] = {}
    computed: dict[Name, Computed] = {}
    conditions: dict[Name, Condition] = {}
    commands: dict[Name, CommandSpec] = {}

    @model_validator(mode="after")
    def _asked_or_reporting(self) -> Self:
        asked, reports = "modbus" in self.model_fields_set, self.reports is not None
        if asked == reports:
            raise ValueError("modbus, or reports: a device is asked or reports by itself")
        if asked != bool(self.points) or reports != bool(self.reported):
            raise ValueError("points for a device that is asked, reported for one that reports, and not both")
        if reports and (self.commands or self.identity or self.watchdog):
            raise ValueError("no commands, identity and watchdog: a device that reports is never written to")
        return self

    @cached_property
    def device_names(self) -> tuple[str, ...]:
        """Every point that comes from the device."""
        return (*self.points, *self.reported)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every point there is."""
        return (*self.device_names, *self.computed)

    @cached_property
    def columns(self) -> Columns:
        """How its readings lie in memory."""
        return columns_of(self)

    def group_of(self, point: str) -> str | None:
        """The poll group of a point; None for a computed one."""
        found = self.device_point(point)
        return None if found is None else found.poll

    def device_point(self, point: str) -> Point | Reported | None:
        """A point that comes from the device, be it asked or told; None for a computed one."""
        return self.points.get(point) or self.reported.get(point)

    def wire_address(self, point: Point) -> int:
        """The zero-based address that goes over the wire."""
        return point.address - self.modbus.address_base

    def shown(self, point: str) -> Shown | None:
        return self.points.get(point) or self.reported.get(point) or self.computed.get(point)

    @cached_property
    def limits(self) -> dict[tuple[str, str], float]:
        """The number behind `point.hh` in an expression, by point and limit."""
        return {
            (name, limit): value
            for name, shown in (*self.points.items(), *self.reported.items(), *self.computed.items())
            if shown.limits is not None
            for limit in ("ll", "l", "h", "hh")
            if (value := getattr(shown.limits, limit)) is not None
        }

    def limit(self, point: str, limit: str) -> float | None:
        """The number behind `point.hh` in an expression; None when there is none."""
        return self.limits.get((point, limit))
