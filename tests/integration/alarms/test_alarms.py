"""The alarm service with a real broker and both databases, on plain threads."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.alarms import handlers, wiring
from services.alarms.rules import load_rationalisation
from services.alarms.settings import Settings
from services.alarms.wiring import AlarmsApp
from shared.bus.commands import CommandSender
from shared.bus.entrypoints import Entrypoints
from shared.bus.outbox import Cause, Outbox, Relay
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.query import QueryClient
from shared.bus.tap import Tap
from shared.bus.topology import EVENTS, command_queue, event_key, event_queue
from shared.clock import FakeClock
from shared.contracts.alarms import AlarmAcknowledged, AlarmEvent, AlarmRequestRefused
from shared.contracts.codec import Letter, decode
from shared.contracts.field import (
    ConditionBecameUnknown,
    ConditionCleared,
    ConditionRaised,
    ConditionsStanding,
    Priority,
    StandingCondition,
)
from shared.contracts.gateway import AcknowledgeAlarm, ResetAlarm
from shared.contracts.message import Actor, Event, Message, Scope
from shared.database import DatabaseThread
from shared.errors import Missing
from tests.integration.bus.rig import AREA, NOON, OTHER_AREA, database_in, declared, is_there, parked
from tests.waiting import eventually

CITY = "tangshan"
MIGRATIONS = Path(wiring.__file__).parent / "migrations"
WANG = Actor(
    username="wang", role="dispatcher", scopes=(Scope(trade="flood", area="tangshan/lubei", verb="acknowledge"),)
)
STRANGER = Actor(username="li", role="crew", scopes=(Scope(trade="flood", area="tangshan/lunan", verb="acknowledge"),))


def table(app: AlarmsApp) -> Entrypoints:
    def bound(on: Callable[..., None]) -> Callable[..., None]:
        return lambda message, envelope: app.handle(on, message, envelope)

    return Entrypoints(
        hears={
            ConditionRaised: bound(handlers.on_condition_raised),
            ConditionCleared: bound(handlers.on_condition_cleared),
            ConditionBecameUnknown: bound(handlers.on_condition_became_unknown),
            ConditionsStanding: bound(handlers.on_conditions_standing),
        },
        does={AcknowledgeAlarm: bound(handlers.do_acknowledge), ResetAlarm: bound(handlers.do_reset)},
        answers={
            "list_alarms": app.list_alarms,
            "get_alarm": app.get_alarm,
            "list_alarm_journal": app.list_alarm_journal,
        },
    )


@dataclass
class City:
    """Flood control, the alarm service and the gateway, as far as alarms see them."""

    uri: str
    engine: sa.Engine
    directory: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    said: list[Letter] = field(default_factory=list)

    def __post_init__(self) -> None:
        declared(self.uri, *(event_queue(name, area) for name in ("alarms", "history") for area in (AREA, OTHER_AREA)))
        self.flood_database = database_in(self.directory / "flood")
        self.flood_outbox = Outbox("flood", "flood-1", self.clock)
        self.relay = Relay(self.uri, "flood-1", self.flood_database)
        self.sender = CommandSender(self.uri, "gateway", "gateway-1", self.clock)
        self.queries = QueryClient(self.uri, "gateway")
        opened: list[bool] = []
        self.tap = Tap(self.uri, "gateway", lambda: opened.append(True), self.said.append)
        for part in (self.relay, self.queries, self.tap):
            part.start()
        eventually(lambda: opened, 10)
        self.start_alarms()

    def start_alarms(self) -> None:
        settings = Settings(amqp_uri=self.uri, data_dir=self.directory, parked_look_every_s=0.5)
        rules = load_rationalisation(settings.rationalisation)
        areas = [CITY, AREA, OTHER_AREA]
        self.app = AlarmsApp(settings, areas, (), self.clock, DatabaseThread(self.engine, MIGRATIONS), rules.rule_for)
        self.app.start(table(self.app))
        eventually(lambda: is_there(self.uri, command_queue("alarms", AREA).name), 10)

    def stop(self) -> None:
        self.app.stop()
        for part in (self.relay, self.queries, self.tap):
            part.stop()
        self.sender.close()
        self.flood_database.close()

    def flood_says(self, *events: Event) -> None:
        for event in events:
            self.flood_database.run(
                lambda session, event=event: self.flood_outbox.add(session, event, Cause("from-the-register"))
            )

    def wish(self, kind: type[Message], alarm_id: str, expected_seq: int, actor: Actor = WANG, **more: Any) -> Event:
        """The event that answers it."""
        request = uuid.uuid4().hex
        command = kind(
            area=AREA, request_id=request, alarm_id=alarm_id, expected_seq=expected_seq, comment="seen", actor=actor
        )  # type: ignore[call-arg]
        self.sender.send(
            "alarms", command, self.clock.now() + timedelta(seconds=more.get("left_s", 10)), message_id=request
        )
        letter = eventually(
            lambda: next((each for each in list(self.said) if each.envelope.causation_id == request), None), 10
        )
        answer = decode(letter)
        assert isinstance(answer, Event)
        return answer

    def alarm_events(self) -> list[str]:
        return [letter.envelope.type.name for letter in list(self.said) if letter.envelope.service == "alarms"]

    def shown(self) -> dict[str, str]:
        """Displayed states by alarm, as the service answers."""
        return {alarm["id"]: alarm["state"] for alarm in self.app.list_alarms()}


@pytest.fixture
def city(amqp_uri: str, engine: sa.Engine, tmp_path: Path) -> Iterator[City]:
    found = City(amqp_uri, engine, tmp_path)
    yield found
    found.stop()


def raised(condition: str = "level_high", priority: Priority = 2) -> ConditionRaised:
    return ConditionRaised(
        area=AREA,
        trade="flood",
        asset="xinhua",
        condition=condition,
        priority=priority,
        params={"level_wet_well": 5.2},
        taken_at=NOON,
    )


def cleared(condition: str = "level_high") -> ConditionCleared:
    return ConditionCleared(
        area=AREA, trade="flood", asset="xinhua", condition=condition, reason="returned", taken_at=NOON
    )


def unknown(condition: str = "level_high") -> ConditionBecameUnknown:
    return ConditionBecameUnknown(area=AREA, trade="flood", asset="xinhua", condition=condition, cause="communication")


LEVEL = "xinhua~level_high"


def test_high_high_ack_normal(city: City) -> None:
    city.flood_says(raised(), raised())
    eventually(lambda: city.shown() == {LEVEL: "UNACK"}, 10)
    answer = city.wish(AcknowledgeAlarm, LEVEL, 1)
    assert isinstance(answer, AlarmAcknowledged)
    assert ("ACKED", "wang", "seen", 2) == (
        answer.alarm.state,
        answer.alarm.acknowledged_by,
        answer.alarm.comment,
        answer.alarm.seq,
    )
    city.flood_says(cleared())
    eventually(lambda: city.shown() == {}, 10)
    eventually(lambda: city.alarm_events() == ["alarm_raised", "alarm_acknowledged", "alarm_cleared"], 5)
    journal = city.queries.call("alarms", "list_alarm_journal", alarm_id=LEVEL)
    assert [("raised", "UNACK"), ("acknowledged", "ACKED"), ("cleared", "NORM")] == [
        (line["event"], line["state"]) for line in journal
    ]
    assert {"level_wet_well": 5.2} == journal[0]["params"]


def test_the_way_from_register_to_screen_keeps_its_correlation(city: City) -> None:
    city.flood_says(raised())
    eventually(lambda: city.alarm_events() == ["alarm_raised"], 10)
    condition, alarm = (letter.envelope for letter in city.said)
    assert ("from-the-register", "from-the-register") == (condition.correlation_id, alarm.correlation_id)
    assert condition.id == alarm.causation_id


def test_an_acknowledgement_of_what_changed_is_refused_with_what_it_is_now(city: City) -> None:
    city.flood_says(raised(), cleared())
    eventually(lambda: city.shown() == {LEVEL: "RTNUN"}, 10)
    answer = city.wish(AcknowledgeAlarm, LEVEL, 1)
    assert isinstance(answer, AlarmRequestRefused)
    assert ("alarm_changed", "RTNUN") == (answer.reason.code, answer.alarm and answer.alarm.state)
    assert isinstance(city.wish(AcknowledgeAlarm, LEVEL, 2), AlarmAcknowledged)


@pytest.mark.parametrize(
    ("alarm_id", "actor", "left_s", "code"),
    [
        (LEVEL, STRANGER, 10, "alarm_forbidden"),
        (LEVEL, WANG, -1, "alarm_request_expired"),
        ("xinhua~nothing", WANG, 10, "alarm_missing"),
    ],
)
def test_rights_deadline_and_existence_are_checked_again(
    city: City, alarm_id: str, actor: Actor, left_s: float, code: str
) -> None:
    city.flood_says(raised())
    eventually(lambda: city.shown() == {LEVEL: "UNACK"}, 10)
    answer = city.wish(AcknowledgeAlarm, alarm_id, 1, actor, left_s=left_s)
    assert isinstance(answer, AlarmRequestRefused)
    assert code == answer.reason.code
    assert city.shown() == {LEVEL: "UNACK"}


def test_a_latched_alarm_waits_for_its_reset(city: City) -> None:
    city.flood_says(raised("pump2_fault", 1), cleared("pump2_fault"))
    fault = "xinhua~pump2_fault"
    eventually(lambda: city.shown() == {fault: "LUNAK"}, 10)
    refusal = city.wish(ResetAlarm, fault, 2)
    assert isinstance(refusal, AlarmRequestRefused)
    assert "alarm_not_resettable" == refusal.reason.code
    city.wish(AcknowledgeAlarm, fault, 2)
    answer = city.wish(ResetAlarm, fault, 3)
    assert isinstance(answer, AlarmEvent)
    assert "NORM" == answer.alarm.state


def test_a_lost_controller_is_one_alarm_and_the_others_stay_marked_unknown(city: City) -> None:
    city.flood_says(raised(), raised("power_lost", 1))
    eventually(lambda: len(city.shown()) == 2, 10)
    city.flood_says(raised("offline:xinhua-rtu", 4), unknown(), unknown("power_lost"))
    expected = {"xinhua~level_high": False, "xinhua~power_lost": False, "xinhua~offline:xinhua-rtu": True}
    eventually(lambda: expected == {each["id"]: each["known"] for each in city.app.list_alarms()}, 10)
    city.flood_says(cleared("offline:xinhua-rtu"), raised(), cleared("power_lost"))
    states = {"xinhua~level_high": "UNACK", "xinhua~power_lost": "RTNUN"}
    eventually(lambda: city.shown() == states, 10)
    assert city.app.get_alarm(LEVEL)["known"]
    assert 1 == city.app.get_alarm(LEVEL)["occurrence"]


def test_acknowledgements_survive_a_restart_of_the_service(city: City) -> None:
    city.flood_says(raised())
    eventually(lambda: city.shown() == {LEVEL: "UNACK"}, 10)
    city.wish(AcknowledgeAlarm, LEVEL, 1)
    city.app.stop()
    city.flood_says(raised())  # its owner restarted too, and tells again what stands
    city.start_alarms()
    city.flood_says(cleared())
    eventually(lambda: city.shown() == {}, 10)
    journal = city.app.list_alarm_journal(LEVEL)
    assert ["raised", "acknowledged", "cleared"] == [line["event"] for line in journal]


def test_what_the_owner_says_stands_is_what_stands(city: City) -> None:
    city.flood_says(raised("level_high"), raised("power_lost", 1))
    eventually(lambda: len(city.shown()) == 2, 10)
    standing = (
        StandingCondition(
            trade="flood", asset="xinhua", condition="level_high", state="unknown", priority=2, params={}, since=NOON
        ),
        StandingCondition(
            trade="flood", asset="xinhua", condition="door_opened", state="active", priority=4, params={}, since=NOON
        ),
    )
    city.flood_says(ConditionsStanding(area=AREA, trade="flood", conditions=standing))
    expected = {"xinhua~level_high": "UNACK", "xinhua~power_lost": "RTNUN", "xinhua~door_opened": "UNACK"}
    eventually(lambda: city.shown() == expected, 10)
    assert not city.app.get_alarm(LEVEL)["known"]


def test_a_parked_message_is_an_alarm_until_nothing_is_parked_any_more(city: City) -> None:
    publisher = Publisher(city.uri, "test")
    publisher.publish([Outgoing(EVENTS, event_key(AREA, "flood", "condition_raised"), b"garbage", "x/y")])
    publisher.close()
    alarm = "alarms~message_parked:tangshan.lubei.xinhuadao"
    eventually(lambda: city.shown() == {alarm: "UNACK"}, 10)
    assert "message_malformed" == city.app.get_alarm(alarm)["params"]["code"]
    eventually(lambda: parked(city.uri), 5)
    eventually(lambda: city.shown() == {alarm: "RTNUN"}, 10)


def test_missing_messages_are_asked_for(city: City) -> None:
    city.flood_says(raised())
    eventually(lambda: city.shown() == {LEVEL: "UNACK"}, 10)
    city.relay.stop()
    city.flood_says(raised("power_lost", 1))
    city.flood_database.run(lambda session: session.execute(sa.text("DELETE FROM outbox")))
    city.flood_says(raised("door_opened", 4))
    city.relay = Relay(city.uri, "flood-1", city.flood_database)
    city.relay.start()
    eventually(lambda: "resync_requested" in city.alarm_events(), 10)
    request = next(letter for letter in city.said if letter.envelope.type.name == "resync_requested")
    assert request.data["source"] == city.said[0].envelope.source


def test_questions_about_alarms_are_answered(city: City) -> None:
    city.flood_says(raised(), raised("power_lost", 1), raised("door_opened", 4))
    eventually(lambda: len(city.shown()) == 3, 10)

    def ask(**filters: Any) -> list[str]:
        return [each["condition"] for each in city.queries.call("alarms", "list_alarms", **filters)]

    assert ["door_opened", "level_high", "power_lost"] == ask()
    assert ["power_lost"] == ask(priority=[1])
    assert ["door_opened", "level_high", "power_lost"] == ask(area="tangshan/lubei")
    assert [] == ask(area="tangshan/lu")
    assert [] == ask(state=["ACKED"])
    assert ["level_high"] == ask(after="xinhua~door_opened", rows_max=1)
    with pytest.raises(Missing):
        city.queries.call("alarms", "get_alarm", alarm_id="nobody~nothing")
