"""The month before a fresh demo desk opened: orders, fills, deposits and withdrawals.

The one rule: history is booked through the same till as live trading, forwards in time, and
only what an account could pay at that moment; so opening balance plus history is today's
balance, and no balance was ever negative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.instruments import Account, base_of, quote_of
from domain.money import MONEY, ZERO
from domain.orders import Fill, Final, Kind, Side, VenueOrder
from venues import demo_token
from venues.demo_catalogue import ASSETS, Listing, Profile
from venues.demo_dice import MILLION, SeededDice
from venues.demo_flows import flow
from venues.demo_prices import SCALE, Levels, between_hours, mid_of
from venues.demo_scenarios import HOUR_US, MINUTE_US, SECOND_US
from venues.dialects import DIALECTS
from venues.till import Till

HISTORY_HOURS = 30 * 24

_ORDERS_AN_ACCOUNT = 14  # of one to three fills each: five accounts make about 130 fills
_FLOWS_AN_ACCOUNT = 2
_CANCELED_CHANCE = 120_000
_LEAST_USD = 120
_MOST_USD = 1_900
_SELL_CHANCE = 450_000
_MAKER_CHANCE = 600_000
_LONGEST_PIECE_US = 90 * SECOND_US
_LATEST_US = 60 * MINUTE_US  # nothing just before the desk opened


@dataclass(frozen=True, slots=True)
class Past:
    """The world's levels at every full hour of the month, and when it ended."""

    path: Sequence[Levels]
    ended_us: int

    @property
    def began_us(self) -> int:
        """When the month began, UTC microseconds."""
        return self.ended_us - HISTORY_HOURS * HOUR_US

    def last_hours(self, count: int) -> list[tuple[int, Levels]]:
        """The levels at the last `count` full hours, oldest first, each with its time."""
        first = max(0, len(self.path) - count)
        return [(self.began_us + n * HOUR_US, self.path[n]) for n in range(first, len(self.path))]

    def mid(self, symbol: str, at_us: int) -> int:
        """What the base was worth in the quote, in 10^-12."""
        hour, share = divmod(at_us - self.began_us, HOUR_US)
        return mid_of(between_hours(self.path, hour, share), symbol)


def write_history(till: Till, profile: Profile, past: Past, dice: SeededDice) -> None:
    """Endow the accounts as of a month ago, then let them trade until today."""
    for client, purse in profile.opening.items():
        for asset, amount in purse.items():
            till.endow(client, asset, amount)
    scribe = _Scribe(till, profile, past, dice)
    for at_us, client, what in _plan(profile, past, dice):
        if what == "flow":
            scribe.flow(client, at_us)
        else:
            scribe.order(client, at_us)


def _plan(profile: Profile, past: Past, dice: SeededDice) -> Iterator[tuple[int, str, str]]:
    """(time, account, what) in order of time."""
    span = (HISTORY_HOURS * HOUR_US - _LATEST_US) // MILLION
    plan = [
        (past.began_us + dice.below(span) * MILLION + dice.below(MILLION), client, what)
        for client in profile.opening
        for what, count in (("order", _ORDERS_AN_ACCOUNT), ("flow", _FLOWS_AN_ACCOUNT))
        for _ in range(count)
    ]
    yield from sorted(plan)


