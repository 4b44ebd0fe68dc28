"""Goal 13: the mock report of R-A10, 4 venues, 2 assets, 90 trades, in total and by stage.

What a desk does for it: balances of all accounts added up at marks, the trades' lots and P&L by
window, both as the text that `quarterdeck nav` and `quarterdeck pnl` print. The engine's own
parts answer; what they stand on here is a board and a clock. The one rule: nothing is kept from
one round to the next, and everything is imported before.
"""

import asyncio
import io
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from bench.books import GENESIS
from bench.harness import Row, at_most, milliseconds
from cli.commands import accounting
from domain import figures
from domain.asks import Ask
from domain.board import AccountView, Board, Mode
from domain.bookings import FillBooked
from domain.events import Fact
from domain.instruments import Account
from domain.market import AssetBalance, Balances, Mark
from domain.orders import Fill, Side
from domain.ports import Desk
from domain.table import Table
from engine.figures import Figures
from engine.floor import Floor
from engine.lots import Lots
from engine.operators import Operator
from engine.settings import EngineSettings

T = TypeVar("T")
ROUNDS, FULL_ROUNDS = 15, 101
TRADES = 90
ACCOUNTS = tuple(Account(venue, "main") for venue in ("mexc", "kraken", "kucoin", "gate"))
PRICES = {"BTC": Decimal(64_000), "ETH": Decimal(2_500)}
STAGES = {"report": 500, "aggregation": 100, "P&L of 90 trades": 100, "formatting": 50}
TENTH = Decimal("0.1")
ME = Operator(name="bench")
ARGS = Namespace(json=False, window="", asset="")
_HOUR_US = 3_600_000_000
_NOW_US = GENESIS.at_us + (TRADES + 1) * 8 * _HOUR_US


class MockDesk:
    """Answers as an engine does, from a board that stands still and facts as they were told."""

    def __init__(self) -> None:
        self.board = _board()
        self.row = 0
        self._answers: dict[type, Callable[[Any, Operator], Coroutine[Any, Any, Any]]] = {}
        floor = SimpleNamespace(
            desk=self, settings=EngineSettings(), now_us=lambda: _NOW_US, spawn=_spawned
        )
        self.lots = Lots(cast("Floor", floor))
        Figures(cast("Floor", floor), self.lots)

    def answer(self, ask: type, how: Callable[[Any, Operator], Any], _: object) -> None:
        """How an ask is answered; everybody may."""
        self._answers[ask] = how

    def keep(self, _: object) -> None:
        """Facts are handed to the lots by `told` alone."""

    def told(self, fact: Fact) -> None:
        """One more row of the ledger."""
        self.row += 1
        self.lots.fact(fact, self.board)

    async def ask(self, ask: Ask[T]) -> T:
        """An answer of the engine's parts."""
        answer: T = await self._answers[type(ask)](ask, ME)
        return answer


class Answered:
    """A desk whose answers are there already: what is left is to write them down."""

    def __init__(self, *answers: Any) -> None:
        self._answers = {type(answer): answer for answer in answers}

    async def ask(self, ask: Ask[Any]) -> Any:
        """The answer of an ask's kind."""
        wanted = figures.NavReport if isinstance(ask, figures.ReadNav) else figures.Pnl
        return self._answers[wanted]


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """The whole and each stage, against the times to beat; the goal is a tenth of the whole."""
    facts = [_trade(number) for number in range(TRADES)]
    first = asyncio.run(_report(facts))
    rounds = [asyncio.run(_report(facts)) for _ in range(FULL_ROUNDS if full else ROUNDS)]
    rows = []
    for stage, beat_ms in STAGES.items():
        taken_s = statistics.median(each[stage] for each in rounds)
        what = f"mock report, {stage} / a tenth of {beat_ms} ms (first {first[stage] * 1e3:.1f} ms)"
        goal_s = beat_ms / 1e3 / 10
        told = (milliseconds(taken_s), milliseconds(goal_s))
        rows.append(at_most("13", what, *told, taken_s / goal_s, 1))
    return rows


async def _report(facts: list[FillBooked]) -> dict[str, float]:
    """How long each stage of one report took, in seconds."""
    marks = [time.perf_counter()]
    desk = MockDesk()
    for fact in facts:
        desk.told(fact)
    worth = await desk.ask(figures.ReadNav())
    marks.append(time.perf_counter())
    earned = await desk.ask(figures.ReadPnl())
    marks.append(time.perf_counter())
    text = await _written(worth, earned)
    marks.append(time.perf_counter())
    assert len(worth.lines) == len(ACCOUNTS) * len(PRICES)
    assert len(earned.assets) == len(PRICES)
    assert not earned.problems
    assert earned.totals[-1].gain
    assert text.count("BTC") > len(ACCOUNTS)
    spans = [later - earlier for earlier, later in pairwise(marks)]
    return dict(zip(STAGES, (marks[-1] - marks[0], *spans), strict=True))


async def _written(*answers: Any) -> str:
    page = io.StringIO()
    with redirect_stdout(page):
        desk = cast("Desk", Answered(*answers))
        await accounting.nav(desk, ARGS)
        await accounting.pnl(desk, ARGS)
    return page.getvalue()


def _board() -> Board:
    held = {asset: AssetBalance(total=Decimal("1.5")) for asset in PRICES}
    views = {
        str(account): AccountView(
            account=account,
            balances=Balances(account=account, assets=held, asked_us=_NOW_US, at_us=_NOW_US),
        )
        for account in ACCOUNTS
    }
    marks = {
        asset: Mark(asset=asset, value=price, at_us=_NOW_US, source="kraken")
        for asset, price in PRICES.items()
    }
    board = Board(mode=Mode.DEMO, now_us=_NOW_US)
    return replace(board, accounts=Table(views), marks=Table(marks))


def _trade(number: int) -> FillBooked:
    """Trade `number`, one in eight hours: two purchases, then a sale, of both assets in turn."""
    asset = ("BTC", "ETH")[number % 2]
    fill = Fill(
        account=ACCOUNTS[number % len(ACCOUNTS)],
        symbol=f"{asset}/USD",
        trade_id=f"T{number}",
        side=Side.SELL if number % 3 == 2 else Side.BUY,
        quantity=TENTH + number % 7 * TENTH / 100,
        price=PRICES[asset] + number * 7,
        fee=TENTH,
        fee_asset="USD",
        at_us=GENESIS.at_us + number * 8 * _HOUR_US,
    )
    return FillBooked(at_us=fill.at_us, actor="bench", fill=fill, source="history")


def _spawned(work: Coroutine[Any, Any, T], _: str) -> "asyncio.Future[T]":
    return asyncio.ensure_future(work)
