"""What the venue contract needs of an adapter: one rig each, opened fresh for every test.

To join an adapter, write a rig with the same surface and add it to RIGS.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from domain.instruments import Account, Instrument
from domain.market import Balances, Price
from domain.orders import Kind, Order, OrderState, Side, TimeInForce
from domain.ports import AccountReader, Market, Trader, VenueTraits
from tests.venues.demo_desks import Bench, open_bench
from venues.demo_dice import SeededDice
from venues.paper import open_paper
from venues.paper_desk import PaperDesk, PaperSettings


class VenueRig(Protocol):
    """An account with money of both sides of `symbol`, at a venue with a market in it."""

    traits: VenueTraits
    account: Account
    symbol: str
    market: Market
    reader: AccountReader
    trader: Trader

    async def pass_time(self, seconds: int) -> None:
        """Let the venue's time go on, and its streams tell what happened."""
        ...


@dataclass
class DemoRig:
    bench: Bench
    traits: VenueTraits
    account: Account
    symbol: str
    market: Market
    reader: AccountReader
    trader: Trader

    async def pass_time(self, seconds: int) -> None:
        self.bench.pass_time(seconds)
        for _ in range(5):  # streams carry what was told when they are next awake
            await asyncio.sleep(0)


@dataclass
class PaperRig(DemoRig):
    """Paper accounts; the demo's public market stands for the live one."""

    desk: PaperDesk

    async def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            await super().pass_time(1)
            self.desk.tend()


Opening = Callable[[], AbstractAsyncContextManager[VenueRig]]


def _demo(venue: str, symbol: str) -> Opening:
    @asynccontextmanager
    async def opened() -> AsyncIterator[VenueRig]:
        bench = open_bench()
        there = bench.venue(venue)
        yield DemoRig(
            bench=bench,
            traits=there.traits,
            account=Account(venue, "main"),
            symbol=symbol,
            market=there.market,
            reader=there.readers["main"],
            trader=there.traders["main"],
        )
        bench.desk.close()

    return opened


def _paper(venue: str, symbol: str) -> Opening:
    @asynccontextmanager
    async def opened() -> AsyncIterator[VenueRig]:
        bench = open_bench()
        live = bench.venue(venue)
        purse = {symbol.partition("/")[2]: Decimal(100_000), "BTC": Decimal(2)}
        opening = open_paper(
            live.traits,
            live.market,
            ["main"],
            clock=bench.clock,
            dice=SeededDice(1, "paper"),
            state_dir=None,
            book="",
            settings=PaperSettings(balances=purse, latency_least_ms=0, latency_most_ms=1),
        )
        async with opening as there, asyncio.TaskGroup() as group:
            running = group.create_task(there.run())
            account = Account(venue, "main")
            yield PaperRig(
                bench=bench,
                traits=there.traits,
                account=account,
                symbol=symbol,
                market=there.market,
                reader=there.readers[account],
                trader=there.traders[account],
                desk=there.desk,
            )
            running.cancel()
        bench.desk.close()

    return opened


RIGS: Mapping[str, Opening] = {
    "demo-kraken": _demo("kraken", "BTC/USD"),
    "demo-kucoin": _demo("kucoin", "BTC/USDT"),
    "demo-gate": _demo("gate", "BTC/USDT"),
    "demo-mexc": _demo("mexc", "BTC/USDT"),
    "paper-kraken": _paper("kraken", "BTC/USD"),
    "paper-kucoin": _paper("kucoin", "BTC/USDT"),
    "paper-gate": _paper("gate", "BTC/USDT"),
    "paper-mexc": _paper("mexc", "BTC/USDT"),
}


class Terms:
    """Orders with sensible terms for a rig, from what its venue shows."""

    def __init__(self, rig: VenueRig, instrument: Instrument, price: Price) -> None:
        assert instrument.tick is not None
        assert price.bid is not None
        assert price.ask is not None
        self.tick = instrument.tick
        self.bid = price.bid
        self.ask = price.ask
        self._rig = rig
        self._instrument = instrument
        self._made = 0

    @property
    def small(self) -> Decimal:
        """A quantity worth about twenty units of the quote, in whole lots."""
        return self._instrument.whole_lots(Decimal(20) / self.bid)

    def away(self, side: Side, percent: int) -> Decimal:
        """A price that is `percent` worse for the market than the best, in whole ticks."""
        share = Decimal(100 - percent) if side is Side.BUY else Decimal(100 + percent)
        best = self.bid if side is Side.BUY else self.ask
        return (best * share / 100) // self.tick * self.tick

    def order(
        self,
        side: Side,
        quantity: Decimal,
        price: Decimal | None,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> Order:
        self._made += 1
        return Order(
            client_id=f"qdCT{self._made:04d}",
            account=self._rig.account,
            symbol=self._rig.symbol,
            side=side,
            kind=Kind.MARKET if price is None else Kind.LIMIT,
            quantity=quantity,
            price=price,
            time_in_force=time_in_force,
            post_only=post_only,
        )

    def resting_buy(self, percent: int = 5) -> Order:
        return self.order(Side.BUY, self.small, self.away(Side.BUY, percent))


async def terms_of(rig: VenueRig) -> Terms:
    """The rig's instrument and price, asked once."""
    instruments = {each.symbol: each for each in await rig.market.instruments()}
    (price,) = await rig.market.prices([rig.symbol])
    return Terms(rig, instruments[rig.symbol], price)


def state_of(order: Order, venue_order_id: str = "") -> OrderState:
    """What the engine would know of an order that it sent."""
    return OrderState(
        order=order,
        quantity=order.quantity,
        price=order.price,
        sent=True,
        venue_order_id=venue_order_id,
    )


async def placed(rig: VenueRig, order: Order) -> OrderState:
    """Place an order that the venue must accept."""
    placement = await rig.trader.place(order)
    assert placement.accepted, placement
    assert placement.venue_order_id
    return state_of(order, placement.venue_order_id)


def totals(balances: Balances) -> dict[str, Decimal]:
    """Asset → total."""
    return {asset: balance.total for asset, balance in balances.assets.items()}