class _Scribe:
    """Writes one venue's past into its till."""

    def __init__(self, till: Till, profile: Profile, past: Past, dice: SeededDice) -> None:
        self._till = till
        self._profile = profile
        self._past = past
        self._dice = dice
        self._dialect = DIALECTS[profile.venue]
        self._free_us = past.began_us

    def flow(self, client: str, at_us: int) -> None:
        movement = flow(self._till, client, self._dice, self._after_the_last(at_us))
        if movement is not None:
            self._till.transfer(movement)

    def order(self, client: str, at_us: int) -> None:
        """One order, filled in one to three pieces, or given up half way."""
        at_us = self._after_the_last(at_us)
        listing, side, price = self._wish(client, at_us)
        quantity = self._affordable(client, listing, side, price)
        if quantity < listing.min_quantity or quantity * price < listing.min_value:
            return
        order = VenueOrder(
            account=Account(self._profile.venue, client),
            venue_order_id=self._dialect.order_id(self._till.number(), at_us),
            symbol=listing.symbol,
            side=side,
            kind=Kind.LIMIT,
            quantity=quantity,
            price=price,
        )
        pieces = self._pieces(quantity, listing.lot)
        given_up = self._dice.chance(_CANCELED_CHANCE)
        if given_up:
            pieces.pop()
        for piece in pieces:
            at_us += self._dice.between(SECOND_US, _LONGEST_PIECE_US)
            self._fill(order, piece, at_us)
        final = Final.CANCELED if given_up else Final.FILLED
        self._till.keep(replace(order, cumulative=sum(pieces, ZERO), final=final, at_us=at_us))
        self._free_us = at_us

    def _after_the_last(self, at_us: int) -> int:
        """One thing at a time: what is spent at a moment was there at that moment."""
        return min(max(at_us, self._free_us), self._past.ended_us)

    def _wish(self, client: str, at_us: int) -> tuple[Listing, Side, Decimal]:
        """A listing, a side and a limit price near the market of that time."""
        listings = list(self._profile.listings.values())
        # Twice the chance for the first two: most people trade BTC and ETH most.
        listing = listings[self._dice.below(len(listings) + 4) % len(listings)]
        base = base_of(listing.symbol)
        owned = self._till.free(client, base) * ASSETS[base].usd > 3 * _LEAST_USD
        side = Side.SELL if owned and self._dice.chance(_SELL_CHANCE) else Side.BUY
        off = listing.half_spread if side is Side.BUY else -listing.half_spread
        mid = self._past.mid(listing.symbol, at_us) * (MILLION + off) // MILLION
        tick = int(listing.tick * SCALE)
        return listing, side, max(1, mid // tick) * listing.tick

    def _affordable(self, client: str, listing: Listing, side: Side, price: Decimal) -> Decimal:
        """Whole lots worth the size of an everyday trade, at most a third of what is there."""
        base = ASSETS[base_of(listing.symbol)]
        value = Decimal(self._dice.between(_LEAST_USD, _MOST_USD))
        wanted = MONEY.divide(value, base.usd)
        if side is Side.SELL:
            there = self._till.free(client, base_of(listing.symbol))
        else:
            there = MONEY.divide(self._till.free(client, quote_of(listing.symbol)), price)
        lots = int(min(wanted, there / 3) / listing.lot)
        grain = int(10 ** max(0, len(str(lots)) - 3))
        return lots // grain * grain * listing.lot

    def _pieces(self, quantity: Decimal, lot: Decimal) -> list[Decimal]:
        pieces = []
        rest = quantity
        for _ in range(self._dice.below(3)):
            share = int(rest / lot) * self._dice.between(25, 65) // 100 * lot
            if share:
                pieces.append(share)
                rest -= share
        return [*pieces, rest]

    def _fill(self, order: VenueOrder, quantity: Decimal, at_us: int) -> None:
        assert order.side is not None
        assert order.price is not None
        liquidity = "maker" if self._dice.chance(_MAKER_CHANCE) else "taker"
        fees = self._profile.fees
        token = f"{fees.token}/{quote_of(order.symbol)}"
        token_mid = self._past.mid(token, at_us) if token in self._profile.listings else 0
        fee_asset, fee = demo_token.charge(
            self._till,
            fees,
            order,
            quantity,
            order.price,
            liquidity=liquidity,
            token_mid=token_mid,
        )
        self._till.settle(
            Fill(
                account=order.account,
                symbol=order.symbol,
                trade_id=self._dialect.trade_id(self._till.number(), at_us),
                side=order.side,
                quantity=quantity,
                price=order.price,
                fee=fee,
                fee_asset=fee_asset,
                at_us=at_us,
                venue_order_id=order.venue_order_id,
                liquidity=liquidity,
            )
        )
