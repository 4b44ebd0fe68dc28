"""What is read off the board at a scrape: right, bounded, and never a zero for "not known"."""

from dataclasses import replace
from decimal import Decimal
from math import isnan

import pytest

from domain.board import (
    AccountView,
    Alarm,
    Board,
    Break,
    Feed,
    LedgerView,
    Mode,
    NavPoint,
    VenueView,
)
from domain.engine_view import EngineView
from domain.halts import Halt, HaltState, Level
from domain.instruments import Account
from domain.market import AssetBalance, Balances, Mark
from domain.orders import OrderState
from domain.snapshots import SnapshotView
from domain.table import Table
from domain.verdicts import Usage
from tests.prometheus.scrapes import KRAKEN, NOW_US, one, order, over, scraped, values_of

MEXC = Account("mexc", "second")
EMPTY = Board(mode=Mode.DEMO, now_us=NOW_US)


def balances(account: Account, **held: str) -> AccountView:
    assets = {asset: AssetBalance(total=Decimal(total)) for asset, total in held.items()}
    told = Balances(account=account, assets=assets, asked_us=NOW_US, at_us=NOW_US)
    return AccountView(account=account, balances=told)


def a_break(kind: str, value: str | None) -> Break:
    size = None if value is None else Decimal(value)
    name = f"{kind}:{value}"
    return Break(break_id=name, kind=kind, account=KRAKEN, detail="", at_us=NOW_US, value=size)


def test_a_balance_is_valued_an_account() -> None:
    accounts = Table(
        {KRAKEN: balances(KRAKEN, BTC="0.5", USD="100"), MEXC: balances(MEXC, USD="7")}
    )
    mark = Mark(asset="BTC", value=Decimal(60_000), at_us=NOW_US, source="kraken BTC/USD")
    metrics = over(EMPTY.but(accounts=accounts, marks=Table({"BTC": mark})))
    assert one(metrics, "trading_balance_usd", venue="kraken", account="main") == 30_100
    assert one(metrics, "trading_balance_usd", venue="mexc", account="second") == 7


def test_an_account_whose_balances_are_not_known_has_no_value_at_all() -> None:
    metrics = over(EMPTY.but(accounts=Table({KRAKEN: AccountView(account=KRAKEN)})))
    assert not [name for name, _ in scraped(metrics) if name == "trading_balance_usd"]


def test_the_days_result_is_nav_less_opening_and_flows() -> None:
    nav = (NavPoint(at_us=1, nav=Decimal(100)), NavPoint(at_us=2, nav=Decimal(130)))
    board = EMPTY.but(nav=nav, nav_day_open=Decimal(90), flows_today=Decimal(25))
    assert one(over(board), "trading_pnl_daily_usd") == 15


@pytest.mark.parametrize(
    "name",
    [
        "trading_pnl_daily_usd",
        "trading_ledger_verified",
        "trading_kill_verify_ms",
        "trading_ledger_anchor_age_seconds",
        "trading_last_drill_age_seconds",
        "trading_snapshot_age_seconds",
        "trading_notify_outbox_age_seconds",
    ],
)
def test_what_was_never_measured_is_not_a_number(name: str) -> None:
    assert isnan(one(over(EMPTY), name))


def test_a_snapshot_is_as_old_as_the_newest_of_all_accounts() -> None:
    taken = SnapshotView(
        account="", local_date="2026-11-21", at_us=NOW_US - 90_000_000, nav=Decimal(1)
    )
    board = EMPTY.but(snapshots=Table({"": taken}))
    assert one(over(board), "trading_snapshot_age_seconds") == 90


@pytest.mark.parametrize(("told", "shown"), [("OK", 1), ("FAIL", 0)])
def test_the_last_verification_is_one_or_zero(told: str, shown: int) -> None:
    metrics = over(EMPTY.but(ledger=LedgerView(head_seq=8_812, verified=told)))
    assert one(metrics, "trading_ledger_verified") == shown
    assert one(metrics, "trading_ledger_head_seq") == 8_812


def test_a_verification_that_was_not_complete_proves_nothing() -> None:
    assert isnan(
        one(over(EMPTY.but(ledger=LedgerView(verified="INCOMPLETE"))), "trading_ledger_verified")
    )


def test_discrepancies_add_up_without_sign_and_every_kind_is_counted() -> None:
    breaks = (
        a_break("BALANCE_UNEXPLAINED", "-30"),
        a_break("BALANCE_UNEXPLAINED", "20"),
        a_break("PHANTOM_TRADE", None),
    )
    metrics = over(EMPTY.but(breaks=breaks))
    assert one(metrics, "trading_reconciliation_discrepancy_usd") == 50
    counts = {kind: one(metrics, "trading_recon_breaks", **{"class": kind}) for kind in KINDS}
    assert counts == {**dict.fromkeys(KINDS, 0), "BALANCE_UNEXPLAINED": 2, "PHANTOM_TRADE": 1}


