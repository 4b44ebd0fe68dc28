"""What the demo tests build on: a clock that is set by hand, desks, orders."""

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from domain.instruments import Account
from domain.orders import Kind, Order, OrderState, Side, TimeInForce
from venues.demo import DemoDesk, DemoVenue, open_demo
from venues.demo_dice import SeededDice
from venues.demo_exchange import DemoExchange
from venues.demo_world import TICK_US, World
from venues.till import Change

START_US = 1_795_000_000_000_000
SECOND_US = 1_000_000


@dataclass
class HandClock:
    """The Clock port, moved by the test."""

    at_us: int = START_US

    def now_us(self) -> int:
        return self.at_us

    def monotonic_us(self) -> int:
        return self.at_us


@dataclass
class Bench:
    """An open demo desk and its clock."""

    desk: DemoDesk
    clock: HandClock

    def pass_time(self, seconds: int, *, step_us: int = TICK_US) -> None:
        for _ in range(seconds * SECOND_US // step_us):
            self.clock.at_us += step_us
            self.desk.advance(self.clock.at_us)

    def venue(self, name: str = "kraken") -> DemoVenue:
        return self.desk.venues[name]


def open_bench(
    state_dir: Path | None = None,
    *,
    seed: int | None = 7,
    scenario: str = "sideways",
    at_us: int = START_US,
    book: str = "",
) -> Bench:
    clock = HandClock(at_us)
    desk = open_demo(
        clock,
        SeededDice(1, "dice"),
        scenario=scenario,
        seed=seed,
        state_dir=state_dir,
        book=book,
        instant=True,
    )
    return Bench(desk, clock)


def exchange_of(bench: Bench, venue: str = "kraken") -> DemoExchange:
    return world_of(bench).exchanges[venue]


def world_of(bench: Bench) -> World:
    return bench.desk._world


_numbers = iter(range(1, 10**9))


def an_order(
    side: Side,
    quantity: str | Decimal,
    price: str | Decimal | None,
    *,
    symbol: str = "BTC/USD",
    account: str = "kraken/main",
    client_id: str = "",
    time_in_force: TimeInForce = TimeInForce.GTC,
    post_only: bool = False,
) -> Order:
    return Order(
        client_id=client_id or f"qd{next(_numbers)}",
        account=Account.parse(account),
        symbol=symbol,
        side=side,
        kind=Kind.MARKET if price is None else Kind.LIMIT,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        time_in_force=time_in_force,
        post_only=post_only,
    )


def state_of(order: Order, venue_order_id: str = "") -> OrderState:
    return OrderState(
        order=order,
        quantity=order.quantity,
        price=order.price,
        sent=True,
        venue_order_id=venue_order_id,
    )


@contextmanager
def file_size_limit(path: Path, limit: Callable[[int], int]) -> Iterator[None]:
    """Let the kernel refuse to make any file larger than `limit(size of path)`."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit(path.stat().st_size), old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)


def memory(bench: Bench) -> list[Change]:
    return [exchange.till.whole() for exchange in world_of(bench).exchanges.values()]


def reopened(bench: Bench, directory: Path, *, after_us: int = 0) -> Bench:
    """What starts after the process was killed: the old desk is not closed first."""
    return open_bench(directory, seed=None, at_us=bench.clock.at_us + after_us)


async def busy(bench: Bench) -> None:
    """Orders of every kind and fate at two venues, and some time."""
    kraken, kucoin = bench.venue().traders["main"], bench.venue("kucoin").traders["main"]
    (price,) = await bench.venue().market.prices(["BTC/USD"])
    assert price.bid is not None
    await kraken.place(an_order(Side.BUY, "0.2", price.bid + Decimal("0.1")))
    await kraken.place(an_order(Side.BUY, "0.01", None))
    gone = an_order(Side.SELL, "0.01", "90000")
    await kraken.place(gone)
    await kraken.cancel(state_of(gone))
    order = an_order(Side.SELL, "0.5", "9000", symbol="ETH/USDT", account="kucoin/main")
    await kucoin.place(order)
    await kraken.dead_man(3_600)
    bench.pass_time(60)
