"""What goes over HTTP, by shape. The browser's types are generated from these."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
)

from gateway.storage import Language, Role, Verb
from gateway.views.city import AssetQuality
from gateway.views.commands import CommandState
from shared.contracts.alarms import AlarmState
from shared.contracts.message import Scalar
from shared.field.profile import Kind


def _no_flag(given: object) -> object:
    """`true` is no number, though Python thinks so."""
    if isinstance(given, bool):
        raise ValueError("a whole number")
    return given


NO_CONTROL = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: no database and no screen could carry them."""
Priority = Literal[1, 2, 3, 4]
Sequence = Annotated[int, Field(ge=0, le=2**53), BeforeValidator(_no_flag)]
Line = Annotated[str, StringConstraints(max_length=500, pattern=NO_CONTROL)]
Identity = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROL)]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Words(Shape):
    zh: str
    en: str


class ErrorBody(Shape):
    """`code` and `params` are for programs, `message` for people; `field` names what was wrong in the request."""

    code: str
    params: dict[str, Any]
    message: Words
    field: str | None = None


class Error(Shape):
    error: ErrorBody


class Location(Shape):
    lon: float
    lat: float


class ScopeShape(Shape):
    trade: str
    area: str
    verb: Verb


class SiteHead(Shape):
    id: str
    title: Words
    time_zone: str
    demonstration: bool


class Me(Shape):
    username: str
    role: Role
    language: Language
    scopes: list[ScopeShape]
    site: SiteHead
    city_time: datetime
    rate: float


class SignIn(Shape):
    username: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AreaShape(Shape):
    id: str
    name: Words
    outline: list[tuple[float, float]]


class BasemapShape(Shape):
    river: list[tuple[float, float]]
    roads: list[list[tuple[float, float]]]


class SiteShape(SiteHead):
    areas: list[AreaShape]
    basemap: BasemapShape


class WorstAlarm(Shape):
    id: str
    priority: Priority
    state: AlarmState
    known: bool


class AssetItem(Shape):
    id: str
    trade: str
    kind: str
    area: str
    name: Words
    location: Location
    worst_alarm: WorstAlarm | None
    quality: AssetQuality
    part_of: str | None


class LimitsShape(Shape):
    ll: float | None
    l: float | None
    h: float | None
    hh: float | None


class ReadingShape(Shape):
    asset: str
    point: str
    title: Words
    kind: str
    value: Scalar
    unit: str
    quality: str
    taken_at: datetime | None
    changed_at: datetime | None
    age_s: float | None
    limits: LimitsShape | None
    range: tuple[float, float] | None
    labels: dict[str, Words] | None
    settable: bool
    """May a person set it by hand?"""


class LiveReading(Shape):
    asset: str
    point: str
    value: Scalar
    quality: str
    taken_at: datetime | None
    changed_at: datetime | None


class ConditionShape(Shape):
    condition: str
    title: Words
    state: Literal["active", "unknown"]
    priority: Priority
    since: datetime | None


class InterlockValue(Shape):
    point: str
    title: Words
    value: Scalar
    unit: str
    quality: str
    labels: dict[str, Words] | None


class InterlockShape(Shape):
    message: Words
    holds: bool | None
    values: list[InterlockValue]


class ParamShape(Shape):
    min: float
    max: float
    step: float
    unit: str


class CommandOffer(Shape):
    """`permitted`: by the account's rights. `available`: all interlocks hold; null: not known."""

    name: str
    title: Words
    risk: Literal["low", "medium", "high"]
    reason_required: bool
    param: ParamShape | None
    permitted: bool
    available: bool | None
    interlocks: list[InterlockShape]
    inverse: str | None


class ReasonShape(Shape):
    code: str
    params: dict[str, Any]
    text: Words


class LedgerRow(Shape):
    id: str
    asset: str
    command: str
    title: Words
    params: dict[str, Scalar]
    origin: Literal["operator", "automatic"]
    actor: str
    requested_at: datetime
    state: CommandState
    reason: ReasonShape | None
    point: str | None
    value: Scalar
    duration_s: float | None
    selected_until: datetime | None
    updated_at: datetime


class ControllerShape(Shape):
    id: str
    line: str
    online: bool
    last_good_at: datetime | None
    commissioning: bool
    """By the site file; its loop test tells whether it is silent."""


class Advice(Shape):
    code: str
    text: Words


class AssetDetail(AssetItem):
    """`feeds`: the assets that name this one in their `fed_by`, such as the underpass of a pump station."""

    fed_by: list[str]
    feeds: list[str]
    details: dict[str, Any]
    controllers: list[ControllerShape]
    readings: list[ReadingShape]
    conditions: list[ConditionShape]
    commands: list[CommandOffer]
    ledger: list[LedgerRow]
    advice: list[Advice]


