"""Whatever clients do and the market does, a demo venue's books and its till agree."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.money import ZERO, exactly
from domain.orders import Kind, Order, Side, TimeInForce, VenueOrder
from tests.venues.demo_desks import START_US, an_order
from venues.demo_catalogue import PROFILES
from venues.demo_exchange import DemoExchange
from venues.demo_scenarios import SCENARIOS
from venues.demo_world import TICK_US, World, fresh_world
from venues.till import FEES_PAID, OUTSIDE, STREET, Till

CLIENTS = [(venue, client) for venue, profile in PROFILES.items() for client in profile.opening]
NOBODY = {STREET, FEES_PAID, OUTSIDE}


class Venues(RuleBasedStateMachine):
    """Random requests at all venues while a crash shakes the market."""

    world: World
    outside: dict[tuple[str, str], Decimal]

    @initialize(seed=st.integers(0, 2**32 - 1), scenario=st.sampled_from(sorted(SCENARIOS)))
    def opened(self, seed: int, scenario: str) -> None:
        self.world = fresh_world(SCENARIOS[scenario], seed, START_US)
        self.outside = self._outside()

    @rule(
        who=st.sampled_from(CLIENTS),
        pick=st.integers(0, 99),
        side=st.sampled_from(Side),
        share=st.integers(1, 130),
        off=st.sampled_from([None, -300, -20, -2, -1, 0, 1, 2, 20, 300]),
        terms=st.sampled_from(TimeInForce),
        post_only=st.booleans(),
    )
    def place(
        self,
        who: tuple[str, str],
        pick: int,
        side: Side,
        share: int,
        off: int | None,
        terms: TimeInForce,
        post_only: bool,
    ) -> None:
        exchange = self.world.exchanges[who[0]]
        order = self._order(exchange, who[1], pick, side, share, off)
        known = len(exchange.till.orders)
        with exactly():
            placement = exchange.place(
                Order(
                    client_id=order.client_id,
                    account=order.account,
                    symbol=order.symbol,
                    side=side,
                    kind=order.kind,
                    quantity=order.quantity,
                    price=order.price,
                    time_in_force=terms,
                    post_only=post_only and order.kind is Kind.LIMIT,
                ),
                self.world.at_us,
            )
        assert len(exchange.till.orders) == known + placement.accepted

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        exchange, row = self._working(pick)
        if row is not None:
            with exactly():
                assert exchange.cancel(row.account.name, row, self.world.at_us).accepted

    @rule(pick=st.integers(0, 99), share=st.integers(20, 300), off=st.integers(-30, 30))
    def amend(self, pick: int, share: int, off: int) -> None:
        exchange, row = self._working(pick)
        if row is None or row.quantity is None or row.price is None:
            return
        listing = exchange.pits[row.symbol].listing
        quantity = row.quantity * share / 100 // listing.lot * listing.lot
        price = row.price + off * 10 * listing.tick
        with exactly():
            exchange.amend(row.account.name, row, quantity, price, self.world.at_us)

    @rule(who=st.sampled_from(CLIENTS))
    def cancel_all(self, who: tuple[str, str]) -> None:
        exchange = self.world.exchanges[who[0]]
        with exactly():
            exchange.cancel_all(who[1], self.world.at_us)
        assert all(row.account.name != who[1] for row in exchange.till.working.values())

    @rule(ticks=st.integers(1, 10))
    def little_time(self, ticks: int) -> None:
        self.world.advance(self.world.at_us + ticks * TICK_US)

    @rule(minutes=st.integers(1, 30))
    def much_time(self, minutes: int) -> None:
        self.world.advance(self.world.at_us + minutes * 60_000_000)

    @invariant()
    def nobody_owes(self) -> None:
        for till in self._tills():
            for client in till.holdings.keys() - NOBODY:
                for asset, balance in till.balances(client).items():
                    assert balance.total >= (balance.used or ZERO) >= ZERO, (client, asset)

    @invariant()
    def money_is_only_moved(self) -> None:
        for till in self._tills():
            assert till.balanced
            fees: dict[str, Decimal] = defaultdict(Decimal)
            for paid in till.fills:
                fees[paid.fee_asset] += paid.fee
            for moved in till.movements:
                fees[moved.asset] += moved.fee
            kept = till.holdings.get(FEES_PAID, {})
            assert {a: f for a, f in fees.items() if f} == {a: k for a, k in kept.items() if k}

    @invariant()
    def only_movements_cross_the_border(self) -> None:
        assert self._outside() == self.outside

    @invariant()
    def used_is_what_working_orders_hold(self) -> None:
        for till in self._tills():
            held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
            for row in till.working.values():
                assert row.quantity is not None
                assert row.price is not None
                rest = row.quantity - row.cumulative
                base, _, quote = row.symbol.partition("/")
                if row.side is Side.SELL:
                    held[row.account.name, base] += rest
                else:
                    held[row.account.name, quote] += (
                        rest * row.price * (1 + PROFILES[till.venue].fees.hold)
                    )
            for client in till.holdings.keys() - NOBODY:
                for asset, balance in till.balances(client).items():
                    assert balance.used == held[client, asset]

    @invariant()
    def the_books_hold_exactly_the_working_orders(self) -> None:
        for exchange in self._exchanges():
            resting = {
                order.order_id: (order.quantity, order.filled, order.price)
                for pit in exchange.pits.values()
                for client in exchange.till.holdings.keys() - NOBODY
                for order in pit.book.working(client)
            }
            assert resting == {
                row.venue_order_id: (row.quantity, row.cumulative, row.price)
                for row in exchange.till.working.values()
            }

    @invariant()
    def orders_claim_what_their_fills_sum_to(self) -> None:
        for till in self._tills():
            filled: dict[str, Decimal] = defaultdict(Decimal)
            for fill in till.fills:
                filled[fill.venue_order_id] += fill.quantity
            for row in till.orders.values():
                assert row.cumulative == filled[row.venue_order_id]
            assert len({fill.key for fill in till.fills}) == len(till.fills)

    def _order(
        self,
        exchange: DemoExchange,
        client: str,
        pick: int,
        side: Side,
        share: int,
        off: int | None,
    ) -> Order:
        """Of what the client could afford, `share` percent, `off` basis points from the best."""
        pits = list(exchange.pits.values())
        pit = pits[pick % len(pits)]
        best = pit.book.best(Side.SELL if side is Side.BUY else Side.BUY)
        assert best is not None
        tick, lot = pit.listing.tick, pit.listing.lot
        price = None if off is None else best * (10_000 + off) / 10_000 // tick * tick
        base, quote = pit.listing.symbol.split("/")
        free = exchange.till.free(client, base if side is Side.SELL else quote)
        most = free if side is Side.SELL else free / best
        return an_order(
            side,
            most * share / 100 // lot * lot,
            price,
            symbol=pit.listing.symbol,
            account=f"{exchange.profile.venue}/{client}",
        )

    def _working(self, pick: int) -> tuple[DemoExchange, VenueOrder | None]:
        rows = [(e, row) for e in self._exchanges() for row in e.till.working.values()]
        if not rows:
            return self.world.exchanges["kraken"], None
        return rows[pick % len(rows)]

    def _exchanges(self) -> list[DemoExchange]:
        return list(self.world.exchanges.values())

    def _tills(self) -> list[Till]:
        return [exchange.till for exchange in self._exchanges()]

    def _outside(self) -> dict[tuple[str, str], Decimal]:
        """What the world outside gave, apart from deposits and withdrawals."""
        given: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for till in self._tills():
            for asset, amount in till.holdings[OUTSIDE].items():
                given[till.venue, asset] -= amount
            for movement in till.movements:
                given[till.venue, movement.asset] -= movement.amount
        return {key: amount for key, amount in given.items() if amount}


TestVenues = pytest.mark.timeout(120)(pytest.mark.slow(Venues.TestCase))
TestVenues.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
