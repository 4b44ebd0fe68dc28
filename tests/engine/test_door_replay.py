"""What the door still knows of the past after a restart."""

from dataclasses import replace
from typing import Any, cast

import pytest

from domain import controls, events
from domain.sightings import BalancesSeen
from domain.storage_ports import Appended
from engine.desk import Desk
from engine.door import Door
from engine.stop import Stop
from risk.limits import Limits
from tests.engine.stampede import AGELESS, SECOND_US, Clock
from tests.risk.desks import LIMITS, NOW_US, D, balances, board, draft
from tests.sim.loop import SeededDice

HOUR_S = 3_600
ONE_AN_HOUR = replace(LIMITS, max_identical_orders=D(1), identical_window_s=D(HOUR_S))


class Restarted:
    """A door that heard one order that passed so long ago, and then what limits came."""

    def __init__(self, limits: Limits, ago_s: int) -> None:
        clock = Clock()
        now_us, clock.us = clock.us, clock.us - ago_s * SECOND_US
        first = _door(LIMITS, clock).approve(draft(), "me")
        assert first.verdict.approved
        passed = events.OrderApproved(
            at_us=clock.us, actor="me", order=first.order, verdict=first.verdict
        )
        clock.us = now_us
        self.door = _door(limits, clock, replayed=False)
        self._desk = self.door._desk
        self.tell(passed)
        self.door.replayed()

    def tell(self, fact: events.Fact) -> None:
        self._desk.committed([(Appended(1, ""), fact)])

    def put(self, limits: Limits) -> None:
        """Other limits are in force from now on."""
        self.tell(
            controls.LimitsApproved(at_us=NOW_US, actor="me", version=1, values=limits.values())
        )

    def denied(self) -> str:
        """The rule that denies the same order now; "" where it passes."""
        return self.door.verdict(draft()).rule


def _door(limits: Limits, clock: Clock, *, replayed: bool = True) -> Door:
    desk = Desk(board(), clock)
    desk.attach(cast("Any", object()))
    door = Door(desk, Stop(), clock, SeededDice(1), limits, AGELESS, time_zone="UTC")
    desk.see(BalancesSeen(balances=balances(USD="50000", BTC="0.5")))
    if replayed:
        door.replayed()
    return door


@pytest.mark.parametrize(("ago_s", "rule"), [(3_599, "max_identical_orders"), (3_600, "")])
def test_a_restart_cuts_no_window_of_identical_orders(ago_s: int, rule: str) -> None:
    assert Restarted(ONE_AN_HOUR, ago_s).denied() == rule


def test_a_window_that_is_made_longer_counts_what_had_left_the_shorter_one() -> None:
    desk = Restarted(LIMITS, 1_800)
    assert not desk.denied()
    desk.put(ONE_AN_HOUR)
    assert desk.denied() == "max_identical_orders"
    desk.put(LIMITS)
    assert not desk.denied()
