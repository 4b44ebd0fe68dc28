"""The demo world as a whole: prices, four exchanges, deposits and withdrawals, moved by time.

The one rule: it moves only when it is told what time it is, and everything it does then
follows from its seed; nothing in here waits, reads a clock or writes a file.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.instruments import Account
from domain.money import MONEY, exactly, round_down
from domain.orders import Kind, Order, Side
from venues.demo_catalogue import ASSETS, PROFILES
from venues.demo_dice import SeededDice
from venues.demo_exchange import DemoExchange
from venues.demo_flows import flow, next_flow_us, pick
from venues.demo_history import HISTORY_HOURS, Past, write_history
from venues.demo_prices import Prices, opening_levels, past_hours
from venues.demo_scenarios import HOUR_US, SECOND_US, Scenario
from venues.demo_state import FILE_NAME, Hour, Saved, WorldState
from venues.state_file import StateUnreadable
from venues.till import Till

TICK_US = 200_000
STRIDES_OVER_A_GAP = 12

_LONGEST_FINE_US = 5 * SECOND_US

_BY_HAND = ("kucoin", "main", "ETH/USDT", "0.25", "0.955")
_BY_HAND_AGO_US = 3 * HOUR_US


class World:
    """Everything that the demo venues share. Times are UTC microseconds."""

    def __init__(
        self, prices: Prices, tills: Mapping[str, Till], seed: int, life: int, at_us: int
    ) -> None:
        self.prices = prices
        self.at_us = at_us
        self.past: Past | None = None  # of a fresh world: the month before it
        self.exchanges = {
            venue: DemoExchange(
                PROFILES[venue], till, prices, SeededDice(seed, f"{venue} life {life}")
            )
            for venue, till in tills.items()
        }
        self._dice = SeededDice(seed, f"flows life {life}")
        self._next_flow_us = next_flow_us(self._dice, at_us)
        self._clients = [(v, c) for v in tills for c in PROFILES[v].opening]

    def open(self) -> None:
        """Fill the books; call once."""
        with exactly():
            for exchange in self.exchanges.values():
                exchange.open(self.at_us)

    def advance(self, to_us: int) -> None:
        """Let time pass until `to_us`, in whole ticks; a longer gap is crossed in few strides.

        A clock that was set back moves nothing: the world goes on from the time it shows.
        """
        gap_us = to_us - self.at_us
        if gap_us < 0:
            self.at_us = to_us
        stride_us = TICK_US
        if gap_us > _LONGEST_FINE_US:
            stride_us = max(TICK_US, gap_us // STRIDES_OVER_A_GAP)
        with exactly():
            while self.at_us + stride_us <= to_us:
                self.at_us += stride_us
                self._stride(stride_us)

    def state(self, *, since_us: int = 0) -> WorldState:
        """Where the prices stand, and stood at the full hours after `since_us`."""
        hours = tuple(
            Hour(at_us=at_us, levels=levels)
            for at_us, levels in self.prices.hours
            if at_us > since_us
        )
        return WorldState(at_us=self.at_us, levels=dict(self.prices.levels), hours=hours)

    def leave_order_by_hand(self) -> None:
        """An order that somebody placed on a venue's website: foreign to the desk, and resting."""
        venue, client, symbol, quantity, share = _BY_HAND
        exchange = self.exchanges[venue]
        pit = exchange.pits[symbol]
        best = pit.book.best(Side.BUY)
        assert best is not None
        with exactly():
            price = round_down(MONEY.multiply(best, Decimal(share)), pit.listing.tick)
            order = Order(
                client_id="",
                account=Account(venue, client),
                symbol=symbol,
                side=Side.BUY,
                kind=Kind.LIMIT,
                quantity=Decimal(quantity),
                price=price,
            )
            exchange.place(order, self.at_us - _BY_HAND_AGO_US)

    def _stride(self, stride_us: int) -> None:
        self.prices.step(stride_us, self.at_us)
        for exchange in self.exchanges.values():
            exchange.tick(self.at_us)
        if self.at_us >= self._next_flow_us:
            self._next_flow_us = next_flow_us(self._dice, self.at_us)
            venue, client = pick(self._dice, self._clients)
            self._flow(self.exchanges[venue], client)

    def _flow(self, exchange: DemoExchange, client: str) -> None:
        stamp = self.at_us + exchange.profile.skew_us
        movement = flow(exchange.till, client, self._dice, stamp)
        if movement is not None:
            exchange.till.transfer(movement)
            exchange.tell_movement(client, movement.asset, self.at_us)


def new_tills() -> dict[str, Till]:
    """An empty till for every venue."""
    return {venue: Till(venue, profile.fees) for venue, profile in PROFILES.items()}


def restored_world(scenario: Scenario, saved: Saved, at_us: int) -> World:
    """The world that a state file describes, gone on until `at_us` as if it had never stopped.

    Raises:
        StateUnreadable: the file contradicts itself.
    """
    tills = new_tills()
    for change in saved.changes:
        if change.venue not in tills:
            raise StateUnreadable(f"{FILE_NAME} tells of {change.venue!r}, which is not here")
        tills[change.venue].apply(change)
    sound = all(_sound(till) for till in tills.values())
    if not sound or saved.world.levels.keys() != ASSETS.keys():
        raise StateUnreadable(f"{FILE_NAME} does not add up")
    life = saved.header.life + 1
    seed = saved.header.seed
    prices = Prices(scenario, SeededDice(seed, f"prices life {life}"), saved.world.levels)
    prices.remember((hour.at_us, hour.levels) for hour in saved.world.hours)
    world = World(prices, tills, seed, life, saved.world.at_us)
    world.open()
    world.advance(at_us)
    return world


def fresh_world(scenario: Scenario, seed: int, at_us: int) -> World:
    """A world that begins now, with a month of history behind it."""
    levels = opening_levels(SeededDice(seed, "levels"))
    past = Past(past_hours(scenario, SeededDice(seed, "past"), levels, HISTORY_HOURS), at_us)
    prices = Prices(scenario, SeededDice(seed, "prices life 1"), levels)
    prices.remember(past.last_hours(prices.hours.maxlen or 0))
    tills = new_tills()
    with exactly():
        for venue, till in tills.items():
            write_history(till, PROFILES[venue], past, SeededDice(seed, f"history {venue}"))
    world = World(prices, tills, seed, 1, at_us)
    world.past = past
    world.open()
    world.leave_order_by_hand()
    return world


def _sound(till: Till) -> bool:
    listed = PROFILES[till.venue].listings
    resting = all(
        row.symbol in listed and row.side and row.quantity and row.price
        for row in till.working.values()
    )
    return resting and till.balanced
