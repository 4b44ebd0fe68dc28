"""Random orders on paper under a random market, and what must hold whatever happens.

What is checked is worked out here from the snapshots and the fills alone: nothing is asked of
the parts that are tested but what they told.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.instruments import Account
from domain.market import Depth
from domain.money import ZERO, exactly
from domain.orders import Fill, Kind, Order, Side, TimeInForce, VenueOrder
from domain.sightings import FillSeen
from tests.venues.demo_desks import HandClock
from tests.venues.paper_desks import AT_ONCE, BTC, PURSE, VENUE, FedMarket, levels
from venues.demo_dice import SeededDice
from venues.paper_desk import PaperDesk
from venues.paper_state import VERSION, Header, Saved
from venues.state_file import StateFile

ACCOUNTS = ("main", "other")
TICK, PIECE = Decimal("0.1"), Decimal("0.1")
QUANTITIES = st.integers(1, 60).map(lambda n: n * PIECE)
OFFSETS = st.integers(-6, 6)
OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
SIZES = st.lists(st.integers(1, 30), min_size=0, max_size=4)
RATE = {"taker": Decimal("0.004"), "maker": Decimal("0.002")}


class Public:
    """What the public market ever offered, and how much of it our fills have used up.

    A level offers what it was first shown with and whatever it grows by, while it stands. One
    that is too deep to be seen still stands.
    """

    def __init__(self) -> None:
        self.shown: dict[Side, dict[Decimal, Decimal]] = {side: {} for side in Side}
        self.offer: dict[Side, dict[Decimal, Decimal]] = {side: {} for side in Side}
        self._last: dict[Side, dict[Decimal, Decimal]] = {side: {} for side in Side}

    def show(self, side: Side, rows: dict[Decimal, Decimal]) -> None:
        worst = (min if side is Side.BUY else max)(rows, default=None)
        for price in list(self.offer[side]):
            deeper = worst is None or (price < worst if side is Side.BUY else price > worst)
            if price not in rows and not deeper:
                del self.offer[side][price], self._last[side][price]
        for price, quantity in rows.items():
            grown = max(ZERO, quantity - self._last[side].get(price, ZERO))
            left = min(self.offer[side].get(price, ZERO), quantity)
            self.offer[side][price] = min(left + grown, quantity)
            self._last[side][price] = quantity
        self.shown[side] = rows

    def use(self, fill: Fill) -> None:
        """Take a fill out of the offer; there must have been one."""
        side = OPPOSITE[fill.side]
        left = fill.quantity
        for price in self._reached(fill, side):
            part = min(left, self.offer[side][price])
            self.offer[side][price] -= part
            left -= part
        assert not left, f"{fill.liquidity} {fill.side} of {left} too much at {fill.price}"

    def _reached(self, fill: Fill, side: Side) -> list[Decimal]:
        if fill.liquidity == "taker":
            assert fill.price in self.shown[side], f"nobody offered {fill.price}"
            return [fill.price]
        through = sorted(
            (
                price
                for price in self.shown[side]
                if (price < fill.price if fill.side is Side.BUY else price > fill.price)
            ),
            reverse=side is Side.BUY,
        )
        assert through, f"a maker was filled at {fill.price}, which nothing traded through"
        return through


class PaperMachine(RuleBasedStateMachine):
    """Two accounts, one symbol."""

    @initialize()
    def opened(self) -> None:
        self.numbers = itertools.count(1)
        self.clock = HandClock()
        self.desk = self._desk()
        self.public = Public()
        self.fills: list[Fill] = []
        self.limits: dict[str, Decimal | None] = {}
        asyncio.run(self.desk.load(ACCOUNTS))
        self.desk.open_pit(BTC)
        self._show(Decimal(100), [10, 10], [10, 10])

    @rule(ticks=st.integers(-4, 4), bids=SIZES, asks=SIZES, gap=st.integers(1, 3))
    def market_moves(self, ticks: int, bids: list[int], asks: list[int], gap: int) -> None:
        self._show(self.centre + ticks * TICK, bids, asks, gap=gap)

    @rule(ticks=st.integers(-2, 2))
    def market_drifts(self, ticks: int) -> None:
        self._show(self.centre + ticks * TICK, *self.sizes)

    @rule(side=st.sampled_from(Side), ticks=st.integers(1, 3), further=st.integers(-1, 2))
    def market_comes_to_an_order(self, side: Side, ticks: int, further: int) -> None:
        """A small order rests near the market, which then moves towards it."""
        sign = -1 if side is Side.BUY else 1
        self.place("main", side, PIECE * 5, sign * ticks, TimeInForce.GTC, post_only=True)
        self._show(self.centre + sign * (ticks + further) * TICK, [5, 20], [5, 20])

    @rule(bids=SIZES, asks=SIZES)
    def market_stays(self, bids: list[int], asks: list[int]) -> None:
        self._show(self.centre, bids or self.sizes[0], asks or self.sizes[1])

    @rule(levels=st.integers(1, 2))
    def market_is_seen_less_far_for_a_moment(self, levels: int) -> None:
        bids, asks = self.sizes
        self._show(self.centre, bids[:levels], asks[:levels])
        self._show(self.centre, bids, asks)

    @rule()
    def nothing_new(self) -> None:
        self._show(self.centre, *self.sizes)

    @rule(
        account=st.sampled_from(ACCOUNTS),
        side=st.sampled_from(Side),
        quantity=QUANTITIES,
        offset=st.none() | OFFSETS,
        terms=st.sampled_from((*[TimeInForce.GTC] * 3, TimeInForce.IOC, TimeInForce.FOK)),
        post_only=st.booleans(),
    )
    def place(
        self,
        account: str,
        side: Side,
        quantity: Decimal,
        offset: int | None,
        terms: TimeInForce,
        post_only: bool,
    ) -> None:
        price = None if offset is None else self.centre + offset * TICK
        order = Order(
            client_id=f"qd{next(self.numbers)}",
            account=Account(VENUE, account),
            symbol=BTC.symbol,
            side=side,
            kind=Kind.MARKET if price is None else Kind.LIMIT,
            quantity=quantity,
            price=price,
            time_in_force=terms,
            post_only=post_only and price is not None and terms is TimeInForce.GTC,
        )
        with exactly():
            placement = self.desk.exchange.place(order, self.clock.now_us())
        if placement.accepted:
            self.limits[placement.venue_order_id] = price
        told = list(self._told())
        assert all(fill.liquidity == "taker" for fill in told)
        assert not (order.post_only and told)
        filled = sum((fill.quantity for fill in told), ZERO)
        if terms is TimeInForce.FOK:
            assert filled in (ZERO, quantity)
        self._use(told)

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        row = self._working(pick)
        if row is not None:
            with exactly():
                assert self.desk.exchange.cancel(row.account.name, row, 1).accepted
            assert row.venue_order_id not in self.desk.till.working

    @rule(pick=st.integers(0, 99), quantity=QUANTITIES, offset=OFFSETS, post_only=st.booleans())
    def amend(self, pick: int, quantity: Decimal, offset: int, post_only: bool) -> None:
        row = self._working(pick)
        if row is None:
            return
        price = self.centre + offset * TICK
        with exactly():
            placement = self.desk.exchange.amend(
                row.account.name, row, quantity, price, 1, post_only=post_only
            )
        if placement.accepted:
            self.limits[row.venue_order_id] = price
        told = list(self._told())
        assert not (post_only and told)
        self._use(told)

    @rule()
    def restart(self) -> None:
        before, taken = self.desk.till.whole(), self.desk.pits[BTC.symbol].remembered(0)
        fees = dict(self.desk.fees.known)
        saved = Saved(
            header=_header(),
            changes=(before,),
            fees=fees,
            taken={BTC.symbol: replace(taken, at_us=self.clock.at_us)},
        )
        self.desk = self._desk()
        self.desk.take_up(saved)
        self.desk.resume(saved)
        asyncio.run(self.desk.load(ACCOUNTS))
        self.desk.open_pit(BTC)
        assert self.desk.till.whole() == before
        self._show(self.centre, *self.sizes)

    @invariant()
    def nobody_owes(self) -> None:
        for account in ACCOUNTS:
            for asset, balance in self.desk.till.balances(account).items():
                assert balance.total >= (balance.used or ZERO) >= ZERO, (account, asset)

    @invariant()
    def balances_are_what_fills_made_of_the_purse(self) -> None:
        for account in ACCOUNTS:
            expected = dict(PURSE)
            for fill in self.fills:
                if fill.account.name == account:
                    sign = 1 if fill.side is Side.BUY else -1
                    expected["BTC"] += sign * fill.quantity
                    expected["USD"] -= sign * fill.cost + fill.fee
            totals = {a: b.total for a, b in self.desk.till.balances(account).items()}
            assert totals == expected

    @invariant()
    def orders_claim_what_their_fills_sum_to(self) -> None:
        filled: dict[str, Decimal] = defaultdict(Decimal)
        for fill in self.fills:
            filled[fill.venue_order_id] += fill.quantity
        for row in self.desk.till.orders.values():
            assert row.cumulative == filled[row.venue_order_id]
            assert row.quantity is not None
            assert row.cumulative <= row.quantity
        assert len({fill.key for fill in self.fills}) == len(self.fills)

    @invariant()
    def used_is_what_open_orders_hold(self) -> None:
        held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for row in self.desk.till.orders.values():
            if row.final is None:
                assert row.quantity is not None
                assert row.price is not None
                rest = row.quantity - row.cumulative
                if row.side is Side.SELL:
                    held[row.account.name, "BTC"] += rest
                else:
                    held[row.account.name, "USD"] += rest * row.price * (1 + RATE["taker"])
        for account in ACCOUNTS:
            for asset, balance in self.desk.till.balances(account).items():
                assert balance.used == held[account, asset]

    def _desk(self) -> PaperDesk:
        clock = self.clock
        file = StateFile(None, "nobody")
        return PaperDesk(FedMarket(clock), _header(), file, clock, SeededDice(1, "p"), AT_ONCE)

    def _show(self, centre: Decimal, bids: list[int], asks: list[int], gap: int = 1) -> None:
        self.centre, self.sizes = centre, (bids, asks)
        rows = [
            [(str(centre + sign * (gap + n) * TICK), str(size * PIECE)) for n, size in enumerate(s)]
            for sign, s in ((-1, bids), (1, asks))
        ]
        depth = Depth(
            venue=VENUE, symbol=BTC.symbol, bids=levels(rows[0]), asks=levels(rows[1]), at_us=1
        )
        for side, shown in ((Side.BUY, depth.bids), (Side.SELL, depth.asks)):
            self.public.show(side, {level.price: level.quantity for level in shown})
        self.desk.exchange.told.clear()
        keep, self.desk.keep = self.desk.keep, lambda **_: None  # type: ignore[method-assign]
        self.desk.see(depth)
        self.desk.keep = keep  # type: ignore[method-assign]
        told = list(self._told())
        assert all(fill.liquidity == "maker" for fill in told)
        self._use(told)

    def _told(self) -> Iterator[Fill]:
        for _, sighting in self.desk.exchange.told:
            if isinstance(sighting, FillSeen):
                yield sighting.fill
        self.desk.exchange.told.clear()

    def _use(self, fills: list[Fill]) -> None:
        for fill in fills:
            self.public.use(fill)
            fee = (fill.cost * RATE[fill.liquidity]).quantize(Decimal("1e-8"), ROUND_DOWN)
            assert (fill.fee, fill.fee_asset) == (fee, "USD")
            limit = self.limits[fill.venue_order_id]
            if fill.liquidity == "maker":
                assert fill.price == limit
            elif limit is not None:
                assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit
            self.fills.append(fill)

    def _working(self, pick: int) -> VenueOrder | None:
        rows = list(self.desk.till.working.values())
        return rows[pick % len(rows)] if rows else None


def _header() -> Header:
    return Header(version=VERSION, venue=VENUE, book="ledger", life=1)
