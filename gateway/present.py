"""From views to the shapes of the HTTP surface."""

from __future__ import annotations

from gateway.api import shapes
from gateway.auth import Caller
from gateway.live.hub import MayView
from gateway.storage import User
from gateway.views.alarms import AlarmView
from gateway.views.city import CityView, Reading
from gateway.views.commands import CommandRow
from gateway.views.health import HealthView
from shared.bus.health import Check
from shared.clock import Clock
from shared.contracts.alarms import AlarmSnapshot
from shared.contracts.message import Params, Text
from shared.field import texts
from shared.field.marks import is_settable
from shared.field.profile import Shown
from shared.messages import sentence
from shared.site import AssetEntry, Site

STAGES = ("blue", "yellow", "orange", "red")
WINDOWS = ("1h", "3h", "6h", "12h", "24h")
CLOSURE = "closure_advised"


def _everything(_trade: str | None, _area: str) -> bool:
    return True


class Presenter:
    """Everything the screens show, in words."""

    def __init__(self, city: CityView, alarms: AlarmView, health: HealthView, clock: Clock) -> None:
        self.city = city
        self.alarms = alarms
        self._health = health
        self._clock = clock

    def site_head(self, site: Site) -> shapes.SiteHead:
        return shapes.SiteHead(
            id=site.id, title=words(site.title.text()), time_zone=site.time_zone, demonstration=site.demonstration
        )

    def me(self, user: User) -> shapes.Me:
        return shapes.Me(
            username=user.username,
            role=user.role,
            language=user.language,
            scopes=[shapes.ScopeShape(trade=scope.trade, area=scope.area, verb=scope.verb) for scope in user.scopes],
            site=self.site_head(self.city.site),
            city_time=self._clock.now(),
            rate=self._clock.rate,
        )

    def asset(self, asset: AssetEntry) -> shapes.AssetItem:
        worst = self.alarms.worst_of(asset.id)
        return shapes.AssetItem(
            id=asset.id,
            trade=asset.trade,
            kind=asset.kind,
            area=asset.area,
            name=words(asset.name.text()),
            location=shapes.Location(lon=asset.location.lon, lat=asset.location.lat),
            worst_alarm=(
                shapes.WorstAlarm(id=worst.id, priority=worst.priority, state=worst.state, known=worst.known)
                if worst
                else None
            ),
            quality=self.city.quality(asset.id),
            part_of=asset.part_of,
        )

    def asset_detail(self, asset: AssetEntry, caller: Caller, ledger: list[CommandRow]) -> shapes.AssetDetail:
        return shapes.AssetDetail(
            **self.asset(asset).model_dump(),
            fed_by=list(asset.fed_by),
            feeds=[other.id for other in self.city.site.assets if asset.id in other.fed_by],
            details=asset.details,
            controllers=self._controllers(asset),
            readings=[self.reading(reading) for reading in self.city.readings(asset.id)],
            conditions=self._conditions(asset),
            commands=self._offers(asset, caller),
            ledger=[self.ledger_row(row) for row in ledger],
            advice=self.advice(asset),
        )

    def reading(self, reading: Reading) -> shapes.ReadingShape:
        point, shown = reading.point, reading.point.shown
        limits = shown.limits
        return shapes.ReadingShape(
            **self.live_reading(reading).model_dump(),
            title=words(texts.point_title(point.profile, point.name)),
            kind=shown.kind,
            unit=shown.unit,
            age_s=reading.age_s,
            limits=shapes.LimitsShape(ll=limits.ll, l=limits.l, h=limits.h, hh=limits.hh) if limits else None,
            range=shown.range,
            labels=_labels(shown),
            settable=is_settable(point.profile, point.name),
        )

    def live_reading(self, reading: Reading) -> shapes.LiveReading:
        return shapes.LiveReading(
            asset=reading.point.asset,
            point=reading.point.name,
            value=reading.value,
            quality=reading.quality,
            taken_at=reading.taken_at,
            changed_at=reading.changed_at,
        )

    def alarm(self, alarm: AlarmSnapshot) -> shapes.AlarmItem:
        asset = self.city.site.assets_by_id.get(alarm.asset)
        profile = self.city.profile_of(alarm.asset, alarm.condition) if asset else None
        name = asset.name.text() if asset else sentence(f"service.{alarm.asset}", {})
        return shapes.AlarmItem(
            id=alarm.id,
            area=alarm.area,
            trade=alarm.trade,
            asset=alarm.asset,
            asset_name=words(name),
            condition=alarm.condition,
            title=words(texts.condition_title(profile, alarm.condition)),
            action=words(texts.condition_action(profile, alarm.condition)),
            text=words(texts.condition_text(profile, alarm.condition, alarm.params)),
            state=alarm.state,
            active=alarm.active,
            known=alarm.known,
            acknowledged=alarm.acknowledged,
            latched=alarm.latched,
            priority=alarm.priority,
            params=alarm.params,
            occurrence=alarm.occurrence,
            seq=alarm.seq,
            raised_at=alarm.raised_at,
            cleared_at=alarm.cleared_at,
            acknowledged_at=alarm.acknowledged_at,
            acknowledged_by=alarm.acknowledged_by,
            comment=alarm.comment,
        )

    def ledger_row(self, row: CommandRow) -> shapes.LedgerRow:
        profile = next((profile for _, name, _, profile in self.city.commands(row.asset) if name == row.command), None)
        reason = (
            shapes.ReasonShape(
                code=row.reason_code,
                params=row.reason_params or {},
                text=words(sentence(row.reason_code, row.reason_params or {})),
            )
            if row.reason_code
            else None
        )
        return shapes.LedgerRow(
            id=row.id,
            asset=row.asset,
            command=row.command,
            title=words(texts.command_title(profile, row.command)),
            params=row.params,
            origin=row.origin,
            actor=row.actor,
            requested_at=row.requested_at,
            state=row.state,
            reason=reason,
            point=row.point,
            value=row.value,
            duration_s=row.duration_s,
            selected_until=row.selected_until,
            updated_at=row.updated_at,
        )

    def advice(self, asset: AssetEntry) -> list[shapes.Advice]:
        """Close the underpass: shown at the underpass and at the station that feeds it."""
        underpasses = [other.id for other in self.city.site.assets if other.id == asset.id or asset.id in other.fed_by]
        standing = [
            alarm
            for alarm in self.alarms.standing()
            if alarm.condition == CLOSURE and alarm.active and alarm.asset in underpasses
        ]
        return [
            shapes.Advice(code=CLOSURE, text=words(texts.condition_text(None, CLOSURE, alarm.params)))
            for alarm in standing
        ]

    def health(self, may_view: MayView = _everything) -> shapes.Health:
        """Of the lost links, those of the assets that may be viewed."""
        site, city = self.city.site, self.city
        assets = site.assets_by_id
        lost = [
            shapes.LostLink(
                controller=entry.id,
                asset=entry.asset,
                asset_name=words(assets[entry.asset].name.text()),
                since=city.last_good_at(entry.id),
            )
            for entry in site.controllers
            if not city.is_online(entry.id) and may_view(assets[entry.asset].trade, assets[entry.asset].area)
        ]
        hidden = [alarm.state for alarm in self.alarms.standing()]
        delays = sorted(city.field_to_screen_s)
        return shapes.Health(
            lost_links=lost,
            breakers=self.breakers(may_view),
            services=self._services(),
            stale_points=city.count_stale(),
            hidden=shapes.Hidden(
                shelved=hidden.count("SHLVD"),
                suppressed=hidden.count("DSUPR"),
                out_of_service=hidden.count("OOSRV"),
            ),
            field_to_screen_s=round(delays[int(len(delays) * 0.95)], 2) if delays else None,
        )

    def breakers(self, may_view: MayView = _everything) -> shapes.Breakers:
        """Of the controllers of the assets that may be viewed."""
        assets, silent = self.city.site.assets_by_id, self._health.silent()
        polled = self._health.polled(self.city)
        found: list[shapes.SilentShape] = []
        closed = unknown = 0
        for entry in self.city.site.controllers:
            asset = assets[entry.asset]
            if not may_view(asset.trade, asset.area):
                continue
            told = silent.get(entry.id)
            if told is None:
                closed, unknown = closed + (entry.id in polled), unknown + (entry.id not in polled)
                continue
            found.append(
                shapes.SilentShape(
                    controller=entry.id,
                    line=entry.line,
                    unit=entry.place,
                    asset=entry.asset,
                    asset_name=words(asset.name.text()),
                    state=told.state,
                    since=told.since,
                    next_probe=told.next_probe,
                )
            )
        return shapes.Breakers(silent=found, closed=closed, unknown=unknown)

    def warnings(self, may_view: MayView = _everything) -> list[shapes.RainWarning]:
        """One for each gauge that counts rain and may be viewed."""
        found = []
        for asset in self.city.site.assets:
            if not may_view(asset.trade, asset.area):
                continue
            readings = {reading.point.name: reading for reading in self.city.readings(asset.id)}
            stage = readings.get("warning_stage")
            if stage is None:
                continue
            number = stage.value if stage.quality == "good" and isinstance(stage.value, int) else 0
            found.append(
                shapes.RainWarning(
                    asset=asset.id,
                    area=asset.area,
                    stage=STAGES[number - 1] if number else None,
                    rain_mm={window: _number(readings.get(f"rain_{window}")) for window in WINDOWS},
                )
            )
        return found

    def snapshot(self, caller: Caller) -> shapes.Snapshot:
        """What a browser begins with: whatever the account may see."""
        assets = [asset for asset in self.city.site.assets if caller.may_view(asset.trade, asset.area)]
        alarms = [alarm for alarm in self.alarms.standing() if caller.may_view(alarm.trade, alarm.area)]
        return shapes.Snapshot(
            city_time=self._clock.now(),
            rate=self._clock.rate,
            assets=[self.asset(asset) for asset in assets],
            alarms=[self.alarm(alarm) for alarm in alarms],
            health=self.health(caller.may_view),
            warnings=self.warnings(caller.may_view),
        )

    def _controllers(self, asset: AssetEntry) -> list[shapes.ControllerShape]:
        used = {reading.point.controller for reading in self.city.readings(asset.id)}
        return [
            shapes.ControllerShape(
                id=entry.id,
                line=entry.line,
                online=self.city.is_online(entry.id),
                last_good_at=self.city.last_good_at(entry.id),
                commissioning=entry.commissioning,
            )
            for entry in self.city.site.controllers
            if entry.asset == asset.id or entry.id in used
        ]

    def _conditions(self, asset: AssetEntry) -> list[shapes.ConditionShape]:
        return [
            shapes.ConditionShape(
                condition=alarm.condition,
                title=words(texts.condition_title(self.city.profile_of(asset.id, alarm.condition), alarm.condition)),
                state="active" if alarm.known else "unknown",
                priority=alarm.priority,
                since=alarm.raised_at,
            )
            for alarm in self.alarms.standing()
            if alarm.asset == asset.id and alarm.active
        ]

    def _offers(self, asset: AssetEntry, caller: Caller) -> list[shapes.CommandOffer]:
        offers = []
        for controller, name, spec, profile in self.city.commands(asset.id):
            found = self.city.interlocks(controller, spec)
            truths = [interlock.holds for interlock, _ in found]
            available = False if False in truths else None if None in truths else True
            param, shown = spec.write.param, profile.shown(spec.point)
            offers.append(
                shapes.CommandOffer(
                    name=name,
                    title=words(spec.title.text()),
                    risk=spec.risk,
                    reason_required=spec.reason_required,
                    param=(
                        shapes.ParamShape(
                            min=param.min, max=param.max, step=param.step, unit=shown.unit if shown else ""
                        )
                        if param
                        else None
                    ),
                    permitted=caller.may("operate", asset.trade, asset.area) and caller.user.role in spec.roles,
                    available=available,
                    interlocks=[
                        shapes.InterlockShape(
                            message=words(interlock.message),
                            holds=interlock.holds,
                            values=[_interlock_value(reading) for reading in readings],
                        )
                        for interlock, readings in found
                    ],
                    inverse=spec.inverse,
                )
            )
        return offers

    def _services(self) -> list[shapes.ServiceShape]:
        heard = [
            shapes.ServiceShape(
                service=health.heartbeat.service,
                instance=health.heartbeat.instance,
                state="running" if health.running else "stopped",
                restarts=health.heartbeat.restarts,
                since=self._health.since(health),
                checks={name: _check(check) for name, check in health.heartbeat.checks.items()},
            )
            for health in self._health.services()
        ]
        silent = [
            shapes.ServiceShape(service=name, instance=name, state="stopped", restarts=0, since=None, checks={})
            for name in self._health.never_heard()
        ]
        return [*heard, *silent]


def words(text: Text) -> shapes.Words:
    return shapes.Words(zh=text["zh"], en=text["en"])


def error_body(code: str, params: Params, field: str | None = None) -> shapes.ErrorBody:
    return shapes.ErrorBody(code=code, params=params, message=words(sentence(code, params)), field=field)


def _check(check: Check) -> shapes.CheckShape:
    return shapes.CheckShape(
        ok=check.ok, code=check.code, params=dict(check.params), text=words(sentence(check.code, check.params))
    )


def _interlock_value(reading: Reading) -> shapes.InterlockValue:
    point = reading.point
    return shapes.InterlockValue(
        point=point.name,
        title=words(texts.point_title(point.profile, point.name)),
        value=reading.value,
        unit=point.shown.unit,
        quality=reading.quality,
        labels=_labels(point.shown),
    )


def _labels(shown: Shown) -> dict[str, shapes.Words] | None:
    return {str(key): words(label.text()) for key, label in shown.labels.items()} if shown.labels else None


def _number(reading: Reading | None) -> float | None:
    value = reading.value if reading and reading.quality == "good" else None
    return float(value) if isinstance(value, int | float) else None
