"""Every venue with a row: what leaves for each act, and what is read of its answers.

`golden/<venue>.txt` holds both, act by act; whoever changes one of those files has looked at
every line of it. A ccxt upgrade that sends or reads anything else fails here. To write a file
anew: delete it and run this test, which then fails once and shows what it wrote.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from domain.errors import DeskError
from domain.money import canonical
from domain.orders import Kind, Order, OrderState, Side, TimeInForce
from domain.withdrawals import Withdrawal
from tests.venues.conformance.captured import Captured
from venues import ccxt_quirks

GOLDEN = Path(__file__).parent / "golden"
TRADED = sorted(v for v, row in ccxt_quirks._KNOWN.items() if row.trades and v != "kraken")
D = Decimal
OURS = "QDT100000000000001"
# Bitfinex takes prices of five digits.
PRICES = {"bitfinex": D("50001")}
SYMBOLS = dict.fromkeys(("kraken", "coinbase", "gemini", "alpaca"), "BTC/USD")
THEIRS = {
    "kraken": "OQCLML-BW3P3-BUCMWZ",
    "kucoin": "66a1b2c3d4e5f60007a1b2c3",
    "coinbase": "0000-000000-000001",
    "binance": "28",
    "binanceus": "28",
    "gate": "12332324",
    "mexc": "C02__28",
    "bitfinex": "139472205825",
    "gemini": "106817811",
    "alpaca": "61e69015-8549-4bfd-b9c3-01e75843f47d",
}
HOURS_US = 2 * 3_600_000_000
# The network as each venue calls it; "" where it has no word for it.
NETWORKS = {"kraken": "Bitcoin", "kucoin": "btc", "coinbase": "bitcoin", "bitfinex": "bitcoin"}
NETWORKS |= {"gemini": "", "alpaca": "BTC"}


def order(desk: Captured, **terms: Any) -> Order:
    defaults: dict[str, Any] = {
        "client_id": OURS,
        "account": desk.account,
        "symbol": SYMBOLS.get(desk.venue, "BTC/USDT"),
        "side": Side.BUY,
        "kind": Kind.LIMIT,
        "quantity": D("0.0100"),
        "price": PRICES.get(desk.venue, D("50000.1")),
        "at_us": desk.clock.at_us - HOURS_US,
    }
    return Order(**{**defaults, **terms})


def state(desk: Captured, venue_order_id: str) -> OrderState:
    placed = order(desk)
    return OrderState(
        order=placed,
        quantity=placed.quantity,
        price=placed.price,
        sent=True,
        venue_order_id=venue_order_id,
    )


def place(**terms: Any) -> Callable[[Captured], Awaitable[object]]:
    return lambda desk: desk.trader.place(order(desk, **terms))


def withdrawal(desk: Captured, **terms: Any) -> Withdrawal:
    defaults: dict[str, Any] = {
        "account": desk.account,
        "reference": "0af1b2c3d4e5f60718293a4b5c6d7e8f",
        "asset": "BTC",
        "network": NETWORKS.get(desk.venue, "BTC"),
        "address": "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh",
        "tag": "memo+1 &/é",
        "amount": D("0.12345678901"),
        "saved_as": "cold & safe",
    }
    return Withdrawal(**{**defaults, **terms})


MARKET = {"kind": Kind.MARKET, "price": None}
ACTS: dict[str, Callable[[Captured], Awaitable[object]]] = {
    "instruments": lambda desk: desk.market.instruments(),
    "prices": lambda desk: desk.market.prices([SYMBOLS.get(desk.venue, "BTC/USDT")]),
    "clock": lambda desk: desk.market.clock_us(),
    "place a limit order": place(),
    "place post-only": place(post_only=True),
    "place IOC": place(time_in_force=TimeInForce.IOC),
    "place FOK": place(time_in_force=TimeInForce.FOK),
    "buy at market": place(**MARKET),
    "sell at market": place(**MARKET, side=Side.SELL),
    "cancel by the venue's id": lambda desk: desk.trader.cancel(state(desk, THEIRS[desk.venue])),
    "cancel by our id": lambda desk: desk.trader.cancel(state(desk, "")),
    "cancel everything": lambda desk: desk.trader.cancel_all(),
    "balances": lambda desk: desk.reader.balances(),
    "open orders": lambda desk: desk.reader.open_orders(),
    "find by the venue's id": lambda desk: desk.reader.find(state(desk, THEIRS[desk.venue])),
    "find by our id": lambda desk: desk.reader.find(state(desk, "")),
    "history": lambda desk: desk.reader.history(desk.clock.at_us - HOURS_US),
    "withdraw": lambda desk: desk.withdrawer.withdraw(withdrawal(desk)),
}


@pytest.mark.parametrize("venue", ["kraken", *TRADED])
def test_what_leaves_and_what_is_read_is_what_was_looked_at(venue: str) -> None:
    golden = GOLDEN / f"{venue}.txt"
    told = asyncio.run(script(venue))
    if not golden.is_file():
        golden.write_text(told, encoding="utf-8")
        pytest.fail(f"{golden.name} was written: look at every line of it\n{told}")
    assert told == golden.read_text(encoding="utf-8")


async def script(venue: str) -> str:
    """Every act on a desk that has done nothing but load the instruments."""
    lines: list[str] = []
    for name, act in ACTS.items():
        desk = Captured(venue)
        if name not in ("instruments", "clock"):
            await desk.market.instruments()
        desk.forget()
        try:
            answer = await act(desk)
        except DeskError as error:
            answer = f"{type(error).__name__}: {error}"
        lines += [f"# {name}", *(f"> {line}" for line in desk.lines), *shown(answer)]
        lines += [f"! {problem}" for problem in desk.problems] + [""]
    return "\n".join(lines)


def shown(value: object) -> list[str]:
    """One line a value; lists and histories a line for each row."""
    if isinstance(value, list | tuple):
        return [line for row in value for line in shown(row)] or ["< nothing"]
    if is_dataclass(value):
        told = {field.name: getattr(value, field.name) for field in fields(value)}
        rows = {name: row for name, row in told.items() if isinstance(row, tuple | dict)}
        flat = " ".join(f"{k}={text(v)}" for k, v in told.items() if k not in rows)
        return [
            f"< {type(value).__name__} {flat}",
            *(line for r in rows.items() for line in _rows(r)),
        ]
    return [f"< {text(value)}"]


def _rows(told: tuple[str, Any]) -> list[str]:
    name, rows = told
    if isinstance(rows, dict):
        return [f"<   {name} {key}: {shown(row)[0][2:]}" for key, row in rows.items()]
    return [f"<   {name}: {line[2:]}" for row in rows for line in shown(row)]


def text(value: object) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        return f"({' '.join(line[2:] for line in shown(value))})"
    return str(value)
