"""From prices to marks: by which route an asset gets its worth in the base currency.

The one rule: a mark is as old as the oldest price on its route, and an asset that no route
reaches has no mark. Routes: direct; over one of USD, USDT, USDC, BTC, ETH; a stablecoin at
exactly one where the setting pegs it, else at its own market.

A fresh route beats a stale one, then the one with fewer prices, then the newer.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accounting.valuation import FRESH_US, PEGGED, price_source
from domain.market import Mark, Price
from domain.money import MONEY, ONE, ZERO

VIA = ("USD", "USDT", "USDC", "BTC", "ETH")
_LONGEST = 3  # prices on a route: asset to coin, coin to coin, coin to base currency


def marks_of(
    prices: Iterable[Price],
    cash: str,
    now_us: int,
    *,
    pegged: frozenset[str] = frozenset(),
    stale_us: int = FRESH_US,
) -> dict[str, Mark]:
    """The best mark of every asset that some route reaches; the base currency is worth one."""
    steps = [step for price in prices for step in _steps(price)]
    marks = {cash: Mark(asset=cash, value=ONE, at_us=now_us, source="base currency")}
    for asset in pegged - {cash}:
        marks[asset] = Mark(asset=asset, value=ONE, at_us=now_us, source=PEGGED)
    fixed = frozenset(marks)
    for _ in range(_LONGEST):
        known = {asset: mark for asset, mark in marks.items() if asset in fixed or asset in VIA}
        for asset, quote, rate, at_us, source in steps:
            via = known.get(quote)
            if via is None or asset in fixed:
                continue
            made = _routed(asset, rate, at_us, source, via)
            old = marks.get(asset)
            if old is None or _rank(made, now_us, stale_us) < _rank(old, now_us, stale_us):
                marks[asset] = made
    return marks


def age_us(mark: Mark, now_us: int) -> int:
    """How old the oldest price on a mark's route is."""
    return now_us - mark.at_us


def known(marks: Mapping[str, Mark], asset: str, now_us: int, stale_us: int = FRESH_US) -> bool:
    """Whether an asset has a mark that is not stale."""
    mark = marks.get(asset)
    return mark is not None and age_us(mark, now_us) <= stale_us


Step = tuple[str, str, Decimal, int, str]


def _steps(price: Price) -> Iterable[Step]:
    """A price both ways: the base in quotes, and the quote in bases."""
    mid = price.mid
    if mid is None or mid <= ZERO:
        return
    base, _, quote = price.symbol.partition("/")
    yield base, quote, mid, price.at_us, price_source(price)
    if quote in VIA:
        yield quote, base, MONEY.divide(ONE, mid), price.at_us, f"1 / {price_source(price)}"


def _routed(asset: str, rate: Decimal, at_us: int, source: str, via: Mark) -> Mark:
    direct = via.value == ONE and via.source in ("base currency", PEGGED)
    return Mark(
        asset=asset,
        value=MONEY.multiply(rate, via.value),
        at_us=min(at_us, via.at_us),
        source=source if direct and via.source != PEGGED else f"{source} * {via.source}",
    )


def _rank(mark: Mark, now_us: int, stale_us: int) -> tuple[bool, int, int]:
    stale = age_us(mark, now_us) > stale_us
    return stale, mark.source.count("*") + mark.source.count("1 /"), -mark.at_us
