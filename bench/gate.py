"""Goal 1: judge, reserve, release, against a plain Decimal loop of ten rules; growth with orders.

The peer is what one would write by hand for speed: running sums in dictionaries, ten
comparisons, a reservation added and taken back; no figures kept, nothing explained. Ours runs
every rule of the gate and answers with used, reserved, this, limit and headroom of each.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from bench.harness import Row, at_most, frozen, in_turns
from domain.money import exactly
from domain.orders import Draft, Side
from risk.exposure import claim_of
from risk.gate import judge
from risk.proposal import View
from tests.risk.desks import balances, board, draft, state, view

D = Decimal
ROUNDS = 7
MANY = 10_000
LOOP_FACTOR = 2.5
GROWTH = 1.25


def desk_with(open_orders: int) -> View:
    """A desk that has so many small orders open, and limits that take them."""
    seen = view(
        board(balances(USD="500000000", BTC="5000")),
        max_daily_volume=D(10**12),
        max_position_size={"default": D(10**12)},
        max_open_orders=D(10**6),
        max_identical_orders=D(10**6),
        max_orders_per_second=D(10**6),
    )
    for number in range(open_orders):
        side = Side.BUY if number % 2 else Side.SELL
        wanted = draft(side, "0.01", str(50_000 + number % 5_000))
        seen.exposure.claim(f"open{number}", claim_of(state(wanted, f"open{number}")))
    return seen


def ours(seen: View, wanted: Draft, times: int) -> float:
    """Microseconds for one judgement with its reservation and release."""
    with exactly():
        claim = claim_of(state(wanted, "mine"))
    begin = time.perf_counter()
    for _ in range(times):
        verdict = judge(wanted, seen)
        assert verdict.approved, verdict.reason
        seen.exposure.claim("mine", claim)
        seen.exposure.claim("mine", None)
    return (time.perf_counter() - begin) / times * 1e6


class PlainLoop:
    """Ten rules over running sums, the fastest way to say yes or no in Decimal."""

    def __init__(self) -> None:
        self.armed, self.halted, self.fresh = True, False, True
        self.total = {"USD": D(500_000_000), "BTC": D(5_000)}
        self.reserved = {"USD": D(0), "BTC": D(0)}
        self.incoming = {"USD": D(0), "BTC": D(0)}
        self.open, self.recent = 0, 0
        self.volume, self.working = D(0), D(0)
        self.limit_value, self.limit_volume = D(10**6), D(10**12)
        self.limit_position, self.limit_open = D(10**12), 10**6
        self.middle, self.collar = D(60_000), D("0.05")
        self.tick, self.lot, self.least = D("0.1"), D("0.00001"), D("0.0001")
        self.fee = D("1.0026")

    def passes(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether a buy of BTC/USD would pass all ten."""
        value = quantity * price
        return (
            self.armed
            and not self.halted
            and self.fresh
            and quantity >= self.least
            and not quantity % self.lot
            and not price % self.tick
            and abs(price / self.middle - 1) <= self.collar
            and value <= self.limit_value
            and self.volume + self.working + value <= self.limit_volume
            and value * self.fee <= self.total["USD"] - self.reserved["USD"]
            and (self.total["BTC"] + self.incoming["BTC"] + quantity) * self.middle
            <= self.limit_position
            and self.open < self.limit_open
            and self.recent < self.limit_open
        )

    def reserve(self, quantity: Decimal, price: Decimal, sign: int) -> None:
        """Add (1) or take back (-1) what an order claims."""
        value = quantity * price * sign
        self.working += value
        self.reserved["USD"] += value * self.fee
        self.incoming["BTC"] += quantity * sign
        self.open += sign


def plain(times: int) -> float:
    """Microseconds for the same by hand."""
    loop, quantity, price = PlainLoop(), D("0.1"), D(60_000)
    begin = time.perf_counter()
    for _ in range(times):
        assert loop.passes(quantity, price)
        loop.reserve(quantity, price, 1)
        loop.reserve(quantity, price, -1)
    return (time.perf_counter() - begin) / times * 1e6


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Ours against the loop, and with ten thousand open orders against none."""
    times = 20_000 if full else 4_000
    wanted = replace(draft(), quantity=D("0.1"))
    empty, busy = desk_with(0), desk_with(MANY)
    with frozen():
        mine, loop = in_turns(partial(ours, empty, wanted, times), partial(plain, times), ROUNDS)
        many, none = in_turns(
            partial(ours, busy, wanted, times), partial(ours, empty, wanted, times), ROUNDS
        )
    return [
        _row("judge + reserve + release / plain loop of ten rules", mine, loop, LOOP_FACTOR),
        _row(f"the same with {MANY:,} open orders / with none", many, none, GROWTH),
    ]


def _row(what: str, ours_us: float, peer_us: float, most: float) -> Row:
    told: Callable[[float], str] = "{:.2f} µs".format
    return at_most("1", what, told(ours_us), told(peer_us), ours_us / peer_us, most)
