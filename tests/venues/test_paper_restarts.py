"""A desk that is started again at any moment trades as one that never was, and lies are found."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instruments import Account
from domain.market import Depth, PublicTrade
from domain.money import ZERO, exactly
from domain.orders import Fill, Kind, Order, Side
from tests.hunting import hunt
from tests.venues.demo_desks import HandClock
from tests.venues.paper_desks import AT_ONCE, BTC, VENUE, FedMarket, levels
from tests.venues.tape_desks import FedTape
from venues.demo_dice import SeededDice
from venues.paper_desk import PaperDesk
from venues.paper_fees import FeesBySymbol
from venues.paper_pit import PaperPit
from venues.paper_queue import Queues
from venues.paper_state import VERSION, Header, read_state
from venues.state_file import StateFile

D = Decimal
SECOND = 1_000_000
TICK = D("0.1")
SIDES = st.sampled_from(Side)


@dataclass(frozen=True)
class Orders:
    side: Side
    ticks: int
    quantity: int


@dataclass(frozen=True)
class Trades:
    side: Side
    ticks: int
    quantity: int


@dataclass(frozen=True)
class Shows:
    sizes: tuple[int, int, int]


@dataclass(frozen=True)
class Restart:
    pass


# Most orders rest, and most trades meet them.
TICKS = st.sampled_from((1, 1, 1, 2, 2, 3))
PLAY = st.one_of(
    st.builds(Orders, SIDES, st.one_of(TICKS, TICKS, st.integers(-1, 0)), st.integers(1, 6)),
    st.builds(Trades, SIDES, TICKS, st.integers(1, 4)),
    st.builds(Trades, SIDES, TICKS, st.integers(1, 9)),
    st.builds(Shows, st.tuples(*[st.integers(1, 6)] * 3)),
)
STEPS = st.lists(st.one_of(PLAY, PLAY, st.just(Restart())), min_size=4, max_size=16)


class Life:
    """One desk over a file; `restarts` False: it never ends."""

    def __init__(self, path: Path, *, restarts: bool) -> None:
        self.path = path
        self.restarts = restarts
        self.clock = HandClock()
        self.numbers = count(1)
        self.trades: list[PublicTrade] = []
        self.sizes = (3, 3, 3)
        self.desk = self._desk(1)
        self.desk.begin()
        self._open()

    def play(self, steps: list[Any]) -> list[Fill]:
        acts: dict[type, Callable[[Any], None]] = {
            Orders: self.order,
            Trades: self.trade,
            Shows: self.book,
            Restart: self.restart,
        }
        for step in steps:
            self.clock.at_us += 10 * SECOND
            acts[type(step)](step)
        return list(self.desk.till.fills)

    def order(self, step: Orders) -> None:
        price = _price(step.side, step.ticks)
        order = Order(
            client_id=f"qd{next(self.numbers)}",
            account=Account(VENUE, "main"),
            symbol=BTC.symbol,
            side=step.side,
            kind=Kind.LIMIT,
            quantity=step.quantity * D("0.1"),
            price=price,
        )
        with exactly():
            self.desk.exchange.place(order, self.clock.now_us())
        self.desk.keep()

    def trade(self, step: Trades) -> None:
        facing = Side.BUY if step.side is Side.SELL else Side.SELL
        trade = PublicTrade(
            venue=VENUE,
            symbol=BTC.symbol,
            number=len(self.trades) + 1,
            side=step.side,
            price=_price(facing, step.ticks),
            quantity=step.quantity * D("0.1"),
            at_us=self.clock.now_us(),
        )
        self.trades.append(trade)
        before = self._made()
        self.desk.printed(BTC.symbol, [trade])
        assert self._made() - before <= trade.quantity, "more than was traded"

    def book(self, step: Shows) -> None:
        self.sizes = step.sizes
        rows = [
            [(str(_price(side, n + 1)), str(q * D("0.1"))) for n, q in enumerate(self.sizes)]
            for side in Side
        ]
        bids, asks = map(levels, rows)
        now_us = self.clock.now_us()
        self.desk.see(Depth(venue=VENUE, symbol=BTC.symbol, bids=bids, asks=asks, at_us=now_us))

    def restart(self, _: Restart) -> None:
        """Ended in order, begun again, and told every trade once more."""
        if not self.restarts:
            return
        self.desk.keep(everything=True)
        saved = read_state(self.path, VENUE, "ledger")
        assert saved is not None
        self.desk = self._desk(saved.header.life + 1)
        self.desk.take_up(saved)
        self.desk.resume(saved)
        self._open()
        self.desk.printed(BTC.symbol, self.trades)

    def _desk(self, life: int) -> PaperDesk:
        return PaperDesk(
            FedMarket(self.clock),
            Header(version=VERSION, venue=VENUE, book="ledger", life=life),
            StateFile(self.path, "paper"),
            self.clock,
            SeededDice(1, "paper"),
            AT_ONCE,
            tape=FedTape(self.clock),
        )

    def _open(self) -> None:
        asyncio.run(self.desk.load(["main"]))
        self.desk.open_pit(BTC)
        self.book(Shows(self.sizes))

    def _made(self) -> Decimal:
        makers = (f for f in self.desk.till.fills if f.liquidity == "maker")
        return sum((fill.quantity for fill in makers), ZERO)


def _price(side: Side, ticks: int) -> Decimal:
    return D(100) - ticks * TICK if side is Side.BUY else D(100) + ticks * TICK


RATE = {"taker": D("0.004"), "maker": D("0.002")}


def compare(steps: list[Any]) -> None:
    with TemporaryDirectory() as directory:
        ever = Life(Path(directory) / "ever.jsonl", restarts=False).play(steps)
        again = Life(Path(directory) / "again.jsonl", restarts=True).play(steps)
    assert again == ever
    for fill in ever:
        fee = (fill.cost * RATE[fill.liquidity]).quantize(D("1e-8"), ROUND_DOWN)
        assert (fill.fee, fill.fee_asset) == (fee, "USD")


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_restart_changes_nothing(steps: list[Any]) -> None:
    compare(steps)


def the_cursor_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    honest = PaperPit._counts

    def counts(pit: PaperPit, trade: PublicTrade, now_us: int) -> bool:
        # The cursor of this life only.
        seen: set[int] = getattr(pit.queues, "seen", set())
        pit.queues.__dict__["seen"] = seen | {trade.number}
        return trade.number not in seen or honest(pit, trade, now_us)

    patch.setattr(PaperPit, "_counts", counts)


def the_queue_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queues, "restore", lambda *_: None)


def makers_pay_the_takers_fee(patch: pytest.MonkeyPatch) -> None:
    honest: Callable[..., tuple[str, Decimal]] = FeesBySymbol.charge
    patch.setattr(FeesBySymbol, "charge", lambda *args: honest(*args[:-1], "taker"))


def volume_is_given_twice(patch: pytest.MonkeyPatch) -> None:
    honest = Queues.serve

    def generous(queues: Queues, trade: PublicTrade, working: Any, now_us: int) -> Any:
        served = list(honest(queues, trade, working, now_us))
        return [(order, order.remaining) for order, _ in served]

    patch.setattr(Queues, "serve", generous)


BUGS = (
    the_cursor_is_forgotten,
    the_queue_is_forgotten,
    makers_pay_the_takers_fee,
    volume_is_given_twice,
)


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_properties_find_every_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    @hunt(1_000)
    @given(steps=STEPS)
    def look(steps: list[Any]) -> None:
        compare(steps)

    with pytest.raises(AssertionError):
        look()
