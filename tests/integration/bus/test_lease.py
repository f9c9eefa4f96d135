from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from shared.bus.lease import Leases, LostBecause
from tests.integration.bus.rig import AREA, OTHER_AREA
from tests.integration.conftest import Brokers
from tests.waiting import eventually

HOLDER = """
import sys, time
from shared.bus.lease import Leases
from shared.logs import set_up_logs
set_up_logs("flood", "INFO")
uri, area = sys.argv[1:]
leases = Leases(uri, "flood", areas=[area], preferred=[area],
                on_taken=lambda area, epoch: print(epoch, flush=True), on_lost=lambda area, cause: None)
leases.start()
time.sleep(600)
"""


class Owner:
    def __init__(self, uri: str, *, preferred: list[str]) -> None:
        self.taken: list[tuple[str, int]] = []
        self.lost: list[tuple[str, LostBecause]] = []
        self.leases = Leases(
            uri,
            "flood",
            areas=[AREA, OTHER_AREA],
            preferred=preferred,
            on_taken=lambda area, epoch: self.taken.append((area, epoch)),
            on_lost=lambda area, cause: self.lost.append((area, cause)),
        )
        self.leases.start()

    @property
    def areas(self) -> set[str]:
        return set(self.leases.held)


@pytest.fixture
def owners(amqp_uri: str) -> Iterator[list[Owner]]:
    started: list[Owner] = []
    yield started
    for owner in started:
        owner.leases.stop()


def test_preferred_areas_are_taken_at_once_and_others_when_nobody_wants_them(
    amqp_uri: str, owners: list[Owner]
) -> None:
    began = time.monotonic()
    owners.append(Owner(amqp_uri, preferred=[AREA]))
    eventually(lambda: owners[0].areas == {AREA}, 2)
    eventually(lambda: owners[0].areas == {AREA, OTHER_AREA}, 6)
    assert 3.0 <= time.monotonic() - began


def test_two_owners_never_hold_one_area_and_a_stop_hands_over(amqp_uri: str, owners: list[Owner]) -> None:
    owners.append(Owner(amqp_uri, preferred=[AREA]))
    eventually(lambda: owners[0].areas == {AREA}, 3)
    owners.append(Owner(amqp_uri, preferred=[OTHER_AREA]))
    eventually(lambda: owners[1].areas == {OTHER_AREA}, 3)
    owners[0].leases.stop()
    eventually(lambda: owners[1].areas == {AREA, OTHER_AREA}, 6)
    assert [(AREA, "stopped")] == owners[0].lost
    assert owners[0].taken[0][1] < owners[1].taken[-1][1]


def test_an_area_is_handed_over_within_five_seconds_of_a_kill(amqp_uri: str, owners: list[Owner]) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, amqp_uri, AREA], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert holder.stdout is not None
        first_epoch = int(holder.stdout.readline())
        owners.append(Owner(amqp_uri, preferred=[OTHER_AREA]))
        eventually(lambda: owners[0].areas == {OTHER_AREA}, 3)
    finally:
        holder.kill()
        holder.communicate()
    killed_at = time.monotonic()
    eventually(lambda: AREA in owners[0].areas, 5)
    assert time.monotonic() - killed_at < 5
    assert first_epoch < dict(owners[0].taken)[AREA]


def test_an_owner_that_loses_the_broker_loses_its_areas_and_takes_them_again(mortal_broker: Brokers) -> None:
    owner = Owner(mortal_broker.uri(mortal_broker.new_vhost()), preferred=[AREA])
    eventually(lambda: owner.areas == {AREA, OTHER_AREA}, 8)
    mortal_broker.kill()
    eventually(lambda: not owner.areas, 5)
    assert {(AREA, "broker"), (OTHER_AREA, "broker")} == set(owner.lost)
    mortal_broker.node.start()
    eventually(lambda: owner.areas == {AREA, OTHER_AREA}, 15)
    owner.leases.stop()