KINDS = (
    "BALANCE_UNEXPLAINED",
    "FILL_CHANGED",
    "MOVEMENT_CHANGED",
    "ORDER_REOPENED",
    "OVERFILL",
    "PHANTOM_TRADE",
)


def test_a_clock_that_was_never_measured_is_not_right() -> None:
    venues = Table(
        {
            "kraken": VenueView(venue="kraken", skew_us=-1_500),
            "mexc": VenueView(venue="mexc"),
        }
    )
    metrics = over(EMPTY.but(venues=venues))
    assert one(metrics, "trading_clock_skew_ms", venue="kraken") == -1.5
    assert isnan(one(metrics, "trading_clock_skew_ms", venue="mexc"))


def test_a_ban_is_told_in_seconds_that_are_left() -> None:
    ends_us = NOW_US + 12_500_000
    banned = VenueView(venue="kraken", banned_us=ends_us, ban="EAPI:Rate limit exceeded")
    over_now = VenueView(venue="mexc", banned_us=NOW_US - 1)
    metrics = over(EMPTY.but(venues=Table({"kraken": banned, "mexc": over_now})))
    assert one(metrics, "trading_venue_banned_seconds", venue="kraken") == 12.5
    assert one(metrics, "trading_venue_banned_seconds", venue="mexc") == 0


def test_a_feed_is_as_old_as_its_last_sign_of_life() -> None:
    beating = Feed(
        venue="kraken",
        kind="account",
        account="kraken/main",
        message_us=NOW_US - 9_000_000,
        heartbeat_us=NOW_US - 1_500_000,
        poll_us=NOW_US - 4_000_000,
    )
    silent = Feed(venue="kraken", kind="prices")
    metrics = over(EMPTY.but(feeds=Table({"kraken/main": beating, "kraken prices": silent})))
    age = "trading_stream_age_seconds"
    assert one(metrics, age, venue="kraken", account="main", kind="account") == 1.5
    assert isnan(one(metrics, age, venue="kraken", account="", kind="prices"))


def test_the_tightest_asset_of_a_limit_is_the_one_shown() -> None:
    def position(used: str, reserved: str, asset: str) -> Usage:
        figures = (Decimal(used), Decimal(reserved), Decimal(100))
        return Usage("max_position_size", *figures, "USD", asset)

    usage = (position("10", "0", "ETH"), position("60", "15", "BTC"), position("5", "0", "SOL"))
    metrics = over(EMPTY.but(usage=usage))
    assert one(metrics, "trading_limit_headroom_ratio", rule="max_position_size") == 0.25
    assert one(metrics, "trading_reservation_total", rule="max_position_size") == 15


@pytest.mark.parametrize(("used", "limit"), [("150", "100"), ("0", "0")])
def test_a_limit_that_is_used_up_has_no_headroom(used: str, limit: str) -> None:
    usage = Usage("max_daily_volume", Decimal(used), Decimal(0), Decimal(limit), "USD")
    metrics = over(EMPTY.but(usage=(usage,)))
    assert one(metrics, "trading_limit_headroom_ratio", rule="max_daily_volume") == 0


def test_the_halt_the_orders_the_alarms_and_the_engine_are_told() -> None:
    halt = Halt(
        halt_id="h",
        level=Level.HALT_CANCEL,
        reason="r",
        actor="me",
        at_us=NOW_US,
        state=HaltState.HALTED,
    )
    made = order()
    sent = OrderState(order=made, quantity=made.quantity, price=made.price, sent=True)
    doubtful = replace(sent, order=order("QDT1BBBBBBBBBBBBBB"), outcome_unknown=True)
    seen = Alarm(alarm="a", severity="info", text="", at_us=1, acknowledged=True)
    unseen = Alarm(alarm="b", severity="info", text="", at_us=1)
    board = EMPTY.but(
        halts=(halt,),
        orders=Table({state.client_id: state for state in (sent, doubtful)}),
        alarms=(seen, unseen),
        engine=EngineView(lag_us=2_500, memory_bytes=4_096),
    )
    metrics = over(board)
    told = {
        "trading_orders_unknown": 1,
        "trading_open_orders": 2,
        "trading_alarms": 1,
        "trading_armed": 0,
        "trading_engine_lag_ms": 2.5,
        "trading_engine_memory_bytes": 4_096,
    }
    assert {name: one(metrics, name) for name in told} == told
    assert one(metrics, "trading_halt_level", scope="GLOBAL") == 3
    assert one(over(EMPTY), "trading_halt_level", scope="GLOBAL") == 0


def test_a_break_of_a_kind_that_nobody_knows_is_other() -> None:
    metrics = over(EMPTY.but(breaks=(a_break('x"}\n# evil 1', "1"),)))
    assert one(metrics, "trading_recon_breaks", **{"class": "other"}) == 1
    assert "evil" not in str(values_of(scraped(metrics), "class"))


def test_the_age_of_the_last_proven_drill_is_told_in_seconds() -> None:
    drilled = EMPTY.but(drilled_us=NOW_US - 90_000_000)
    assert one(over(drilled), "trading_last_drill_age_seconds") == 90
