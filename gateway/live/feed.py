"""From the bus to the views and on to the browsers. Each source has its own thread; the views take care of locks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from gateway.api.logbook_shapes import entry_shape
from gateway.live.hub import Frame, Hub, MayView, frame
from gateway.present import Presenter
from gateway.views.alarms import AlarmView
from gateway.views.city import CityView
from gateway.views.commands import CommandView
from shared.bus.frames import Frame as TelemetryFrame
from shared.clock import Clock
from shared.contracts.alarms import AlarmEvent, AlarmRequestRefused, AlarmSnapshot
from shared.contracts.codec import Letter, decode
from shared.contracts.field import (
    CommandEvent,
    LoopTestEvent,
    LoopTestRefused,
    PointMarkEvent,
    PointMarkRefused,
)
from shared.contracts.gateway import LogbookEntryWritten
from shared.contracts.message import Event
from shared.errors import PlatformError, Unavailable

FLUSH_EVERY_S = 0.2
"""At most five times a second a browser hears of readings: a person sees no more."""
PING_EVERY_S = 3.0
HEALTH_EVERY_S = 1.0
RELOAD_EVERY_S = 1.0

ANSWERS = (AlarmEvent, AlarmRequestRefused, PointMarkEvent, PointMarkRefused, LoopTestEvent, LoopTestRefused)
"""What somebody at the gateway waits for, who sent the command that caused it."""

_log = structlog.get_logger()

ListAlarms = Callable[[], Iterable[AlarmSnapshot]]


class Feed:
    """Folds events and telemetry into the views, and tells the hub what changed."""

    def __init__(
        self,
        city: CityView,
        alarms: AlarmView,
        commands: CommandView,
        presenter: Presenter,
        hub: Hub,
        clock: Clock,
        list_alarms: ListAlarms,
    ) -> None:
        self._city = city
        self._alarms = alarms
        self._commands = commands
        self._presenter = presenter
        self._hub = hub
        self._clock = clock
        self._list_alarms = list_alarms
        self._reload = threading.Event()
        self._stopping = threading.Event()
        self._waiting: dict[str, Future[Event]] = {}
        self._told_assets: dict[str, Any] = {}
        self._told_slow: dict[str, Any] = {}
        self._reloader = threading.Thread(target=self._keep_loaded, name="alarm list", daemon=True)
        self.loaded = False
        """True once the list of alarms was had from its service."""

    def start(self) -> None:
        self._reloader.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._reload.set()
        self._reloader.join(within_s)

    # On the tap's thread.

    def on_open(self) -> None:
        """The view of the bus begins, or begins again: what happened before must be asked for."""
        self._reload.set()

    def on_letter(self, letter: Letter) -> None:
        try:
            event = decode(letter)
        except PlatformError as error:
            _log.warning("event_not_understood", type=str(letter.envelope.type), detail=str(error))
            return
        envelope = letter.envelope
        if isinstance(event, AlarmEvent):
            self._on_alarm(event.alarm, envelope.id)
        elif isinstance(event, CommandEvent):
            self.on_command(event, envelope.time, envelope.id)
        elif isinstance(event, LogbookEntryWritten):
            entry = entry_shape(event, envelope.time).model_dump(mode="json")
            self._hub.publish(frame("logbook", entry, id_=envelope.id, area=event.area))
        if isinstance(event, ANSWERS):
            waiting = self._waiting.get(envelope.causation_id or "")
            if waiting is not None and not waiting.done():
                waiting.set_result(event)

    def on_command(self, event: CommandEvent, at: datetime, event_id: str) -> None:
        row = self._presenter.ledger_row(self._commands.note(event, at)).model_dump(mode="json")
        self._hub.publish(frame("command", row, id_=event_id, trade=event.trade, area=event.area))

    def expect(self, message_id: str) -> Future[Event]:
        """The event that a command's message will cause; to be asked for before it is sent."""
        waiting: Future[Event] = Future()
        self._waiting[message_id] = waiting
        return waiting

    def forget(self, message_id: str) -> None:
        self._waiting.pop(message_id, None)

    def _on_alarm(self, alarm: AlarmSnapshot, event_id: str | None) -> None:
        if not self._alarms.note(alarm):
            return
        item = self._presenter.alarm(alarm).model_dump(mode="json")
        self._hub.publish(frame("alarm", item, id_=event_id, trade=alarm.trade, area=alarm.area))

    # On the stream reader's thread.

    def on_frame(self, telemetry: TelemetryFrame, _offset: int) -> None:
        self._city.on_frame(telemetry)

    def _keep_loaded(self) -> None:
        while not self._stopping.is_set():
            self._reload.wait()
            if self._stopping.is_set():
                return
            self._reload.clear()
            try:
                self._alarms.replace(self._list_alarms())
            except Unavailable as error:
                _log.info("alarm_list_waits", code=error.code)
                self._reload.set()
                self._stopping.wait(RELOAD_EVERY_S)
                continue
            self.loaded = True
            for alarm in self._alarms.standing():
                item = self._presenter.alarm(alarm).model_dump(mode="json")
                self._hub.publish(frame("alarm", item, trade=alarm.trade, area=alarm.area))

    # In the event loop.

    async def run(self) -> None:
        """Tell the browsers what changed, until cancelled."""
        loop = asyncio.get_running_loop()
        next_ping = next_health = loop.time()
        while True:
            self._flush_readings()
            if loop.time() >= next_health:
                next_health = loop.time() + HEALTH_EVERY_S
                self._flush_assets()
                self._flush_slow()
            if loop.time() >= next_ping:
                next_ping = loop.time() + PING_EVERY_S
                self._hub.publish(frame("ping", self._time()))
            await asyncio.sleep(FLUSH_EVERY_S)

    def _time(self) -> dict[str, Any]:
        return {"city_time": self._clock.now(), "rate": self._clock.rate}

    def _flush_readings(self) -> None:
        by_area: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for reading in self._city.take_dirty():
            asset = self._city.site.assets_by_id[reading.point.asset]
            shape = self._presenter.live_reading(reading).model_dump(mode="json")
            by_area.setdefault((asset.trade, asset.area), []).append(shape)
        for (trade, area), shapes in by_area.items():
            self._hub.publish(frame("readings", shapes, trade=trade, area=area))

    def _flush_assets(self) -> None:
        for asset in self._city.site.assets:
            item = self._presenter.asset(asset).model_dump(mode="json")
            told = {name: item[name] for name in ("id", "worst_alarm", "quality")}
            if self._told_assets.get(asset.id) != told:
                self._told_assets[asset.id] = told
                self._hub.publish(frame("asset", told, trade=asset.trade, area=asset.area))
            advice = [entry.model_dump(mode="json") for entry in self._presenter.advice(asset)]
            told = {"asset": asset.id, "advice": advice}
            self._tell_if_changed(f"advice {asset.id}", "advice", told, trade=asset.trade, area=asset.area)

    def _flush_slow(self) -> None:
        health = self._presenter.health().model_dump(mode="json")
        if self._told_slow.get("health") != health:
            self._told_slow["health"] = health
            self._hub.publish(Frame("health", b"", narrowed=partial(self._health_of, health, {})))
        for warning in self._presenter.warnings():
            trade = self._city.site.assets_by_id[warning.asset].trade
            told = warning.model_dump(mode="json")
            self._tell_if_changed(f"warning {warning.asset}", "warning", told, trade=trade, area=warning.area)

    def _health_of(self, health: dict[str, Any], encoded: dict[tuple[str, ...], bytes], may_view: MayView) -> bytes:
        """With the links of the assets that may be viewed alone; encoded once for all who may view the same."""
        assets = self._city.site.assets_by_id
        lost = [
            link for link in health["lost_links"] if may_view(assets[link["asset"]].trade, assets[link["asset"]].area)
        ]
        breakers = self._presenter.breakers(may_view).model_dump(mode="json")
        silent = [each["controller"] for each in breakers["silent"]]
        key = (*(link["controller"] for link in lost), "", *silent, str(breakers["closed"]), str(breakers["unknown"]))
        if key not in encoded:
            encoded[key] = frame("health", health | {"lost_links": lost, "breakers": breakers}).body
        return encoded[key]

    def _tell_if_changed(
        self, key: str, kind: str, data: dict[str, Any], *, trade: str | None = None, area: str | None = None
    ) -> None:
        if self._told_slow.get(key) != data:
            self._told_slow[key] = data
            self._hub.publish(frame(kind, data, trade=trade, area=area))
