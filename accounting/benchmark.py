"""The benchmark: what the same money would be worth in fixed weights of some assets.

The one rule: a deposit or a withdrawal is applied once, whatever is repeated; its key is kept
with the state. Money in is split by the weights at the prices of that moment, money out shrinks
every asset alike, and a flow comes before a rebalance of the same moment (golden case G21).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounting.snapshots import moment_of
from domain.days import moment
from domain.errors import Refused
from domain.money import ONE, ZERO, exactly
from domain.table import Table

HALF = Decimal("0.5")
BTC_ETH: Mapping[str, Decimal] = {"BTC": HALF, "ETH": HALF}
Prices = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Units of each asset, and the growth that its TWR is made of.

    `growth` is linked up to the last flow, when it was worth `since`. `flows` are the flows
    inside by their keys; `rebalanced` is the date of the last weekly rebalance.
    """

    weights: Mapping[str, Decimal]
    units: Mapping[str, Decimal]
    since: Decimal
    growth: Decimal = ONE
    flows: Table[str, Decimal] = field(default_factory=Table)
    rebalanced: date | None = None

    def value(self, prices: Prices) -> Decimal:
        """What it is worth at prices in the base currency.

        Raises:
            Refused: a price is missing; no part of it may count as zero.
        """
        _priced(self.units, prices)
        with exactly():
            return sum((units * prices[asset] for asset, units in self.units.items()), ZERO)

    def twr(self, prices: Prices) -> Decimal:
        """Its time-weighted return since the start, as a fraction."""
        with exactly():
            if self.since <= ZERO:
                return self.growth - ONE
            return self.growth * self.value(prices) / self.since - ONE


def started(nav: Decimal, prices: Prices, weights: Mapping[str, Decimal] = BTC_ETH) -> Benchmark:
    """All of a net asset value split by weights.

    Raises:
        Refused: the weights do not add up to one, or a price is missing.
    """
    with exactly():
        whole = sum(weights.values(), ZERO)
    if whole != ONE or min(weights.values()) < ZERO:
        raise Refused("benchmark", f"weights {dict(weights)} do not add up to one")
    return Benchmark(weights=weights, units=_split(nav, prices, weights), since=nav)


def flowed(state: Benchmark, key: str, amount: Decimal, prices: Prices) -> Benchmark:
    """After a deposit (above zero) or withdrawal (below zero); the same key again: unchanged."""
    if key in state.flows or not amount:
        return state
    with exactly():
        before = state.value(prices)
        growth = state.growth * before / state.since if state.since > ZERO else state.growth
        if amount > ZERO:
            added = _split(amount, prices, state.weights)
            units = {asset: held + added[asset] for asset, held in state.units.items()}
        else:
            # More than it is worth takes all of it: a benchmark does not go short.
            kept = max(ONE + amount / before, ZERO) if before > ZERO else ZERO
            units = {asset: held * kept for asset, held in state.units.items()}
        return replace(
            state,
            units=units,
            since=max(before + amount, ZERO),
            growth=growth,
            flows=state.flows.put(key, amount),
        )


def rebalanced(state: Benchmark, prices: Prices, day: date) -> Benchmark:
    """At its weights again, dated; the same date again: unchanged."""
    if state.rebalanced is not None and day <= state.rebalanced:
        return state
    units = _split(state.value(prices), prices, state.weights)
    return replace(state, units=units, rebalanced=day)


def rebalance_day(
    now_us: int, last: date | None, *, weekday: int, at: str, time_zone: str
) -> date | None:
    """The date of the rebalance that is due, or None. `weekday` 0 is Monday, `at` is HH:MM.

    A desk that slept over one or more does one, dated to the newest.
    """
    today = moment(now_us).astimezone(ZoneInfo(time_zone)).date()
    day = today - timedelta(days=(today.weekday() - weekday) % 7)
    if moment_of(day, at, time_zone) > now_us:
        day -= timedelta(days=7)
    return day if last is None or day > last else None


def _split(amount: Decimal, prices: Prices, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    _priced(weights, prices)
    with exactly():
        return {asset: amount * weight / prices[asset] for asset, weight in weights.items()}


def _priced(assets: Mapping[str, Decimal], prices: Prices) -> None:
    bare = sorted(asset for asset in assets if prices.get(asset, ZERO) <= ZERO)
    if bare:
        raise Refused("benchmark", f"no price for {', '.join(bare)}; it waits for one")
