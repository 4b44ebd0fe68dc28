"""Triggers at work: counted from the ledger, tripped once a halt, and again when they come anew."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain import bookings, events
from domain.board import Mode, VenueView
from domain.controls import AlarmRaised, HaltReleased, HaltResumed, HaltTripped, KeyAudited
from domain.halts import Level
from domain.instruments import Account
from domain.keys import KeyReport, Purpose, Right
from domain.market import Movement
from domain.orders import Kind, Order, Side
from domain.rulings import Action, Ruling
from domain.table import Table
from domain.triggers import ReadTriggers
from domain.verdicts import Verdict
from domain.withdrawals import Request, Terms
from engine.triggers import LEVELS
from risk.scene import Reading, Scene
from risk.triggers import TRIGGERS
from tests.engine.rig import ME
from tests.engine.still import SECOND_US, START_US, Still

D = Decimal
KRAKEN, MEXC = Account("kraken", "main"), Account("mexc", "main")
STOP_KRAKEN = (Level.HALT_CANCEL, "ACCOUNT:kraken/main")
STOP_ALL = (Level.HALT_CANCEL, "GLOBAL")


def order(number: int, account: Account = KRAKEN, strategy: str = "grid") -> Order:
    return Order(
        client_id=f"QDT1{number:014d}",
        account=account,
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D(1),
        price=D(1),
        strategy=strategy,
        at_us=START_US,
    )


def failed(numbers: range, at_us: int, account: Account = KRAKEN) -> list[events.Fact]:
    """Orders that were intended, and rejected or left in doubt in turn."""
    facts: list[events.Fact] = []
    for number in numbers:
        made = order(number, account)
        name = made.client_id
        verdict = Verdict(approved=True)
        facts += [
            events.OrderApproved(at_us=at_us, actor="me", order=made, verdict=verdict),
            events.OrderRejected(at_us=at_us, actor="k", client_id=name, code="X", reason="no")
            if number % 2
            else events.OrderInDoubt(at_us=at_us, actor="e", client_id=name, reason="silence"),
        ]
    return facts


def denied(count: int, at_us: int, rule: str = "max_order_value") -> list[events.Fact]:
    return [
        events.OrderDenied(at_us=at_us, actor="me", order=order(n), rule=rule, reason="no")
        for n in range(count)
    ]


def tripped(scope: str = "GLOBAL", actor: str = "me", at_us: int = START_US) -> HaltTripped:
    return HaltTripped(
        at_us=at_us, actor=actor, halt_id="h1", level=Level.HALT_CANCEL, reason="r", scope=scope
    )


def released(at_us: int = START_US) -> list[events.Fact]:
    return [
        HaltReleased(at_us=at_us, actor="me", halt_id="h1", reason="fine"),
        HaltResumed(at_us=at_us, actor="e", halt_id="h1"),
    ]


async def halted(still: Still, trip: int = 0) -> None:
    """The kill switch has written down what the recorder was told."""
    level, scope, reason, actor = still.kill.trips[trip]
    await still.tell(
        HaltTripped(at_us=still.clock.us, actor=actor, halt_id="h1", level=level, reason=reason,
                    scope=scope)
    )  # fmt: skip


# Failed orders


async def test_ten_failed_orders_halt_their_account_and_nine_do_not() -> None:
    still = Still()
    await still.tell(*failed(range(9), START_US))
    assert still.look() == []
    await still.tell(*failed(range(9, 10), START_US))
    assert still.look() == [STOP_KRAKEN]


async def test_denied_orders_are_no_failed_orders() -> None:
    still = Still()
    await still.tell(*denied(40, START_US))
    assert still.look() == []


async def test_an_order_that_was_in_doubt_and_then_rejected_failed_once() -> None:
    still = Still()
    for number in range(5):
        name = order(number).client_id
        first = failed(range(number, number + 1), START_US)
        again = [
            events.OrderInDoubt(at_us=START_US, actor="e", client_id=name, reason="silence"),
            events.OrderRejected(at_us=START_US, actor="k", client_id=name, code="X", reason="no"),
        ]
        await still.tell(*first, *again)
    assert still.look() == []


async def test_failures_slide_out_of_their_window_by_time_alone() -> None:
    still = Still()
    await still.tell(*failed(range(5), START_US))
    at_us = still.wait(299)
    await still.tell(*failed(range(5, 9), at_us))
    assert still.look() == []
    await still.tell(*failed(range(9, 10), still.wait(1)))  # the first five are 300 s old
    assert still.look() == []


async def test_a_restart_forgets_no_failed_order() -> None:
    past = failed(range(6), START_US - 200 * SECOND_US)
    still = Still(past)
    await still.tell(*failed(range(6, 10), START_US))
    assert still.look() == [STOP_KRAKEN]


async def test_a_release_spends_the_failures_of_its_scope_and_a_restart_knows_that() -> None:
    past = [*failed(range(10), START_US), tripped("ACCOUNT:kraken/main"), *released()]
    assert Still(past).look() == []
    elsewhere = [*failed(range(10), START_US), tripped("ACCOUNT:mexc/main"), *released()]
    assert Still(elsewhere).look() == [STOP_KRAKEN]


async def test_two_accounts_that_fail_are_everything() -> None:
    still = Still()
    await still.tell(*failed(range(10), START_US), *failed(range(20, 30), START_US, MEXC))
    assert still.look() == [STOP_ALL]


# Runaway


async def test_a_strategy_that_goes_on_being_denied_is_halted_and_stays_so() -> None:
    still = Still()
    await still.tell(*denied(50, START_US))
    assert still.look() == []
    await still.tell(*denied(1, START_US))
    assert still.look() == [(Level.HALT, "STRATEGY:grid")]
    await halted(still)
    still.wait(600)
    assert len(still.look()) == 1


@pytest.mark.parametrize("rule", ["halt", "mode", "cancelled"])
async def test_what_a_halt_denies_is_nobodys_conduct(rule: str) -> None:
    still = Still()
    await still.tell(*denied(80, START_US, rule))
    assert still.look() == []


async def test_identical_orders_that_are_denied_again_and_again_halt_their_strategy() -> None:
    still = Still()
    await still.tell(*denied(3, START_US, "max_identical_orders"))
    assert still.look() == []
    await still.tell(*denied(1, START_US, "max_identical_orders"))
    assert still.look() == [(Level.HALT, "STRATEGY:grid")]


# Once a halt, and anew


def skewed(still: Still, skew_us: int) -> None:
    still.desk.show(venues=Table({"kraken": VenueView(venue="kraken", skew_us=skew_us)}))


async def test_one_halt_is_tripped_once_though_its_condition_comes_and_goes() -> None:
    still = Still()
    for _ in range(3):
        skewed(still, -9_000_000)
        still.look()
        if len(still.kill.trips) == 1 and not still.board.halts:
            await halted(still)
        skewed(still, 0)
        still.look()
    assert still.kill.wanted == [(Level.HALT, "VENUE:kraken")]


async def test_after_a_release_the_trigger_fires_again_only_if_its_condition_comes_anew() -> None:
    still = Still()
    skewed(still, 9_000_000)
    still.look()
    await halted(still)
    await still.tell(*released())
    assert len(still.look()) == 1  # it still holds: the person who released it was told
    skewed(still, 0)
    assert len(still.look()) == 1
    skewed(still, 9_000_000)
    assert len(still.look()) == 2


async def test_a_restart_does_not_trip_a_standing_halt_again_and_does_after_a_release() -> None:
    trip = tripped("VENUE:kraken", "trigger:clock_skew")
    still = Still([trip])
    skewed(still, 9_000_000)
    assert still.look() == []
    again = Still([trip, *released()])
    skewed(again, 9_000_000)
    assert again.look() == [(Level.HALT, "VENUE:kraken")]


async def test_a_standing_halt_of_somebody_else_hides_no_trigger() -> None:
    still = Still([tripped("VENUE:kraken", "me")])
    skewed(still, 9_000_000)
    assert still.look() == [(Level.HALT, "VENUE:kraken")]


async def test_a_trip_raises_an_alarm_that_says_what_to_do() -> None:
    still = Still()
    skewed(still, 9_000_000)
    still.look()
    (alarm,) = still.board.alarms
    assert alarm.alarm == "trigger clock_skew VENUE:kraken"
    assert alarm.severity == "critical"
    assert "9000 ms off" in alarm.text
    assert "NTP" in alarm.text


# What stands against a release


async def test_a_condition_that_still_holds_stands_against_the_release_of_its_scope() -> None:
    still = Still()
    skewed(still, 9_000_000)
    still.look()
    for scope, stands in (
        ("VENUE:kraken", True),
        ("GLOBAL", True),
        ("VENUE:mexc", False),
        ("ACCOUNT:kraken/main", False),
        ("STRATEGY:drill", False),
    ):
        assert bool(still.triggers.standing(scope)) is stands, scope
    skewed(still, 0)
    assert still.triggers.standing("GLOBAL") == []


# Off, and watching only


@pytest.mark.parametrize(
    ("mode", "enabled", "trips"),
    [(Mode.DEMO, True, 1), (Mode.LIVE, True, 1), (Mode.OBSERVE, True, 0), (Mode.PAPER, False, 0)],
)
async def test_triggers_can_be_off_and_trip_nothing_where_no_order_leaves(
    mode: Mode, enabled: bool, trips: int
) -> None:
    still = Still(mode=mode, enabled=enabled)
    skewed(still, 9_000_000)
    assert len(still.look()) == trips
    assert bool(still.triggers.standing("GLOBAL")) is bool(trips)
    views = {view.name: view for view in await still.triggers.views(ReadTriggers(), ME)}
    assert views["clock_skew"].on is bool(trips)
    assert views["clock_skew"].holds == ("VENUE:kraken",)  # it is shown all the same


# Whatever fails trips


@pytest.mark.parametrize("rule", TRIGGERS)
async def test_a_trigger_that_raises_stops_everything_in_its_name(
    rule: Callable[[Scene], Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Scene) -> Reading:
        raise ZeroDivisionError("bad figure")

    broken.__name__ = rule.__name__
    broken.__doc__ = rule.__doc__
    still = Still(rules=tuple(broken if known is rule else known for known in TRIGGERS))
    assert still.look() == [STOP_ALL]
    assert f"TRIGGER_ERROR in {rule.__name__}: ZeroDivisionError" in still.kill.trips[0][2]
    assert still.kill.trips[0][3] == f"trigger:{rule.__name__}"


async def test_a_desk_that_cannot_even_be_looked_at_is_stopped() -> None:
    still = Still()
    broken: Any = None
    still.view.settings = broken
    assert still.look() == [STOP_ALL]
    assert "TRIGGER_ERROR" in still.kill.trips[0][2]


# Security incidents


def alarm(name: str) -> AlarmRaised:
    return AlarmRaised(at_us=START_US, actor="e", alarm=name, severity="critical", text=name)


def audited(*gained: Right) -> KeyAudited:
    report = KeyReport(fingerprint="f")
    return KeyAudited(
        at_us=START_US, actor="e", account=KRAKEN, purpose=Purpose.TRADE, report=report,
        gained=gained,
    )  # fmt: skip


def left(amount: str = "-1", moved_us: int = START_US, source: str = "poll") -> events.Fact:
    moved = Movement(
        account=KRAKEN, reference="R1", asset="BTC", amount=D(amount), fee=D(0), at_us=moved_us
    )
    return bookings.MovementBooked(at_us=START_US, actor="k", movement=moved, source=source)


OPENED = bookings.OpeningBalance(
    at_us=START_US - 100 * SECOND_US, actor="e", account=KRAKEN, assets={}
)


@pytest.mark.parametrize(
    "fact",
    [alarm("codes alice"), alarm("MARKER_TAMPERED"), audited(Right.WITHDRAW), left()],
    ids=["codes", "marker", "wider", "withdrawal"],
)
async def test_a_security_incident_stops_everything(fact: events.Fact) -> None:
    still = Still([OPENED])
    await still.tell(fact)
    assert still.look() == [STOP_ALL]
    assert still.kill.trips[0][2].startswith("security_incident: security incident: ")


@pytest.mark.parametrize(
    ("mode", "fact"),
    [
        (Mode.DEMO, left()),  # the demo desk makes up its own flows
        (Mode.LIVE, left("1")),
        (Mode.LIVE, left(moved_us=START_US - 101 * SECOND_US)),  # before the account was opened
        (Mode.LIVE, left(source=bookings.IMPORTED)),
        (Mode.LIVE, alarm("limits pending")),
        (Mode.LIVE, audited()),
    ],
)
async def test_what_is_no_incident_stops_nothing(mode: Mode, fact: events.Fact) -> None:
    still = Still([OPENED], mode=mode)
    await still.tell(fact)
    assert still.look() == []


async def test_a_withdrawal_that_was_asked_for_here_is_no_incident() -> None:
    still = Still([OPENED], mode=Mode.LIVE)
    terms = Terms(
        account=KRAKEN, asset="BTC", network="", address="a", tag="", amount=D(1), nonce="n",
        requester="me",
    )  # fmt: skip
    asked = Request(
        request_id="W1",
        terms=terms,
        ruling=Ruling(action=Action.AUTO, rule="small"),
        body_hash="",
        requested_us=START_US,
        expires_us=START_US,
        venue_id="R1",
    )
    still.desk.show(withdrawals=Table({"W1": asked}))
    await still.tell(left())
    assert still.look() == []
    still.desk.show(withdrawals=Table({"W1": replace(asked, venue_id="R2")}))
    await still.tell(left())
    assert still.look() == [STOP_ALL]


async def test_incidents_of_the_past_trip_nothing_and_those_that_tripped_still_stand() -> None:
    old = Still([OPENED, alarm("codes alice"), left()])
    assert old.look() == []
    reason = "security_incident: security incident: codes alice"
    trip = replace(tripped(actor="trigger:security_incident"), reason=reason)
    again = Still([alarm("codes alice"), trip])
    assert again.look() == []
    assert len(again.triggers.standing("GLOBAL")) == 1
    assert not Still([trip, *released()]).triggers.standing("GLOBAL")


async def test_a_second_incident_during_a_halt_is_an_alarm_and_after_it_a_trip() -> None:
    still = Still()
    await still.tell(alarm("codes alice"))
    still.look()
    await halted(still)
    await still.tell(alarm("MARKER_TAMPERED"))
    assert len(still.look()) == 1
    raised = next(a for a in still.board.alarms if a.alarm == "trigger security_incident GLOBAL")
    assert raised.count == 2
    assert "MARKER_TAMPERED" in raised.text
    await still.tell(*released())
    assert len(still.look()) == 1
    await still.tell(alarm("codes alice"))
    assert len(still.look()) == 2


# What is shown


async def test_every_trigger_is_shown_with_its_value_its_limit_and_its_last_trip() -> None:
    still = Still([replace(tripped(), reason="ORDER_WITHOUT_INTENT: X is not ours")])
    await still.tell(*failed(range(10), START_US))
    still.look()
    await halted(still)
    views = {view.name: view for view in await still.triggers.views(ReadTriggers(), ME)}
    assert list(views) == [rule.__name__ for rule in TRIGGERS]
    assert LEVELS.keys() == views.keys()
    shown = views["failed_orders"]
    assert (shown.value, shown.limit) == ("10", "10 in 300 s")
    ten = Decimal(10)
    assert [(g.about, g.used, g.limit) for g in shown.gauges] == [("kraken/main", ten, ten)]
    assert shown.fired_us == START_US
    assert shown.fired_scope == "ACCOUNT:kraken/main"
    assert views["order_without_intent"].fired_us == START_US
    assert views["drawdown"].fired_us == 0
    assert all(view.meaning for view in views.values())
