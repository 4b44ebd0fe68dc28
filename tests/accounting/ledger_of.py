"""Short words for the tests of accounting: trades, days, books, versions."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounting.allocations import Allocation, Made, compute
from accounting.book import replay
from accounting.elections import Election, Elections, Scope
from accounting.entries import Entry, Trade
from domain.days import to_us
from domain.market import Mark

D = Decimal
KRAKEN, COINBASE = "kraken/main", "coinbase/main"
MADE = Made(at_us=0, upto_seq=9, policy_sha="sha", program="test")


def on(day: str, hour: int = 0) -> int:
    """Microseconds of a UTC date and hour."""
    return to_us(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC))


def buy(key: str, day: str, quantity: str, cost: str, **more: Any) -> Trade:
    return _trade(key, day, quantity, cost, buys=True, **more)


def sell(key: str, day: str, quantity: str, cost: str, **more: Any) -> Trade:
    return _trade(key, day, quantity, cost, buys=False, **more)


def _trade(key: str, day: str, quantity: str, cost: str, *, buys: bool, **more: Any) -> Trade:
    told: dict[str, Any] = {
        "account": KRAKEN,
        "base": "BTC",
        "quote": "USD",
        "trade_id": key,
        **more,
    }
    return Trade(key=key, at_us=on(day), buys=buys, quantity=D(quantity), cost=D(cost), **told)


def by_account(**changes: Any) -> Elections:
    """Elections that hold from the first day, lots within each account."""
    return Elections([Election(effective_us=-(2**60), scope=Scope.ACCOUNT, **changes)])


def version(entries: Iterable[Entry], elections: Elections | None = None) -> Allocation:
    return compute(replay(entries, elections or by_account()), MADE)


def mark(asset: str, value: str, at_us: int = 0) -> Mark:
    return Mark(asset=asset, value=D(value), at_us=at_us, source=f"test {asset}")
