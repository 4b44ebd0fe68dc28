"""Limits: the first limit of an asset where no default is, and what a scope's windows keep."""

from decimal import Decimal

from domain.instruments import Account
from domain.orders import Side
from risk.limits import Limits, looser, strictest
from risk.pace import Pace

D = Decimal


def sizes(**told: int) -> dict[str, str]:
    return Limits(
        max_order_value=D(1),
        max_daily_volume=D(1),
        max_position_size={name: D(size) for name, size in told.items()},
    ).values()


def test_where_no_default_is_an_asset_without_a_limit_may_hold_nothing() -> None:
    old, new = sizes(BTC=100), sizes(BTC=100, ETH=1_000_000)
    assert Limits.from_values(old).position_limit("ETH") == 0
    assert looser(old, new) == ("max_position_size.ETH",)
    assert Limits.from_values(strictest(old, new)).position_limit("ETH") == 0
    everything = sizes(BTC=100, default=1_000_000)
    assert looser(old, everything) == ("max_position_size.default",)
    assert Limits.from_values(strictest(old, everything)).position_limit("ETH") == 0


def test_a_window_that_nobody_asks_keeps_no_order_for_longer_than_it_counts() -> None:
    pace = Pace(D(10))
    account = Account("kraken", "main")
    for n in range(10_000):
        pace.submitted((account, "BTC/USD", Side.BUY, D(n + 1), None), n * 1_000_000)
    assert len(pace._recent) <= 20
    assert len(pace._alike) <= 20