class AlarmItem(Shape):
    id: str
    area: str
    trade: str
    asset: str
    asset_name: Words
    condition: str
    title: Words
    action: Words
    text: Words
    state: AlarmState
    active: bool
    known: bool
    acknowledged: bool
    latched: bool
    priority: Priority
    params: dict[str, Scalar]
    occurrence: int
    seq: int
    raised_at: datetime | None
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    comment: str | None


class AlarmLine(Shape):
    """`priority`: from now on; null where the line does not change it."""

    seq: int
    time: datetime
    event: str
    actor: str | None
    comment: str | None
    state: AlarmState
    priority: Priority | None
    params: dict[str, Scalar]
    text: Words


class MarkWish(Shape):
    """`value` stands for the sensor's; ignored for a point that goes out of service. `minutes`: of city time."""

    kind: Literal["substituted", "out_of_service"]
    value: bool | float | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    minutes: Annotated[float, Field(gt=0, le=43200)]


class LoopCheckWish(Shape):
    """`expected`: what the device, or a meter beside it, showed."""

    expected: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_CONTROL)]
    passed: StrictBool
    remark: Line = ""


class LoopSignWish(Shape):
    remark: Line = ""


class LoopCheckShape(Shape):
    value: Scalar
    quality: str
    expected: str
    passed: bool
    remark: str
    by: str
    at: datetime


class LoopPoint(Shape):
    """A point of the device: its reading now, and what came of its check."""

    point: str
    title: Words
    place: str
    """Table and address, or the elements by which it is reported."""
    reading: ReadingShape
    check: LoopCheckShape | None


class LoopSignature(Shape):
    by: str
    at: datetime
    remark: str


class LoopTest(Shape):
    """`silent`: it raises no alarm and takes no command, until somebody signs."""

    controller: str
    line: str
    unit: str
    """Its unit id, or the address of the station."""
    asset: Words
    area: str
    profile: str
    silent: bool
    points: list[LoopPoint]
    signed: LoopSignature | None


class MarkShape(Shape):
    asset: str
    point: str
    kind: Literal["substituted", "out_of_service"]
    value: Scalar
    by: str
    reason: str
    since: datetime
    until: datetime


class AlarmAction(Shape):
    expected_seq: Sequence
    comment: Line = ""


class AlarmActionOfMany(Shape):
    id: Identity
    expected_seq: Sequence
    comment: Line = ""


class AlarmConflict(Error):
    """What the alarm is now; null when there is no such alarm."""

    alarm: AlarmItem | None


class AlarmAnswer(Shape):
    id: str
    status: int
    alarm: AlarmItem | None
    error: ErrorBody | None


class Accepted(Shape):
    id: str


class CommandParams(Shape):
    """`param`: for a command that takes one, within the range that its offer tells."""

    param: StrictFloat | StrictInt | None = None


class CommandWish(Shape):
    asset: Identity
    command: Identity
    params: CommandParams = CommandParams()
    reason: Line = ""


class Sample(Shape):
    """What was known of a point at one moment; without a value it was not, and `quality` says why."""

    at: datetime
    value: Scalar
    quality: str


class Bucket(Shape):
    """What was known of a point in one piece of time: nothing good that it was worth lies outside `min` and `max`.

    `mean` is weighted by time; `count`: readings told; `good_s`: for how long it was known; `gain`: by how much a
    counter grew, over its end and over `resets`.
    """

    at: datetime
    min: float | None
    max: float | None
    mean: float | None
    last: float | None
    count: int
    good_s: float
    gain: float | None
    resets: int


class TrendGap(Shape):
    """`cause`: device, link, service, broker, disk_full, history, the quality that was told, or unknown."""

    begin: datetime
    end: datetime
    cause: str
    text: Words


class Trend(Shape):
    """Readings as they were told in `samples`; or, where they are more than wanted, `buckets` of `resolution_s`."""

    asset: str
    point: str
    unit: str
    kind: Kind
    begin: datetime
    end: datetime
    resolution_s: float
    samples: list[Sample]
    buckets: list[Bucket]
    gaps: list[TrendGap]


class MissingPart(Shape):
    cause: str
    text: Words
    seconds: float


class CompleteDay(Shape):
    """`good`: the part of the day, up to now, of which something good is known; None for a day that is to come."""

    good: float | None
    count: int
    missing: list[MissingPart]


class CompletePoint(Shape):
    point: str
    title: Words
    controller: str
    days: list[CompleteDay]


class CompletenessShape(Shape):
    """`days`: dates of the site; each point has one entry a day."""

    asset: str
    days: list[date]
    points: list[CompletePoint]


class ArchiveTable(Shape):
    table: str
    rows: int
    bytes: int


class ArchiveShape(Shape):
    """What the archive holds: `readings` is how many came, ever; `bytes_per_reading` is what one takes on disk."""

    series: int
    readings: int
    newest: datetime | None
    bytes_per_reading: float | None
    tables: list[ArchiveTable]


class JournalItem(Shape):
    id: str
    time: datetime
    event: str
    area: str
    asset: str | None
    actor: str | None
    text: Words
    data: dict[str, Any]
    number: int | None
    """Of the audit: its place in the chain, without holes from 1; None until it is chained, and for all else."""
    hash: str | None
    """SHA-256 over the hash before it and everything the row says, hexadecimal."""


class ChainHead(Shape):
    """The newest row of the audit's chain."""

    number: int
    hash: str


class JournalPage(Shape):
    items: list[JournalItem]
    next: str | None
    head: ChainHead | None = None


class UserShape(Shape):
    username: str
    role: Role
    language: Language
    trades: list[str]
    areas: list[str]
    active: bool
    created_at: datetime


Password = Annotated[str, StringConstraints(min_length=10, max_length=200, pattern=NO_CONTROL)]
Grants = Annotated[
    list[Annotated[str, StringConstraints(max_length=128, pattern=NO_CONTROL)]], Field(min_length=1, max_length=50)
]

Trades = Annotated[list[Literal["*", "flood", "lighting", "water", "transit"]], Field(min_length=1, max_length=50)]


class NewUser(Shape):
    username: Username
    password: Password
    role: Role
    language: Language = "zh"
    trades: Trades = ["*"]
    areas: Grants = ["*"]


class UserChange(Shape):
    """Only what is given is changed."""

    password: Password | None = None
    role: Role | None = None
    language: Language | None = None
    trades: Trades | None = None
    areas: Grants | None = None
    active: StrictBool | None = None


class NewToken(Shape):
    """`username`: for another account, by an administrator only."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL)]
    days: Annotated[int, Field(ge=1, le=366), BeforeValidator(_no_flag)] = 90
    username: Username | None = None


class TokenShape(Shape):
    id: str
    username: str
    name: str
    created_at: datetime
    expires_at: datetime


class IssuedToken(TokenShape):
    """`secret` is shown this once."""

    secret: str


class LostLink(Shape):
    controller: str
    asset: str
    asset_name: Words
    since: datetime | None


class SilentShape(Shape):
    """A controller whose breaker is not closed: only a probe is sent to it, at `next_probe`."""

    controller: str
    line: str
    unit: str
    """Its unit id, or the address of the station."""
    asset: str
    asset_name: Words
    state: Literal["open", "probing"]
    since: datetime
    next_probe: datetime


class Breakers(Shape):
    """How the controllers are polled: `closed` of them as planned; `unknown`: the service that polls them is away."""

    silent: list[SilentShape]
    closed: int
    unknown: int


class CheckShape(Shape):
    ok: bool
    code: str
    params: dict[str, Any]
    text: Words


class ServiceShape(Shape):
    service: str
    instance: str
    state: Literal["running", "stopped"]
    restarts: int
    since: datetime | None
    checks: dict[str, CheckShape]


class Hidden(Shape):
    shelved: int
    suppressed: int
    out_of_service: int


class Health(Shape):
    lost_links: list[LostLink]
    breakers: Breakers
    services: list[ServiceShape]
    stale_points: int
    hidden: Hidden
    field_to_screen_s: float | None


class RainWarning(Shape):
    """A rainstorm warning at a gauge, and what has fallen there."""

    asset: str
    area: str
    stage: Literal["blue", "yellow", "orange", "red"] | None
    rain_mm: dict[str, float | None]


class Snapshot(Shape):
    city_time: datetime
    rate: float
    assets: list[AssetItem]
    alarms: list[AlarmItem]
    health: Health
    warnings: list[RainWarning]


class Ping(Shape):
    """The city's clock, each three seconds: a browser that hears none for longer knows that it is cut off."""

    city_time: datetime
    rate: float


class AssetChange(Shape):
    """What changed of an asset on the map."""

    id: str
    worst_alarm: WorstAlarm | None
    quality: AssetQuality


class AdviceChange(Shape):
    """All advice that stands at an asset."""

    asset: str
    advice: list[Advice]
